import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AtConsole, enterConsole } from '../protocol/console-walk.ts'
import type { Reply } from '../protocol/protocol.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { freshDatabase, query } from '../support/database.ts'
import type { Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { until } from './fault-tools.ts'

// The audit log is slow to read, as one of many years on a tired disk, while it is written as quickly as ever: its lists
// sleep while this table has a row. Row security holds for those who are no superuser.
const SLOW = `
  create table slow (since timestamptz);
  create function slowly() returns boolean language plpgsql volatile as $$ begin
    while current_query() like '%from audit_entry a %limit $1%' and exists (select from slow) loop perform pg_sleep(0.05); end loop;
    return true;
  end $$;
  create policy slowly on audit_entry using ((select slowly())) with check (true);
  alter table audit_entry enable row level security, force row level security`

const POOL = 10
/** The share of the connections that administrators have, and how many wait for one of them. */
const [AT_ONCE, WAITING] = [3, 24]

let databaseUrl: string // as the owner of it all
let stage: Stage
let admin: AtConsole

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  await query(databaseUrl, SLOW)
  const role = `app_${randomBytes(8).toString('hex')}`
  await query(
    databaseUrl,
    `do $$ begin execute format('create role ${role} login password ''app'' in role %I', current_user); end $$`,
  )
  const url = Object.assign(new URL(databaseUrl), { username: role, password: 'app' }).href
  stage = await startAdminStage({ env: { DATABASE_URL: url, DATABASE_POOL_SIZE: String(POOL) } })
  admin = await enterConsole(stage, 'ada@fabrikam.example', 'admin')
}, 120_000)
afterAll(() => stage?.stop())

const slow = (on: boolean) => query(databaseUrl, on ? 'insert into slow values (now())' : 'delete from slow')

async function asleep(): Promise<number> {
  const sql =
    "select 1 from pg_stat_activity where datname = current_database() and query like '%from audit_entry a %' and state = 'active' and pid <> pg_backend_pid()"
  return (await query(databaseUrl, sql)).length
}

const told = ({ status, headers }: Pick<Reply | Page, 'status' | 'headers'>) => [status, headers['retry-after']]

test('F-09 slow lists of administrators leave the connections to those who sign in; who asks on top is told when to come again', async () => {
  const token = await machineToken(stage.service)
  const lists: Promise<Reply>[] = []
  const answered: Reply[] = []
  const ask = (count: number) => {
    for (let n = 0; n < count; n++) {
      const list = callApi(stage.service, token, 'GET', `/audit?limit=${n + 1}`)
      lists.push(
        list.then((reply) => {
          answered.push(reply)
          return reply
        }),
      )
    }
  }
  await slow(true)
  try {
    ask(20)
    await until('the share of administrators is taken', async () => (await asleep()) >= AT_ONCE)
    await stage.signIn('meanwhile@fabrikam.example')
    expect(answered).toEqual([]) // so it waited for none of them
    const cut = await Promise.race(lists)
    expect(told(cut)).toEqual([503, expect.stringMatching(/^\d+$/)])

    // Two windows, and a script that keeps asking.
    const pages = [1, 2].map(() => admin.open('/admin/audit'))
    ask(AT_ONCE + WAITING)
    await until('some are turned back', () => answered.some(({ headers }) => headers['retry-after'] === '2'))
    const turnedBack = await admin.open('/admin/audit')
    expect([...told(turnedBack), turnedBack.words]).toEqual([
      503,
      expect.stringMatching(/^\d$/),
      expect.stringContaining('Try again'),
    ])
    expect(await asleep()).toBeLessThanOrEqual(AT_ONCE)
    await stage.signIn('on-top@fabrikam.example')
    await slow(false)

    for (const answer of await Promise.all([...lists, ...pages])) {
      if (answer.status !== 200) expect(told(answer)).toEqual([503, expect.stringMatching(/^\d+$/)])
    }
  } finally {
    await slow(false)
  }
  expect((await callApi(stage.service, token, 'GET', '/audit')).status).toBe(200)
  expect((await admin.open('/admin/audit')).status).toBe(200)
}, 120_000)
