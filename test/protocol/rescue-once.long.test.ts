import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { type Stage, startPairStage } from '../support/stage.ts'

const PEOPLE = 300
const DAY_SECONDS = 86_400
/** The one that dies has told some by then, and has the rest before it. */
const TOLD_FIRST = 40

let stage: Stage & { second: Service }
beforeAll(async () => {
  stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
}, 60_000)
afterAll(() => stage.stop())

const ask = <Row>(sql: string, values: readonly unknown[] = []) => query<Row>(stage.service.databaseUrl, sql, values)
const count = async (kind: string) =>
  Number((await ask<{ n: string }>('select count(*) as n from notice where kind = $1', [kind]))[0]?.n)

/** Both processes look at once. */
async function bothLook(): Promise<void> {
  for (let nth = 0; nth < 2; nth++)
    await ask(`select graphile_worker.add_job('rescues', '{}', queue_name := 'look-' || $1::text)`, [nth])
}

/** People whose rescues are half over in one minute, and open in a day. */
async function peopleWait(): Promise<void> {
  const halfway = `$1::timestamptz + interval '1 minute'`
  await ask(
    `insert into account (id, profile, locale, created_at) select 'p' || n, '{}', 'en', '2020-01-01' from generate_series(1, ${PEOPLE}) n`,
  )
  await ask(
    `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at)
     select 'email', id || '@fabrikam.example', id, created_at, created_at, created_at from account where id like 'p%'`,
  )
  await ask(
    `insert into rescue (id, account_id, client_id, address, device, started_at, halfway_at, opens_at, lapses_at)
     select 'r' || id, id, 'test-app', id || '@fabrikam.example', 'Firefox on Linux', ${halfway} - interval '1 day', ${halfway},
       ${halfway} + interval '1 day', ${halfway} + interval '2 days' from account where id like 'p%'`,
    [new Date(Date.now() + stage.service.clockSeconds * 1000)],
  )
}

/** Each was told once, by one mail that is to go out. */
async function eachOnce(kind: string): Promise<void> {
  const rows = await ask<{ notices: number; messages: number }>(
    `select count(distinct n.id)::int as notices, count(d.id)::int as messages
     from notice n left join delivery d on d.notice_id = n.id where n.kind = $1 group by n.account_id`,
    [kind],
  )
  expect(rows).toHaveLength(PEOPLE)
  expect(rows.filter(({ notices, messages }) => notices !== 1 || messages !== 1)).toEqual([])
}

test('R-118 each is told once over two processes, one of which is killed in the middle of telling, and once after a restart', async () => {
  await peopleWait()
  await stage.service.moveClock(61)
  await stage.second.moveClock(61)
  await bothLook()
  await until('some are told', async () => (await count('rescue_halfway')) >= TOLD_FIRST, 90)
  await stage.second.kill9()
  const left = PEOPLE - (await count('rescue_halfway'))
  expect(left).toBeGreaterThan(0)
  await until('all are told', async () => (await count('rescue_halfway')) >= PEOPLE, 90)
  await bothLook()
  await eachOnce('rescue_halfway')

  // The same for the end of the wait: this time the only one dies, and comes back.
  await stage.service.moveClock(DAY_SECONDS)
  await bothLook()
  await until('some are told', async () => (await count('rescue_open')) >= TOLD_FIRST, 90)
  const again = stage.service.clockSeconds
  await stage.service.kill9()
  expect(await count('rescue_open')).toBeLessThan(PEOPLE)
  await stage.service.restart()
  expect(stage.service.clockSeconds).toBe(again)
  await until('all are told', async () => (await count('rescue_open')) >= PEOPLE, 150)
  await eachOnce('rescue_open')
  await eachOnce('rescue_halfway')
  process.stdout.write(`measured: ${PEOPLE} told twice over two processes; ${left} were left when the first one died\n`)
}, 400_000)
