import { type KeyObject, sign } from 'node:crypto'

/** DER (X.690) of one value: its tag, its length, what is in it. */
export function der(tag: number, ...parts: (Uint8Array | string | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)))
  const { length } = content
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), content])
}

export const SEQUENCE = 0x30
export const OCTETS = 0x04
const [SET, INTEGER, OID, UTF8, BITS, TIME, BOOLEAN] = [0x31, 0x02, 0x06, 0x0c, 0x03, 0x18, 0x01]

/** An object identifier, as `2.5.29.19`. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const base128 = (n: number): number[] => (n < 128 ? [n] : [...base128(n >> 7).map((b) => b | 128), n & 127])
  return der(OID, [first * 40 + second, ...rest.flatMap(base128)])
}

/** One extension of a certificate; `value` is its DER. */
export function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return der(SEQUENCE, oid(id), critical ? der(BOOLEAN, [255]) : [], der(OCTETS, value))
}

/** An authority's certificate says so. */
export const AUTHORITY = extension('2.5.29.19', der(SEQUENCE, der(BOOLEAN, [255])), true)

/** X.509 version 3, valid from 2020 to 2049, signed by ECDSA with SHA-256; as DER. */
export function certificate(of: {
  subject: string
  issuer: string
  publicKey: KeyObject
  signedBy: KeyObject
  extensions: readonly Uint8Array[]
}): Buffer {
  const name = (text: string) => der(SEQUENCE, der(SET, der(SEQUENCE, oid('2.5.4.3'), der(UTF8, text))))
  const algorithm = der(SEQUENCE, oid('1.2.840.10045.4.3.2'))
  const toSign = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, [2])),
    der(INTEGER, [1]),
    algorithm,
    name(of.issuer),
    der(SEQUENCE, der(TIME, '20200101000000Z'), der(TIME, '20491231235959Z')),
    name(of.subject),
    of.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, ...of.extensions)),
  )
  return der(SEQUENCE, toSign, algorithm, der(BITS, [0], sign('sha256', toSign, of.signedBy)))
}
