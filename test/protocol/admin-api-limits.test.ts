import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { callApi, createAdministrator, machineToken, personToken, setRole, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage({ env: { LIMITS: GENEROUS_LIMITS.replace('admin-api:100000/1m', 'admin-api:60/1m') } })
})
afterAll(() => stage.stop())

test('F-09 slow lists of administrators leave the database to those who sign in; who comes on top is turned away', async () => {
  const token = await machineToken(stage.service)
  const lock = new Client({ connectionString: stage.service.databaseUrl })
  await lock.connect()
  try {
    await lock.query('begin; lock table daily_count in access exclusive mode')
    const asked = Array.from({ length: 40 }, () => callApi(stage.service, token, 'GET', '/stats'))
    const first = await Promise.race(asked)
    expect(first).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d$/) } })
    await stage.signIn('meanwhile@example.org')
    await lock.query('rollback')
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200, 503]))
  } finally {
    await lock.end()
  }
})

test('whoever asks too much is asked to wait, and nobody else', async () => {
  const token = await machineToken(stage.service)
  const answers = await Promise.all(Array.from({ length: 70 }, () => callApi(stage.service, token, 'GET', '/keys')))
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(10)
  expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0)
  const ada = await createAdministrator(stage, 'ada@example.org')
  expect(await callApi(stage.service, await personToken(stage, ada), 'GET', '/keys')).toMatchObject({ status: 200 })
})

test('F-09 whoever has a token and no role is counted as well, and leaves no more rows in the trail than that', async () => {
  const eve = await createAdministrator(stage, 'eve@example.org')
  const token = await personToken(stage, eve)
  await setRole(stage.service, eve.address, null)
  const answers = await Promise.all(Array.from({ length: 70 }, () => callApi(stage.service, token, 'GET', '/keys')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403, 429]))
  const refused = `select id from audit_entry where event = 'administrator.refused' and account_id is null and actor_id is null`
  expect((await query(stage.service.databaseUrl, refused)).length).toBeLessThanOrEqual(60)
})
