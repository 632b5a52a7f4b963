import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSweep } from '../../src/store/index.ts'
import { appOf, authorizeUrl, newVerifier } from '../protocol/protocol.ts'
import { closeAll, open, silent } from '../rooms/store-support.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { finish, probe } from './fault-tools.ts'

// Strangers ask as fast as they can, from one network and from many, while one person wants to sign in.

const REQUESTS = 5000
const AT_ONCE = 16
const AUTHORIZE_CAP = 200
const ALL_CAP = 60
const STARTS = 150
const MEGABYTE = 1024 * 1024
const GROWTH_MAX_BYTES = 150 * MEGABYTE
const ANSWER_MS_MAX = 2000

let stage: Stage

beforeAll(async () => {
  stage = await startStage({
    env: {
      TRUSTED_PROXIES: '1',
      LOG_LEVEL: 'error',
      LIMITS: `email:100/15m ip:100/15m client:100000/1m all:${ALL_CAP}/1h authorize-ip:${AUTHORIZE_CAP}/1h`,
    },
  })
})
afterAll(async () => {
  await closeAll()
  await stage.stop()
})

const rows = async (table: string) =>
  Number((await query<{ n: string }>(stage.service.databaseUrl, `select count(*) n from ${table}`))[0]?.n)

function residentBytes(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${stage.service.pid}/status`, 'utf8'))?.[1]) * 1024
}

/** Sends that many requests, some at a time, and counts the answers by status. */
async function flood(count: number, one: (index: number) => Promise<number>): Promise<Record<number, number>> {
  const counted: Record<number, number> = {}
  let next = 0
  const stream = async () => {
    for (let index = next++; index < count; index = next++) {
      const status = await one(index)
      counted[status] = (counted[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, stream))
  return counted
}

const authorizing = (networkOf: (index: number) => string) => {
  const url = authorizeUrl(stage.service, appOf(stage), newVerifier())
  return async (index: number) => (await send(url, { headers: { 'x-forwarded-for': networkOf(index) } })).status
}

/** A person from elsewhere signs in; answers how long the slowest page took, in milliseconds. */
async function personSignsIn(email: string, address: string): Promise<number> {
  const headers = { 'x-forwarded-for': address }
  const visitor = createVisitor(stage.service)
  let slowestMs = 0
  const timed = async <T>(work: Promise<T>): Promise<T> => {
    const began = performance.now()
    const answer = await work
    slowestMs = Math.max(slowestMs, performance.now() - began)
    return answer
  }
  const begun = await timed(visitor.get(await stage.authorizeUrl(visitor), headers))
  const page = await timed(visitor.get(begun.location ?? '', headers))
  const form = formWith(page, 'identifier')
  if (!form) throw new Error(page.words)
  await timed(visitor.post(form.action, { ...form.values, identifier: email }, headers))
  const home = new URL(begun.location ?? '').href
  const end = await finish(stage, { visitor, page, uid: '', home }, email)
  expect(end.status).toBe(200)
  return slowestMs
}

/** A flood, and in the midst of it a person. */
async function floodAndPerson(count: number, one: (index: number) => Promise<number>, email: string, address: string) {
  const before = residentBytes()
  const [statuses, slowestMs] = await Promise.all([flood(count, one), personSignsIn(email, address)])
  expect(slowestMs).toBeLessThan(ANSWER_MS_MAX)
  expect(residentBytes() - before).toBeLessThan(GROWTH_MAX_BYTES)
  expect(await probe(stage.service.env.OPS_PORT as string, '/livez')).toBe(200)
  return statuses
}

describe('a flood', () => {
  test('F-46 of authorization requests from one network: rows end at its limit, the rest is 429, others come in', async () => {
    const before = await rows('oidc_record')
    // The requests come from all over one /64.
    const one = authorizing((index) => `2001:db8:1:2::${index.toString(16)}`)
    const statuses = await floodAndPerson(REQUESTS, one, 'meanwhile@fabrikam.example', '198.51.100.1')
    expect(Object.keys(statuses)).toEqual(['303', '429'])
    // What is under way when the limit is reached still goes through.
    expect(statuses[303]).toBeLessThan(AUTHORIZE_CAP + AT_ONCE)
    expect((await rows('oidc_record')) - before).toBeLessThan(AUTHORIZE_CAP + AT_ONCE + 10)
  })

  test('F-46 from thousands of networks: no failure, memory stays, others come in; an hour later no row is left', async () => {
    const one = authorizing((index) => `2001:db8:${index.toString(16)}::1`)
    const statuses = await floodAndPerson(REQUESTS, one, 'among-many@fabrikam.example', '198.51.100.2')
    expect(statuses).toEqual({ 303: REQUESTS })
    const later = { now: () => new Date(Date.now() + 2 * 3600 * 1000) }
    await createSweep({ db: open(stage.service.databaseUrl), clock: later, log: silent })()
    expect(await rows(`oidc_record where model = 'Interaction'`)).toBe(0)
  })

  test('F-47 of sign-ins of random addresses from everywhere: the cap in all holds for attempts, mails and jobs', async () => {
    const url = authorizeUrl(stage.service, appOf(stage), newVerifier())
    const before = { mails: stage.mailbox.received.length, begun: await rows('challenge'), messages: await rows('delivery') }
    const statuses = await flood(STARTS, async (index) => {
      const headers = { 'x-forwarded-for': `2001:db8:ffff:${index.toString(16)}::1` }
      const visitor = createVisitor(stage.service)
      const begun = await visitor.get(url, headers)
      const page = await visitor.get(begun.location ?? '', headers)
      const form = formWith(page, 'identifier')
      if (!form) return page.status
      return (await visitor.post(form.action, { ...form.values, identifier: `random-${index}@fabrikam.example` }, headers)).status
    })
    const left = ALL_CAP - before.begun
    expect(statuses).toEqual({ 303: left, 429: STARTS - left })
    expect(await rows('delivery')).toBe(before.messages + left)
    expect(await rows('challenge')).toBe(ALL_CAP)
    expect(stage.mailbox.received.length - before.mails).toBeLessThanOrEqual(left)
    expect(await rows('graphile_worker.jobs')).toBeLessThanOrEqual(ALL_CAP + 1)
  })
})
