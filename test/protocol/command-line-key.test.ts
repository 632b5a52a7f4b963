import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { run } from '../rooms/cli-support.ts'
import { ALL_SCOPES, apiOf, startAdminStage } from '../support/admin.ts'
import type { Stage } from '../support/stage.ts'

const KEYS: Readonly<Record<string, KeyObject>> = {
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ed: generateKeyPairSync('ed25519').privateKey,
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
}
const pem = (key: KeyObject) => String(key.export({ type: 'pkcs8', format: 'pem' }))
const jwk = (key: KeyObject) => key.export({ format: 'jwk' })
const publicPart = ({ d, p, q, dp, dq, qi, ...rest }: ReturnType<typeof jwk>) => rest

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage({
    clients: (issuer) =>
      Object.entries(KEYS).map(([name, key]) => ({
        client_id: `by-${name}`,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...publicPart(jwk(key)), kid: 'k1' }] },
        grant_types: ['client_credentials'],
        resources: [apiOf({ issuer })],
        admin_scopes: ALL_SCOPES,
      })),
  })
}, 60_000)
afterAll(() => stage?.stop())

const me = (name: string, text: string) =>
  run(['me', 'show', '--json'], {
    env: { DOORWARD_URL: stage.service.issuer, DOORWARD_CLIENT_ID: `by-${name}`, DOORWARD_CLIENT_KEY_FILE: 'key' },
    files: { key: text },
  })

test.each(Object.keys(KEYS))(
  'R-018, R-177 a machine at the command line proves itself by its key, as a JWK or PEM: %s',
  async (name) => {
    const key = KEYS[name] as KeyObject
    for (const text of [pem(key), JSON.stringify({ ...jwk(key), kid: 'k1' })]) {
      const { code, out, err } = await me(name, text)
      expect([code, err]).toEqual([0, []])
      expect(out.join('')).toContain(`by-${name}`)
    }
  },
)

test('R-018, R-177 another key is refused; what is no private key is told, and nothing of it is shown', async () => {
  expect((await me('ec', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))).code).toBe(4)
  const locked = createPrivateKey(pem(KEYS.ec as KeyObject)).export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  })
  const symmetric = JSON.stringify({ kty: 'oct', k: 'c2VjcmV0LXNlY3JldA', d: 'x' })
  for (const text of [JSON.stringify(publicPart(jwk(KEYS.ec as KeyObject))), String(locked), symmetric, 'no key', '']) {
    const { code, err } = await me('ec', text)
    expect([code, err]).toEqual([2, [expect.stringContaining('holds no private key')]])
  }
})
