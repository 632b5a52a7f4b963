import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose'
import { basic, reply } from '../protocol/protocol.ts'
import { apiOf, callApi, machineToken, ROBOT, startAdminStage, tokenOf } from '../support/admin.ts'
import { send } from '../support/http.ts'
import { type Service, startAnother } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { until } from './fault-tools.ts'

let stage: Stage
/** An instance of the same installation whose keys come from a file. */
let other: Service
let path: string
let keys: { first: JWK; second: JWK; rsa: JWK }

const made = async (alg: string, kid: string): Promise<JWK> => ({
  ...(await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey)),
  kid,
})
const write = (...set: JWK[]) => writeFile(path, JSON.stringify({ keys: set }))

beforeAll(async () => {
  keys = { first: await made('ES256', 'first'), second: await made('ES256', 'second'), rsa: await made('RS256', 'rsa') }
  path = join(await tempFolder('keys'), 'signing-keys.json')
  await write(keys.first, keys.rsa)
  stage = await startAdminStage()
  other = await startAnother(stage.service, { SIGNING_KEYS_FILE: path })
}, 60_000)
afterAll(async () => {
  await other?.stop()
  await stage?.stop()
})

const published = async () => {
  const { text } = await send(`${stage.service.issuer}/jwks`, { via: other })
  return (JSON.parse(text) as { keys: JWK[] }).keys.map(({ kid }) => kid)
}
const kidOf = (token: string) => decodeProtectedHeader(token).kid
/** A token that the other instance signs. */
async function tokenThere(): Promise<string> {
  const body = { grant_type: 'client_credentials', resource: apiOf(stage.service), scope: 'keys:read' }
  const headers = { authorization: basic(ROBOT.id, ROBOT.secret) }
  return tokenOf(reply(await send(`${stage.service.issuer}/token`, { body, headers, via: other })))
}

test('a token of the keys before is still good beside a file, and by the file another one is signed', async () => {
  const own = await machineToken(stage.service)
  expect(await published()).toEqual(['first', 'rsa', kidOf(own), expect.any(String)])
  expect(kidOf(await tokenThere())).toBe('first')
  expect((await callApi(stage.service, own, 'GET', '/me', { via: other })).status).toBe(200)
  expect((await callApi(stage.service, own, 'POST', '/keys/rotate', { body: {}, via: other })).body).toMatchObject({
    status: 409,
    detail: expect.stringContaining('SIGNING_KEYS_FILE'),
  })
  const { items, rotation } = (await callApi(stage.service, own, 'GET', '/keys', { via: other })).body as {
    items: { kid: string; state: string; source: string }[]
    rotation: { source: string }
  }
  expect(rotation.source).toBe('file')
  expect(items.slice(0, 2)).toMatchObject([
    { kid: 'first', state: 'current', source: 'file' },
    { kid: 'rsa', state: 'current', source: 'file' },
  ])
})

test('the file is followed while the service runs, and a wrong one changes nothing', async () => {
  await write(keys.first, keys.rsa, keys.second)
  await until('the second key is published', async () => (await published())[2] === 'second')
  await write(keys.first, keys.second)
  await until('the wrong file is told', () => other.output().includes('keys_file.refused'))
  expect(other.output()).toContain('holds no key for RS256')
  expect((await published()).slice(0, 3)).toEqual(['first', 'rsa', 'second'])
  await write(keys.second, keys.first, keys.rsa)
  await until('the second key comes first', async () => (await published())[0] === 'second')
  expect(kidOf(await tokenThere())).toBe('second')
  for (const key of [keys.first, keys.rsa]) expect(other.output()).not.toContain(String(key.d))
})

test('F-40 a file that is not right refuses the start, and says all that is wrong', async () => {
  await write({ kty: 'oct', k: 'c2VjcmV0' }, { ...keys.first, crv: 'P-384' })
  const refused = await startAnother(stage.service, { SIGNING_KEYS_FILE: path }).then(
    () => '',
    (error: Error) => error.message,
  )
  expect(refused).toContain(`${path}: key 1: is symmetric`)
  expect(refused).toContain(`${path}: key 2: crv must be P-256`)
})
