import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import type { CreationOptions, RequestOptions } from '../../src/factors/index.ts'

/** Where the page stands that asks, and what it or the authenticator may do otherwise than they should. */
export interface Ceremony {
  origin: string
  /** Of the client's data: whatever is given takes the place of what is right. */
  client?: Readonly<Record<string, unknown>>
  rpId?: string
  /** Flags of the authenticator data (WebAuthn L3 §6.1), besides what is attested; user present and verified. */
  flags?: Partial<Flags>
  /** The counter that is signed, in place of the next one. */
  counter?: number
  userHandle?: string | null
  /** Signs with another key. */
  forged?: boolean
}

export interface Flags {
  up: boolean
  uv: boolean
  be: boolean
  bs: boolean
}

const AT = 0x40
const b64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()

type Algorithm = 'ES256' | 'EdDSA' | 'RS256'

/**
 * An authenticator with one passkey, made of node:crypto: it answers what `navigator.credentials` would, as JSON text.
 * `counts`: it has a signature counter; synced ones have none.
 */
export function createSoftwarePasskey(
  of: { algorithm?: Algorithm; counts?: boolean; resident?: boolean; flags?: Partial<Flags>; id?: string } = {},
) {
  const { algorithm = 'ES256', counts = false, resident = true, id = b64(randomBytes(32)) } = of
  const usual: Flags = { up: true, uv: true, be: !counts, bs: !counts, ...of.flags }
  const { privateKey, cose } = keyOf(algorithm)
  let counter = 0
  let userHandle: string | null = null

  function authenticatorData(rpId: string, { flags = {}, counter: signed }: Ceremony, attested: Uint8Array | null): Buffer {
    const { up, uv, be, bs } = { ...usual, ...flags }
    const bits = (up ? 1 : 0) | (uv ? 4 : 0) | (be ? 8 : 0) | (bs ? 16 : 0) | (attested ? AT : 0)
    if (signed === undefined && counts) counter += 1
    const count = Buffer.alloc(4)
    count.writeUInt32BE(signed ?? counter)
    return Buffer.concat([sha256(rpId), Buffer.from([bits]), count, attested ?? Buffer.alloc(0)])
  }

  function clientData(type: string, challenge: string, { origin, client = {} }: Ceremony): string {
    return JSON.stringify({ type, challenge, origin, crossOrigin: false, ...client })
  }

  return {
    id,
    publicKey: createPublicKey(privateKey),
    /** Signs anything, as an authenticator signs what it attests. */
    sign: (bytes: Uint8Array) => sign(algorithm === 'EdDSA' ? null : 'sha256', bytes, privateKey),
    get userHandle() {
      return userHandle
    },

    /** `RegistrationResponseJSON`, without attestation. */
    create(options: CreationOptions, ceremony: Ceremony): string {
      userHandle = options.user.id
      const rawId = Buffer.from(id, 'base64url')
      const length = Buffer.alloc(2)
      length.writeUInt16BE(rawId.length)
      const attested = Buffer.concat([Buffer.alloc(16), length, rawId, isoCBOR.encode(cose)])
      const authData = authenticatorData(ceremony.rpId ?? options.rp.id ?? '', ceremony, attested)
      const attestation = new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', new Uint8Array(authData)],
      ])
      return JSON.stringify({
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: b64(clientData('webauthn.create', options.challenge, ceremony)),
          attestationObject: b64(isoCBOR.encode(attestation as never)),
          transports: ['internal', 'hybrid'],
        },
        clientExtensionResults: { credProps: { rk: resident } },
        authenticatorAttachment: 'platform',
      })
    },

    /** `AuthenticationResponseJSON`. */
    get(options: RequestOptions, ceremony: Ceremony): string {
      const authData = authenticatorData(ceremony.rpId ?? options.rpId ?? '', ceremony, null)
      const json = clientData('webauthn.get', options.challenge, ceremony)
      const signed = Buffer.concat([authData, sha256(json)])
      const key = ceremony.forged ? keyOf(algorithm).privateKey : privateKey
      const handle = ceremony.userHandle === undefined ? (resident ? userHandle : null) : ceremony.userHandle
      return JSON.stringify({
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: b64(json),
          authenticatorData: b64(authData),
          signature: b64(sign(algorithm === 'EdDSA' ? null : 'sha256', signed, key)),
          ...(handle !== null && { userHandle: handle }),
        },
        clientExtensionResults: {},
      })
    },
  }
}

export type SoftwarePasskey = ReturnType<typeof createSoftwarePasskey>

// RFC 9053 §7: key type, algorithm, and the parts of the key by their labels.
function keyOf(algorithm: Algorithm): { privateKey: KeyObject; cose: Map<number, number | Uint8Array> } {
  if (algorithm === 'RS256') {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
    return { privateKey, cose: coseOf([1, 3], [3, -257], [-1, part(n)], [-2, part(e)]) }
  }
  if (algorithm === 'EdDSA') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const { x = '' } = publicKey.export({ format: 'jwk' })
    return { privateKey, cose: coseOf([1, 1], [3, -8], [-1, 6], [-2, part(x)]) }
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return { privateKey, cose: coseOf([1, 2], [3, -7], [-1, 1], [-2, part(x)], [-3, part(y)]) }
}

const part = (base64url: string) => new Uint8Array(Buffer.from(base64url, 'base64url'))

function coseOf(...entries: [number, number | Uint8Array][]): Map<number, number | Uint8Array> {
  return new Map(entries)
}
