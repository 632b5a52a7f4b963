import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { until } from '../faults/fault-tools.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import type { Stage } from '../support/stage.ts'
import { type AtConsole, enterConsole } from './console-walk.ts'
import { appOf, authorizeUrl, newVerifier } from './protocol.ts'

let stage: Stage
let admin: AtConsole

beforeAll(async () => {
  stage = await startAdminStage({ env: { CLOCK_SKEW_MAX: '1d', SESSION_TTL: '3d' } })
  admin = await enterConsole(stage, 'admin@example.org', 'admin')
}, 60_000)
afterAll(() => stage.stop())

const publishedNow = async () => JSON.parse((await send(`${stage.service.issuer}/jwks`)).text) as JSONWebKeySet
const kidOf = (token: string) => decodeProtectedHeader(token).kid
/** What a verifier with this set says of the token, at the moment it was signed. */
const verifies = (token: string, set: JSONWebKeySet) =>
  jwtVerify(token, createLocalJWKSet(set), { currentDate: new Date(Number(decodeJwt(token).iat) * 1000) }).then(
    () => true,
    () => false,
  )
const rotation = async () => {
  const token = await machineToken(stage.service)
  return (await callApi(stage.service, token, 'GET', '/keys')).body.rotation as { waiting_count: number; seen_count: number }
}
/** The job that comes once a minute, now. */
const runJob = () => query(stage.service.databaseUrl, `select graphile_worker.add_job('keys')`)

test('R-045, F-37 keys are exchanged while the service runs: no token is met that a cached set does not know', async () => {
  const before = await publishedNow()
  const first = await machineToken(stage.service)
  await stage.signIn('hint@example.org')
  const hint = stage.relyingParty.last().tokens.id_token ?? ''
  const question = await admin.open('/admin/keys/rotate')
  expect((await admin.press(question, /Publish new keys/)).words).toContain('New keys are published')
  const both = await until('the next keys are published', async () => {
    const set = await publishedNow()
    return set.keys.length === 4 ? set : null
  })
  // Published last, and nothing is signed with it.
  expect(both.keys.slice(0, 2)).toEqual(before.keys)
  expect(kidOf(await machineToken(stage.service))).toBe(kidOf(first))

  // The applications of the stage ask from one network, which has not fetched the keys since every instance has them.
  await stage.moveClock(31)
  await until('it is known who asks for tokens', async () => (await rotation()).waiting_count === 2)
  expect((await admin.open('/admin/keys')).words).toMatch(/0 of 2 active apps have fetched them.*robot/)
  await publishedNow()
  await until('they are seen', async () => (await rotation()).seen_count === 2)
  await stage.moveClock(300)
  await runJob()
  const second = await until('the new key signs', async () => {
    const token = await machineToken(stage.service)
    return kidOf(token) === kidOf(first) ? null : token
  })
  expect(await verifies(second, both)).toBe(true)
  expect(await verifies(second, before)).toBe(false)
  const after = await publishedNow()
  expect(await verifies(first, after)).toBe(true)
  expect((await callApi(stage.service, second, 'GET', '/me')).status).toBe(200)
  // The session lasts for three days, and its ID token is a hint for as long; an hour more for clocks that are wrong.
  const { items } = (await callApi(stage.service, second, 'GET', '/keys')).body as {
    items: { kid: string; retired_at: string; published_until: string }[]
  }
  const old = items.find(({ kid }) => kid === kidOf(first))
  expect(Date.parse(String(old?.published_until)) - Date.parse(String(old?.retired_at))).toBe((3 * 24 + 1) * 3600 * 1000)
  // An ID token of before still says whose session is meant (OpenID Connect Core §3.1.2.1).
  const withHint = authorizeUrl(stage.service, appOf(stage), newVerifier(), { id_token_hint: hint, prompt: 'none' })
  expect((await send(withHint)).headers.location).toContain('error=login_required')
})
