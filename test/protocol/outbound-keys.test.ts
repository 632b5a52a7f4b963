import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { startAdminStage } from '../support/admin.ts'
import { send } from '../support/http.ts'
import type { Stage } from '../support/stage.ts'
import { type Reply, reply } from './protocol.ts'

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

// As many as may fetch from one host at once.
const OTHERS = ['other-1', 'other-2', 'other-3', 'other-4']

let server: Server
let answers: RequestListener
let fetched = 0
let stage: Stage
let mine: { key: PrivateKey; jwk: JWK }
let other: JWK
beforeAll(async () => {
  const keys = await Promise.all([1, 2].map(() => generateKeyPair('ES256')))
  const [own, strange] = await Promise.all(keys.map(async ({ publicKey }) => ({ ...(await exportJWK(publicKey)), use: 'sig' })))
  mine = { key: keys[0]?.privateKey as PrivateKey, jwk: { ...own, kid: 'mine' } as JWK }
  other = { ...strange, kid: 'other' } as JWK
  server = createServer((request, response) => {
    fetched += 1
    answers(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  stage = await startAdminStage({
    clients: ['keys', 'pictured', ...OTHERS].map((client_id) => ({
      client_id,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `http://127.0.0.1:${port}/${client_id}`,
      grant_types: ['client_credentials'],
      ...(client_id === 'pictured' ? { logo_uri: `https://127.0.0.1:${port}/logo.png` } : {}),
    })),
  })
})
beforeEach(() => {
  fetched = 0
})
afterAll(async () => {
  await stage.stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const keysAre =
  (keys: readonly JWK[], headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ keys }))

async function authenticate(id = 'keys'): Promise<Reply> {
  const now = Math.floor(Date.now() / 1000) + stage.service.clockSeconds
  const claims = { iss: id, sub: id, aud: stage.service.issuer, jti: randomUUID(), iat: now, exp: now + 60 }
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'mine' }).sign(mine.key),
  })
  return reply(await send(`${stage.service.issuer}/token`, { body }))
}

const endless: RequestListener = (_request, response) => {
  const more = () => {
    while (!response.destroyed && response.write('[{"'.repeat(20_000)));
  }
  response.writeHead(200, { 'content-type': 'application/json' }).on('drain', more)
  more()
}

test('F-53, R-019 keys that cannot be had let nobody in, and nothing of the answer is repeated', async () => {
  const bad: [string, RequestListener][] = [
    ['an answer without end', endless],
    ['status 500', (_request, response) => void response.writeHead(500).end(JSON.stringify({ keys: [mine.jwk] }))],
    ['a page', (_request, response) => void response.writeHead(200).end('<html>inside-word</html>')],
    ['another place', (_request, response) => void response.writeHead(302, { location: '/keys' }).end()],
    ['the key of somebody else', keysAre([other])],
  ]
  for (const [name, listener] of bad) {
    answers = listener
    const { status, body } = await authenticate()
    expect([name, status >= 400 && status < 500]).toEqual([name, true])
    expect(JSON.stringify(body)).not.toMatch(/inside-word|500|ECONN/)
  }
  await stage.moveClock(61)
  answers = keysAre([mine.jwk])
  expect((await authenticate()).status).toBe(200)
})

test('F-53, R-019 keys are kept as long as their answer says, for a minute at least and a day at most', async () => {
  await stage.moveClock(2 * 86_400)
  answers = keysAre([mine.jwk], { 'cache-control': 'public, max-age=99999999999', expires: 'Tue, 01 Jan 2999 00:00:00 GMT' })
  expect((await authenticate()).status).toBe(200)
  answers = (_request, response) => void response.writeHead(503).end()
  await stage.moveClock(86_000)
  expect((await authenticate()).status).toBe(200)
  expect(fetched).toBe(1)
  await stage.moveClock(500)
  expect((await authenticate()).status).toBeLessThan(500)
  expect((await authenticate()).status).toBeGreaterThanOrEqual(400)
  answers = keysAre([mine.jwk, other])
  expect((await authenticate()).status).toBe(200)
})

test('R-161 a logo is never fetched', async () => {
  answers = keysAre([mine.jwk])
  expect((await authenticate('pictured')).status).toBe(200)
  expect(fetched).toBe(1)
})
