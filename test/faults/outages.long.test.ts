import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { appOf, tokensOf, userinfo } from '../protocol/protocol.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, finish, type OwnPostgres, startOwnPostgres, until } from './fault-tools.ts'

// A PostgreSQL that loses its connections again and again, and one that is away for a while.

const ROUNDS = 20
const PER_SECOND = 200
const POOL = 10
const OUTAGE_SECONDS = 10
const measured: string[] = []

let postgres: OwnPostgres
let stage: Stage

beforeAll(async () => {
  postgres = await startOwnPostgres()
  await migrate({ url: postgres.url, log: createLog('error') })
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, DATABASE_URL: postgres.url, DATABASE_POOL_SIZE: String(POOL) } })
})
afterAll(async () => {
  await stage.stop()
  await postgres.stop()
  for (const words of measured) process.stdout.write(`measured: ${words}\n`)
})

const residentMb = async () =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${stage.service.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
const nowSeconds = () => performance.now() / 1000
const connections = async () =>
  Number(
    (
      await query<{ n: string }>(postgres.url, `select count(*) n from pg_stat_activity where application_name like 'doorward%'`)
    )[0]?.n,
  )

/** So many requests a second, at their own pace whatever the answers; each answer with the moment it came. */
function startPaced(ask: () => Promise<{ status: number }>) {
  const answers: { at: number; status: number }[] = []
  const flying = new Set<Promise<void>>()
  let late = 0
  const began = nowSeconds()
  let sent = 0
  const timer = setInterval(() => {
    for (; sent < (nowSeconds() - began) * PER_SECOND; sent++) {
      if (flying.size > 1000) {
        late++
        continue
      }
      const one = ask()
        .then(
          ({ status }) => status,
          () => 0,
        )
        .then((status) => void answers.push({ at: nowSeconds(), status }))
      flying.add(one)
      void one.finally(() => flying.delete(one))
    }
  }, 5)
  return {
    answers,
    get late() {
      return late
    },
    stop: async () => {
      clearInterval(timer)
      await Promise.all(flying)
      return answers.length / (nowSeconds() - began)
    },
  }
}

describe('a database that comes and goes', () => {
  test('F-05 all connections cut twenty times under 200 requests a second: less than a second of 5xx each, and nothing leaks', async () => {
    const app = appOf(stage)
    const token = (await tokensOf(stage, app, { email: 'cut@fabrikam.example' })).body.access_token
    const authorizing = await stage.authorizeUrl(createVisitor(stage.service))
    let turn = 0
    const load = startPaced(() => (turn++ % 2 ? userinfo(stage.service, token) : send(authorizing)))
    await until('load is on', () => load.answers.length > PER_SECOND)
    const before = { memory: await residentMb(), connections: await connections() }
    const outages: number[] = []
    let failed = 0
    let half = 0
    for (let round = 0; round < ROUNDS; round++) {
      if (round === ROUNDS / 2) half = await residentMb()
      const cut = nowSeconds()
      const all = `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'doorward%' and pid <> pg_backend_pid()`
      await query(postgres.url, all)
      // The next round begins when a whole second has been well.
      await until('a second without a failure', () => {
        const bad = load.answers.filter(({ at, status }) => at > cut && (status >= 500 || status === 0))
        return nowSeconds() - Math.max(cut, bad.at(-1)?.at ?? 0) > 1
      })
      const bad = load.answers.filter(({ at, status }) => at > cut && (status >= 500 || status === 0))
      outages.push(bad.length > 0 ? (bad.at(-1)?.at ?? cut) - cut : 0)
      failed += bad.length
      expect(new Set(bad.map(({ status }) => status))).toEqual(new Set(bad.length > 0 ? [503] : []))
    }
    const rate = await load.stop()
    const worst = Math.max(...outages)
    const after = { memory: await residentMb(), connections: await connections() }
    measured.push(
      `${ROUNDS} × all connections cut at ${rate.toFixed(0)} requests/s: 5xx for ${(worst * 1000).toFixed(0)} ms at most, ${failed} of ${load.answers.length} requests; connections ${before.connections} → ${after.connections}, memory ${before.memory.toFixed(0)} → ${half.toFixed(0)} → ${after.memory.toFixed(0)} MB`,
    )
    expect(worst).toBeLessThan(1)
    expect(load.late).toBe(0)
    expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200, 303, 503]))
    expect(after.connections).toBeLessThanOrEqual(POOL + 9) // pool, queue, presence, notices
    expect(after.memory).toBeLessThan(512) // S-6; a young process grows to what its load takes
    expect(after.memory - half).toBeLessThan(60)
    const walk = await ask(stage, 'after-cuts@fabrikam.example')
    expect((await finish(stage, walk, 'after-cuts@fabrikam.example')).status).toBe(200)
  }, 240_000)

  test('S-3 the database is away for ten seconds: sign-ins, their mails too, resume within five seconds after', async () => {
    const walk = await ask(stage, 'before@fabrikam.example')
    const { code } = await stage.mailbox.next('before@fabrikam.example')
    expect(code).toBeTruthy()
    const { pid } = stage.service
    let turn = 0
    const authorizing = await stage.authorizeUrl(createVisitor(stage.service))
    const load = startPaced(() => (turn++ % 20 ? send(`${stage.service.issuer}/jwks`) : send(authorizing)))
    await until('load is on', () => load.answers.length > PER_SECOND)
    await postgres.down()
    const down = nowSeconds()
    await until('ten seconds have passed', () => nowSeconds() - down > OUTAGE_SECONDS)
    await postgres.up()
    const up = nowSeconds()
    const page = await until('a code is taken', async () => {
      const opened = await walk.visitor.open(walk.home)
      return opened.status === 200 ? opened : null
    })
    expect(page.words).not.toMatch(/not right|wrong/i)
    const fresh = await until('a sign-in begins', () => ask(stage, 'resumed@fabrikam.example').catch(() => null))
    expect((await finish(stage, fresh, 'resumed@fabrikam.example')).status).toBe(200)
    const seconds = nowSeconds() - up
    await load.stop()
    const statuses = Object.entries(Object.groupBy(load.answers, ({ status }) => String(status))).map(
      ([status, all]) => `${all?.length} × ${status}`,
    )
    measured.push(
      `database away for ${OUTAGE_SECONDS} s: a whole sign-in, begun after it, had ended ${seconds.toFixed(2)} s after it was back; meanwhile ${statuses.join(', ')}`,
    )
    expect(seconds).toBeLessThan(5)
    expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200, 303, 503]))
    expect(stage.service.pid).toBe(pid)
    expect(stage.service.running).toBe(true)
  }, 120_000)
})
