import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { until } from '../faults/fault-tools.ts'
import { callApi, machineToken, setRole, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import type { Stage } from '../support/stage.ts'
import type { Reply } from './protocol.ts'

const POOL = 10
/** What administrators have of it. */
const SHARE = 3
/** What is read of one person, and by nobody who signs in with one factor. */
const SLOW = 'remembered_device, account_session'

let stage: Stage
let token: string
let person: string

beforeAll(async () => {
  stage = await startAdminStage({ env: { DATABASE_POOL_SIZE: String(POOL) } })
  await stage.signIn('maria@example.org')
  person = await setRole(stage.service, 'maria@example.org', null)
  token = await machineToken(stage.service)
}, 60_000)
afterAll(() => stage?.stop())

async function waiting(): Promise<number> {
  const sql = `select 1 from pg_stat_activity
    where datname = current_database() and application_name = 'doorward' and wait_event_type = 'Lock'`
  return (await query(stage.service.databaseUrl, sql)).length
}

test('F-09 however many statements one thing that administrators look at takes, they have their share of connections and no more', async () => {
  const holder = new Client({ connectionString: stage.service.databaseUrl })
  await holder.connect()
  let asked: Promise<Reply>[]
  try {
    await holder.query(`begin; lock table ${SLOW} in access exclusive mode`)
    asked = Array.from({ length: 20 }, () => callApi(stage.service, token, 'GET', `/accounts/${person}`))
    await until('their share is taken', async () => (await waiting()) >= SHARE)
    await stage.signIn('maria@example.org')
    await machineToken(stage.service)
    await until('their share is taken, as before', async () => (await waiting()) >= SHARE)
    expect(await waiting()).toBeLessThanOrEqual(SHARE)
  } finally {
    await holder.end()
  }
  for (const { status, headers } of await Promise.all(asked)) {
    if (status !== 200) expect([status, headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)])
  }
  expect((await callApi(stage.service, token, 'GET', `/accounts/${person}`)).status).toBe(200)
}, 30_000)
