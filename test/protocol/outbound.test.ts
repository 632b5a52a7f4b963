import { randomUUID } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generateKeyPair, SignJWT } from 'jose'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { reply } from './protocol.ts'

// Ways to write an address of this machine or of an internal network; the port is that of the canary.
const HOSTS = [
  '127.0.0.1',
  '[::1]',
  'localhost',
  '[::ffff:7f00:1]',
  '0.0.0.0',
  '169.254.169.254',
  '10.0.0.1',
  '[64:ff9b::7f00:1]',
]

let canary: Server
let bytes = 0
const sockets = new Set<Socket>()
let stage: Stage

beforeAll(async () => {
  canary = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      bytes += chunk.length
      socket.destroy()
    })
  })
  await new Promise<void>((resolve) => canary.listen(0, '::', resolve))
  const { port } = canary.address() as AddressInfo
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: HOSTS.map((host, at) => ({
      client_id: `keys-at-${at}`,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `https://${host}:${port}/jwks`,
      grant_types: ['client_credentials'],
    })),
  })
})
afterAll(async () => {
  await stage.stop()
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => canary.close(resolve))
})

test('R-160, F-53 a key address inside never receives a byte, and the client proves nothing by it', async () => {
  const { privateKey } = await generateKeyPair('ES256')
  for (const [at, host] of HOSTS.entries()) {
    const id = `keys-at-${at}`
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: id, sub: id, aud: stage.service.issuer, jti: randomUUID(), iat: now, exp: now + 60 }
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey),
    })
    const answer = reply(await send(`${stage.service.issuer}/token`, { body }))
    expect({ host, status: answer.status }).toEqual({ host, status: expect.any(Number) })
    expect({ host, under500: answer.status < 500 }).toEqual({ host, under500: true })
    expect(JSON.stringify(answer.body)).not.toMatch(/ECONN|EHOST|ENET|127\.|canary|self-signed/)
  }
  expect(bytes).toBe(0)
})
