import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { enterConsole } from '../protocol/console-walk.ts'
import { appOf } from '../protocol/protocol.ts'
import { startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { type Service, startAnother } from '../support/service.ts'
import type { Stage } from '../support/stage.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { probe, until } from './fault-tools.ts'
import { startLoad } from './load.ts'

// Three instances behind a balancer that looks at /readyz and never tries again: one after the other is replaced.

const DELAY_SECONDS = 3
/** With a generous share of a request that is under way when the signal comes. */
const UPLOAD_MS = 4500
const UPLOAD_PARTS = 10
/** After which the balancer gives a request up. */
const ANSWER_MS_MAX = 20_000
const SLEEP_MS = 60_000

let stage: Stage
let running: Service[]
let balancer: Balancer

beforeAll(async () => {
  stage = await startAdminStage({ env: { SHUTDOWN_DELAY: `${DELAY_SECONDS}s` } })
}, 120_000)
afterAll(async () => {
  await balancer?.stop()
  await Promise.all((running ?? []).map((service) => service.stop()))
  await stage?.stop()
})

async function another(): Promise<Service> {
  const service = await startAnother(stage.service)
  await service.moveClock(stage.service.clockSeconds)
  return service
}

/** A form that comes in slowly, on its way to this very instance; answers the status. */
async function slowly(service: Service, email: string): Promise<() => Promise<number>> {
  const visitor = createVisitor(service)
  const page = await visitor.open(await stage.authorizeUrl(visitor))
  const form = formWith(page, 'identifier')
  if (!form) throw new Error(page.words)
  const body = new URLSearchParams({ ...form.values, identifier: email }).toString()
  const { host, pathname } = new URL(form.action)
  const headers = {
    host,
    cookie: visitor.jar.header(form.action) ?? '',
    origin: stage.service.issuer,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  }
  const answered = new Promise<number>((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port: service.port, method: 'POST', path: pathname, headers, agent: false })
    outgoing.on('response', (incoming) => {
      incoming.resume()
      resolve(incoming.statusCode ?? 0)
    })
    outgoing.on('error', () => resolve(-1))
    const size = Math.ceil(body.length / UPLOAD_PARTS)
    const next = (at: number) => {
      if (at >= body.length) return void outgoing.end()
      outgoing.write(body.slice(at, at + size))
      setTimeout(() => next(at + size), UPLOAD_MS / UPLOAD_PARTS)
    }
    next(0)
  })
  return () => answered
}

/** An export that is being read; `rest` takes what is left and answers how many rows there were. */
async function exporting(service: Service, cookie: string): Promise<() => Promise<number>> {
  const url = `http://127.0.0.1:${service.port}/admin/audit/export?client=wide`
  const answer = await fetch(url, { headers: { cookie, host: new URL(stage.service.issuer).host } })
  const reader = answer.body?.getReader()
  const chunks: Uint8Array[] = []
  const first = await reader?.read()
  if (first?.value) chunks.push(first.value)
  return async () => {
    for (;;) {
      const part = await reader?.read()
      if (part?.value) chunks.push(part.value)
      if (part?.done !== false) return Buffer.concat(chunks).toString('utf8').trimEnd().split('\n').length
    }
  }
}

describe('a new version', () => {
  test('F-20, S-7 three instances are replaced one after the other under load: no request fails', async () => {
    const auditor = await enterConsole(stage, 'ida@fabrikam.example', 'auditor')
    const rows = 8000
    await query(
      stage.service.databaseUrl,
      `insert into audit_entry (at, event, client_id, detail)
       select now(), 'client.changed', 'wide', jsonb_build_object('change', repeat('x', 1000)) from generate_series(1, $1) n`,
      [rows],
    )
    const consoleCookie = auditor.visitor.jar.header(`${stage.service.issuer}/admin/audit/export`) ?? ''
    const olds = [stage.service, await another(), await another()]
    const fresh = [await another(), await another(), await another()]
    running = [...olds, ...fresh]
    balancer = await startBalancer(olds, { answerMsMax: ANSWER_MS_MAX })
    const load = await startLoad(stage, appOf(stage), balancer)
    await until('load is on', () => (load.done['sign-in'] ?? 0) >= 3)

    const stops: number[] = []
    for (const [index, old] of olds.entries()) {
      balancer.add(fresh[index] as Service)
      // What is under way at this very instance when the signal comes: a form, a file, and a mail that is being sent.
      const upload = await slowly(old, `slow-${old.port}@fabrikam.example`)
      const rest = await exporting(old, consoleCookie)
      const began = performance.now()
      const ended = old.stop('SIGTERM')
      await until('it is not ready', async () => (await probe(old.env.OPS_PORT as string, '/readyz')) === 503, 5)
      await until('nothing is led there', () => !balancer.leadsTo(old), 5)
      expect(await rest()).toBe(rows)
      expect(await upload()).toBe(303)
      expect(await ended).toBe(0)
      stops.push(performance.now() - began)
      expect(old.output()).not.toMatch(/"level":"(error|fatal)"/)
      balancer.remove(old)
    }
    await load.stop()
    expect([balancer.failures, load.wrong]).toEqual([[], []])
    expect([...balancer.answered.values()].every((count) => count > 20)).toBe(true)
    const answered = [...balancer.answered.values()].reduce((sum, count) => sum + count, 0)
    process.stdout.write(
      `F-20: ${answered} requests over ${balancer.answered.size} instances, 0 failed; ${JSON.stringify(load.done)}; stops of ${stops.map((ms) => Math.round(ms)).join(', ')} ms\n`,
    )
  }, 240_000)

  test('F-21 one of three sleeps for a minute: a request of each client fails at most, then none; awake, it serves again', async () => {
    const [sleeper] = running.filter((service) => balancer.leadsTo(service))
    if (!sleeper) throw new Error('nobody serves')
    const load = await startLoad(stage, appOf(stage), balancer, { prefix: 'sleep', refreshes: false })
    await until('load is on', () => (load.done['sign-in'] ?? 0) >= 2)
    process.kill(sleeper.pid, 'SIGSTOP')
    const slept = performance.now()
    try {
      await until('nothing is led there', () => !balancer.leadsTo(sleeper), 15)
      await until('the minute is over', () => performance.now() - slept > SLEEP_MS, 90)
    } finally {
      process.kill(sleeper.pid, 'SIGCONT')
    }
    const before = balancer.answered.get(sleeper.port) ?? 0
    await until('it serves again', () => (balancer.answered.get(sleeper.port) ?? 0) > before + 10)
    await load.stop()
    const answered = Object.values(load.done).reduce((sum, count) => sum + count, 0)
    process.stdout.write(`F-21: ${answered} done, ${load.wrong.length} failed; ${JSON.stringify(load.done)}\n`)
    expect(balancer.failures.every((failure) => failure.includes(`at ${sleeper.port}`))).toBe(true)
    expect(load.wrong.length).toBeLessThanOrEqual(5)
    expect(sleeper.output()).not.toMatch(/"level":"(error|fatal)"/)
  }, 240_000)
})
