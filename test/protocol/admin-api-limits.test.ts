import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { callApi, createAdministrator, machineToken, personToken, startAdminStage } from '../support/admin.ts'
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
    expect(first).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
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
