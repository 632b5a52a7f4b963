import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { until } from '../faults/fault-tools.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { send } from '../support/http.ts'
import type { Stage } from '../support/stage.ts'
import { type Reply, reply } from './protocol.ts'

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

// As many as may fetch from one host at once.
const OTHERS = ['other-1', 'other-2', 'other-3', 'other-4']

let server: Server
let answers: RequestListener
let stage: Stage
let mine: { key: PrivateKey; jwk: JWK }
beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  mine = { key: privateKey, jwk: { ...(await exportJWK(publicKey)), use: 'sig', kid: 'mine' } }
  server = createServer((request, response) => answers(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  stage = await startAdminStage({
    clients: ['keys', ...OTHERS].map((client_id) => ({
      client_id,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `http://127.0.0.1:${port}/${client_id}`,
      grant_types: ['client_credentials'],
    })),
  })
})
afterAll(async () => {
  await stage.stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const keysAre =
  (keys: readonly JWK[]): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))

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

test('R-160 whoever administers an application sees that its keys cannot be had, and is told once', async () => {
  await stage.moveClock(2 * 86_400)
  const token = await machineToken(stage.service)
  const get = async (path: string) => (await callApi(stage.service, token, 'GET', path)).body
  answers = (_request, response) => void response.writeHead(418).end()
  const contact = (failures: number) =>
    until(`${failures} failures are told`, async () => {
      const [one] = ((await get('/clients/keys')).contacts ?? []) as Record<string, unknown>[]
      return one?.failures === failures ? one : null
    })
  const eventsOf = async (event: string) => ((await get(`/audit?event=${event}`)) as { items: unknown[] }).items.length
  for (let tries = 0; tries < 4; tries++) await authenticate()
  await contact(4)
  expect(await eventsOf('client.unreachable')).toBe(0) // four in a row may be a restart
  for (let tries = 0; tries < 2; tries++) await authenticate()
  expect(await contact(6)).toMatchObject({ purpose: 'jwks', reason: 'status_418', failed_at: expect.any(String) })
  const held: ServerResponse[] = []
  answers = (_request, response) => void held.push(response)
  const others = OTHERS.map((id) => authenticate(id))
  await until('all places for this host are taken', async () => held.length === OTHERS.length || null)
  expect((await authenticate()).status).toBeGreaterThanOrEqual(400)
  answers = (_request, response) => void response.writeHead(418).end()
  for (const response of held) response.writeHead(418).end()
  await Promise.all(others)
  await authenticate()
  expect(await contact(7)).toMatchObject({ reason: 'status_418' }) // that there was no place says nothing of the application
  answers = keysAre([mine.jwk])
  expect((await authenticate()).status).toBe(200)
  expect(await contact(0)).toMatchObject({ purpose: 'jwks', last_ok_at: expect.any(String) })
  expect([await eventsOf('client.unreachable'), await eventsOf('client.reachable')]).toEqual([1, 1])
})
