import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { enterConsole } from '../protocol/console-walk.ts'
import { appOf, authorize, redeem, refresh, userinfo } from '../protocol/protocol.ts'
import { startAdminStage } from '../support/admin.ts'
import { emptyDatabase, freshDatabase, query } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import type { Stage } from '../support/stage.ts'
import { launch, probe, until } from './fault-tools.ts'
import { type Pooler, pgbouncer, startPooler } from './pooler.ts'
import { describeWith } from './system-postgres.ts'

// A real PgBouncer in transaction mode: three sessions of the server for all connections of the service, so that one
// transaction and the next one of a connection seldom meet the same session.

describeWith(pgbouncer, 'PgBouncer', 'a pooler in transaction mode', () => {
  let pooler: Pooler
  let stage: Stage
  let databaseUrl: string

  beforeAll(async () => {
    databaseUrl = await freshDatabase()
    pooler = await startPooler(databaseUrl, 'transaction')
    const env = { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: databaseUrl, WORKER_CONCURRENCY: '4' }
    stage = await startAdminStage({ env })
  })
  afterAll(async () => {
    await stage?.stop()
    await pooler?.stop()
  })

  test('F-58 many people at once sign in, refresh and are looked up, and nothing fails', async () => {
    const app = appOf(stage)
    const people = Array.from({ length: 24 }, (_, index) => `pooled-${index}@fabrikam.example`)
    const replies = await Promise.all(
      people.map(async (email) => {
        const issued = await authorize(stage, app, { email })
        const first = await redeem(stage.service, app, issued)
        const second = await refresh(stage.service, app, first.body.refresh_token)
        const claims = await userinfo(stage.service, second.body.access_token)
        return [first.status, second.status, claims.status, claims.body.email]
      }),
    )
    expect(replies).toEqual(people.map((email) => [200, 200, 200, email]))
    expect(stage.service.output()).not.toMatch(/prepared statement|"level":"(error|fatal)"/)
    expect(stage.service.output()).toContain('reached through a pooler')
  }, 120_000)

  test('F-58 the console is entered, and lists what there is', async () => {
    const { visitor } = await enterConsole(stage, 'admin@fabrikam.example', 'admin')
    for (const path of ['', '/people', '/clients', '/messages'])
      expect((await visitor.open(`${stage.service.issuer}/admin${path}`)).status).toBe(200)
  }, 120_000)

  test('F-58 a code is used once, however many try at once', async () => {
    const app = appOf(stage)
    const issued = await authorize(stage, app, { email: 'once@fabrikam.example' })
    const replies = await Promise.all(Array.from({ length: 20 }, () => redeem(stage.service, app, issued)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(replies.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(19)
  }, 60_000)

  test('F-58, F-10 every statement has its time-outs, in whatever session it lands, and leaves none behind', async () => {
    const app = appOf(stage)
    const issued = await authorize(stage, app, { email: 'waits@fabrikam.example' })
    const holder = new Client({ connectionString: databaseUrl })
    await holder.connect()
    await holder.query('begin; lock table oidc_record in exclusive mode')
    const began = performance.now()
    const late = await redeem(stage.service, app, issued)
    expect(late.status).toBe(503)
    expect(performance.now() - began).toBeLessThan(4000) // lock_timeout is two seconds
    await holder.query('rollback')
    await holder.end()
    expect((await redeem(stage.service, app, issued)).status).toBe(200)
    const others = await Promise.all(
      Array.from({ length: 3 }, () =>
        query<{ t: string }>(pooler.url, `select current_setting('statement_timeout') t, pg_sleep(0.1)`),
      ),
    )
    expect(new Set(others.map(([row]) => row?.t))).toEqual(new Set(['0']))
  }, 60_000)

  test('F-58 without a direct address it refuses to start, in one line', async () => {
    const [port] = await freePorts(3)
    const { DATABASE_DIRECT_URL: _, ...env } = stage.service.env
    const started = launch({ ...env, PORT: String(port), OPS_PORT: String(port + 2) })
    expect(await started.ended).toBe(1)
    const lines = started.output().trim().split('\n')
    expect(lines.filter((line) => !line.startsWith('{'))).toEqual([expect.stringContaining('set DATABASE_DIRECT_URL')])
  })

  test('F-58 so do migrations, before they change anything', async () => {
    const empty = await emptyDatabase()
    const before = await startPooler(empty, 'transaction')
    try {
      await expect(migrate({ url: before.url, log: createLog('silent') })).rejects.toThrow('DATABASE_DIRECT_URL')
      expect(await query(empty, `select from pg_tables where schemaname = 'public'`)).toEqual([])
    } finally {
      await before.stop()
    }
  })

  test('F-58 a pooler in session mode is as good as none', async () => {
    const url = await freshDatabase()
    const sessions = await startPooler(url, 'session', 30)
    const [port] = await freePorts(3)
    const { DATABASE_DIRECT_URL: _, ...env } = stage.service.env
    const started = launch({ ...env, DATABASE_URL: sessions.url, PORT: String(port), OPS_PORT: String(port + 2) })
    try {
      await until('it is ready', async () => (await probe(port + 2, '/readyz')) === 200 || !started.running())
      expect(started.running() ? '' : started.output()).toBe('')
    } finally {
      started.signal('SIGTERM')
      await started.ended
      await sessions.stop()
    }
  })
})
