import { createHash, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { decodeAttestationObject, isoCBOR } from '@simplewebauthn/server/helpers'
import { createPasskeyFactor } from '../../src/factors/index.ts'
import { AUTHORITY, certificate, der, extension, OCTETS, SEQUENCE } from '../support/certificates.ts'
import { createSoftwarePasskey } from '../support/software-passkey.ts'

const origin = 'https://id.example.com'
const factor = createPasskeyFactor({ domain: 'id.example.com', origins: [origin], name: 'Example' })
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

test('R-111 what a new passkey attests is not judged, and makes the service ask nobody anything', async () => {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const list = `http://127.0.0.1:${(server.address() as AddressInfo).port}/revoked`

  // As whoever makes their own authority would: its certificates name an address inside, to be asked who is revoked.
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const passkey = createSoftwarePasskey()
  const options = await factor.creationOptions({
    challenge: 'A'.repeat(43),
    userHandle: 'AAAA',
    userName: 'maria',
    userDisplayName: 'maria',
    exclude: [],
  })
  const made = JSON.parse(passkey.create(options, { origin }))
  const clientDataHash = sha256(Buffer.from(made.response.clientDataJSON, 'base64url'))
  const authData = decodeAttestationObject(Buffer.from(made.response.attestationObject, 'base64url') as never).get('authData')
  const described = der(
    SEQUENCE,
    ...[der(2, [3]), der(10, [1]), der(2, [4]), der(10, [1]), der(OCTETS, clientDataHash), der(OCTETS, [0])],
    ...[der(SEQUENCE), der(SEQUENCE)],
  )
  const distribution = der(SEQUENCE, der(SEQUENCE, der(0xa0, der(0xa0, der(0x86, list)))))
  const root = certificate({
    ...{ subject: 'authority', issuer: 'authority', publicKey: authority.publicKey, signedBy: authority.privateKey },
    extensions: [AUTHORITY],
  })
  const leaf = certificate({
    ...{ subject: 'phone', issuer: 'authority', publicKey: passkey.publicKey, signedBy: authority.privateKey },
    extensions: [extension('1.3.6.1.4.1.11129.2.1.17', described), extension('2.5.29.31', distribution)],
  })
  const statement = new Map<string, unknown>([
    ['alg', -7],
    ['sig', new Uint8Array(passkey.sign(Buffer.concat([authData, clientDataHash])))],
    ['x5c', [new Uint8Array(leaf), new Uint8Array(root)]],
  ])
  const attested = (fmt: string, attStmt: unknown) => {
    const object = new Map<string, unknown>([
      ['fmt', fmt],
      ['attStmt', attStmt],
      ['authData', authData],
    ])
    const attestationObject = Buffer.from(isoCBOR.encode(object as never)).toString('base64url')
    return JSON.stringify({ ...made, response: { ...made.response, attestationObject } })
  }
  const verified = (json: string) => {
    const read = factor.readRegistration(json)
    return read && factor.verifyRegistration(read, 'AAAA')
  }
  try {
    const plain = await verified(JSON.stringify(made))
    expect(plain).toMatchObject({ externalId: passkey.id })
    expect(await verified(attested('android-key', statement))).toEqual(plain)
    expect(await verified(attested('packed', statement))).toEqual(plain)
    expect(await verified(attested('of no known kind', 'nothing of it'))).toEqual(plain)
    expect(asked).toEqual([])
  } finally {
    server.close()
  }
})
