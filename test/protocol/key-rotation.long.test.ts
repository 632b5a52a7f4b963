import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import { until } from '../faults/fault-tools.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { send } from '../support/http.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole } from './console-walk.ts'

let stage: Stage
let admin: AtConsole

beforeAll(async () => {
  stage = await startAdminStage({ env: { CLOCK_SKEW_MAX: '1d', SESSION_TTL: '3d' } })
  admin = await enterConsole(stage, 'admin@example.org', 'admin')
}, 60_000)
afterAll(() => stage.stop())

const publishedNow = async () => JSON.parse((await send(`${stage.service.issuer}/jwks`)).text) as JSONWebKeySet
/** What a verifier with this set says of the token, at the moment it was signed. */
const verifies = (token: string, set: JSONWebKeySet) =>
  jwtVerify(token, createLocalJWKSet(set), { currentDate: new Date(Number(decodeJwt(token).iat) * 1000) }).then(
    () => true,
    () => false,
  )

const KEPT = 'public, max-age=300'
const PUBLISHED = ['/jwks', '/.well-known/openid-configuration']
const cachingOf = async (path: string) => (await send(`${stage.service.issuer}${path}`)).headers['cache-control']

test.each(PUBLISHED)('S-4, F-37 caches may keep %s for five minutes, and not when a key may be missing in it', async (path) => {
  await until('the keys were looked at', async () => (await cachingOf(path)) === KEPT)
  // For so long the keys were not compared with what is stored, until they are looked at the next time.
  const stale = await until('the answer is kept by nobody', async () => {
    await stage.moveClock(30)
    const caching = await cachingOf(path)
    return caching === KEPT ? null : caching
  })
  expect(stale).toBe('no-cache')
  await until('they are looked at again', async () => (await cachingOf(path)) === KEPT)
})

test('after a leak the old keys are published no more and open nothing, and new ones sign at once', async () => {
  const leaked = await machineToken(stage.service)
  const before = await publishedNow()
  const { status, body } = await callApi(stage.service, leaked, 'POST', '/keys/rotate', { body: { compromised: true } })
  expect([status, body]).toMatchObject([200, { published: [{ state: 'current' }, { state: 'current' }], activate_by: null }])
  const after = await until('the old ones are gone', async () => {
    const set = await publishedNow()
    return set.keys.some(({ kid }) => before.keys.some((old) => old.kid === kid)) ? null : set
  })
  expect(after.keys).toHaveLength(2)
  expect((await callApi(stage.service, leaked, 'GET', '/me')).status).toBe(401)
  const fresh = await machineToken(stage.service)
  expect(await verifies(fresh, after)).toBe(true)
  expect((await callApi(stage.service, fresh, 'GET', '/me')).status).toBe(200)
  // Whoever is signed in stays so.
  expect((await admin.open('/admin/keys')).status).toBe(200)
})
