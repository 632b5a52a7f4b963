import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addSeconds, type Clock, createLog, createMetrics, createSecrets, Refusal } from '../../src/base/index.ts'
import { DEFAULT_LIMITS, type LimitName } from '../../src/config/index.ts'
import { createGuesses, createLimits, type LimitStore, type Limits } from '../../src/limits/index.ts'
import { type Database, openDatabase, runIn } from '../../src/store/database.ts'
import { createGuessStore, createLimitStore } from '../../src/store/limits.ts'
import { freshDatabase, query } from '../support/database.ts'

const log = createLog('silent')
const secrets = createSecrets(['a secret of at least thirty-two characters'])
const begin = new Date('2030-01-01T00:00:00.000Z')

let url: string
let one: Database
let two: Database

beforeAll(async () => {
  url = await freshDatabase()
  one = await open(url)
  two = await open(url)
})

afterAll(async () => {
  await Promise.all([one, two].map((db) => db.close()))
})

async function open(databaseUrl: string): Promise<Database> {
  return openDatabase({
    url: databaseUrl,
    poolSize: 10,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 500,
    idleInTransactionTimeoutMs: 5000,
    log,
    metrics: createMetrics(),
    clock: movable(),
  })
}

function movable(): Clock & { move(seconds: number): void } {
  let at = begin
  return {
    now: () => at,
    move: (seconds) => {
      at = addSeconds(at, seconds)
    },
  }
}

function limitsOn(db: Database, clock: Clock, own: Partial<Record<LimitName, [number, number]>>, store?: LimitStore): Limits {
  const limits = Object.fromEntries(
    (Object.keys(DEFAULT_LIMITS) as LimitName[]).map((name) => {
      const [count, windowSeconds] = own[name] ?? [1_000_000, 60]
      return [name, { count, windowSeconds }]
    }),
  ) as Record<LimitName, { count: number; windowSeconds: number }>
  return createLimits({ store: store ?? createLimitStore(db), secrets, clock, log, metrics: createMetrics(), limits })
}

function subject(): string {
  return randomBytes(8).toString('hex')
}

describe('limits', () => {
  test('R-152 the last of the count is served and the next is refused until the window ends', async () => {
    const clock = movable()
    const limits = limitsOn(one, clock, { email: [5, 900] })
    const request = [{ limit: 'email' as const, subject: subject() }]
    for (let hit = 0; hit < 5; hit++) expect(await limits.take(request)).toEqual({ ok: true })
    expect(await limits.take(request)).toEqual({ ok: false, limit: 'email', retryAfterSeconds: 900 })
    clock.move(899.5)
    expect(await limits.take(request)).toEqual({ ok: false, limit: 'email', retryAfterSeconds: 1 })
    clock.move(0.5)
    expect(await limits.take(request)).toEqual({ ok: true })
    clock.move(899)
    for (let hit = 0; hit < 4; hit++) expect(await limits.take(request)).toEqual({ ok: true })
    expect(await limits.take(request)).toMatchObject({ ok: false, retryAfterSeconds: 1 })
  })

  test('R-155 a request over several limits is told the longest wait', async () => {
    const clock = movable()
    const limits = limitsOn(one, clock, { email: [1, 60], 'email-day': [1, 86_400], ip: [9, 60] })
    const who = subject()
    const requests = (['ip', 'email', 'email-day'] as const).map((limit) => ({ limit, subject: who }))
    expect(await limits.take(requests)).toEqual({ ok: true })
    expect(await limits.take(requests)).toEqual({ ok: false, limit: 'email-day', retryAfterSeconds: 86_400 })
  })

  test('a refused request uses up nobody else’s share', async () => {
    const clock = movable()
    const limits = limitsOn(one, clock, { ip: [1, 60], email: [2, 60] })
    const [ip, email] = [subject(), subject()]
    const from = (network: string) => [
      { limit: 'ip' as const, subject: network },
      { limit: 'email' as const, subject: email },
    ]
    expect(await limits.take(from(ip))).toEqual({ ok: true })
    for (let hit = 0; hit < 10; hit++) expect(await limits.take(from(ip))).toMatchObject({ ok: false, limit: 'ip' })
    expect(await limits.take(from(subject()))).toEqual({ ok: true })
  })

  test('R-150 parallel requests on two instances never exceed the count', async () => {
    const clock = movable()
    const emailMax = 7
    const instances = [
      limitsOn(one, clock, { email: [emailMax, 60], ip: [1000, 60] }),
      limitsOn(two, clock, { email: [emailMax, 60], ip: [1000, 60] }),
    ]
    for (let round = 0; round < 5; round++) {
      const who = subject()
      const requests = [
        { limit: 'email' as const, subject: who },
        { limit: 'ip' as const, subject: who },
        { limit: 'all' as const, subject: '' },
      ]
      const order = round % 2 === 0 ? requests : requests.toReversed()
      const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => instances[n % 2]?.take(n % 3 ? requests : order)))
      expect(answers.filter((answer) => answer?.ok)).toHaveLength(emailMax)
    }
    const counters = await query<{ count: number }>(url, `select count from limit_counter where id like 'all:%'`)
    expect(counters.map(({ count }) => count)).toContain(5 * emailMax)
  })

  test('R-064 what was counted stays counted when the work is rolled back, and after a restart', async () => {
    const clock = movable()
    const request = [{ limit: 'email' as const, subject: subject() }]
    const before = limitsOn(one, clock, { email: [1, 60] })
    const work = one.transact(async () => {
      await before.take(request)
      throw new Error('the work fails')
    })
    await expect(work).rejects.toThrow('the work fails')
    expect(await limitsOn(two, clock, { email: [1, 60] }).take(request)).toMatchObject({ ok: false })
  })

  test('what is given back can be taken again, and no more than that', async () => {
    const clock = movable()
    const limits = limitsOn(one, clock, { email: [2, 60] })
    const request = [{ limit: 'email' as const, subject: subject() }]
    await limits.take(request)
    await limits.take(request)
    await limits.giveBack(request)
    expect(await limits.take(request)).toEqual({ ok: true })
    expect(await limits.take(request)).toMatchObject({ ok: false })
    for (let times = 0; times < 5; times++) await limits.giveBack(request)
    for (let hit = 0; hit < 2; hit++) expect(await limits.take(request)).toEqual({ ok: true })
    expect(await limits.take(request)).toMatchObject({ ok: false })
  })

  test('one thing named twice in a request counts once', async () => {
    const limits = limitsOn(one, movable(), { email: [1, 60] })
    const request = { limit: 'email' as const, subject: subject() }
    expect(await limits.take([request, request])).toEqual({ ok: true })
    expect(await limits.take([])).toEqual({ ok: true })
  })

  test('R-177 no address and no network stands in the table', async () => {
    const limits = limitsOn(one, movable(), {})
    await limits.take([
      { limit: 'email', subject: 'canary@fabrikam.example' },
      { limit: 'ip', subject: '203.0.113.77' },
    ])
    const [dump] = await query<{ all: string }>(url, 'select json_agg(c)::text as all from limit_counter c')
    expect(dump?.all).not.toMatch(/canary|fabrikam|203\.0\.113/)
  })

  test('R-154 nothing goes on when it cannot be counted', async () => {
    const limits = limitsOn(one, movable(), {})
    const lock = { name: 'test_lock_counters', text: 'lock table limit_counter in access exclusive mode' }
    await two.transact(async (tx) => {
      await runIn(tx, lock, [])
      const taking = limits.take([{ limit: 'email', subject: subject() }])
      await expect(taking).rejects.toMatchObject({ name: 'Refusal', code: 'unavailable' })
    })
    const broken: LimitStore = {
      count: () => Promise.reject(new Error('boom')),
      uncount: () => Promise.reject(new Error('boom')),
    }
    const answer = limitsOn(one, movable(), {}, broken).take([{ limit: 'all', subject: '' }])
    await expect(answer).rejects.toBeInstanceOf(Refusal)
  })

  test('two requests that meet at the last place end with a count that is true', async () => {
    const waits = [null, addSeconds(begin, 30)]
    const uncounted: string[][] = []
    const meeting: LimitStore = {
      count: async (counts) => {
        const fullUntil = waits.shift() ?? null
        return counts.map(({ id }, at) => ({
          id,
          counted: at === 0 && fullUntil === null,
          fullUntil: at === 1 ? fullUntil : null,
        }))
      },
      uncount: async (ids) => {
        uncounted.push([...ids])
      },
    }
    const limits = limitsOn(one, movable(), {}, meeting)
    const answer = await limits.take([
      { limit: 'all', subject: '' },
      { limit: 'ip', subject: 'x' },
    ])
    expect(answer).toEqual({ ok: false, limit: 'ip', retryAfterSeconds: 30 })
    expect(uncounted).toHaveLength(1)
  })
})

describe('guesses', () => {
  test('R-062 codes close at the threshold, over all attempts, and a success opens them', async () => {
    const guesses = createGuesses({ store: createGuessStore(one), clock: movable(), failuresMax: 3 })
    const address = subject()
    expect(await guesses.closed(address, false)).toBe(false)
    expect(await guesses.record(address, false)).toBe(1)
    expect(await guesses.record(address, false)).toBe(2)
    expect(await guesses.closed(address, false)).toBe(false)
    expect(await guesses.record(address, false)).toBe(3)
    expect(await guesses.closed(address, false)).toBe(true)
    await one.transact((tx) => guesses.reset(tx, address))
    expect(await guesses.closed(address, false)).toBe(false)
  })

  test('R-063 a stranger’s wrong codes do not close them for browsers that signed in before', async () => {
    const guesses = createGuesses({ store: createGuessStore(one), clock: movable(), failuresMax: 1 })
    const address = subject()
    await guesses.record(address, false)
    expect(await guesses.closed(address, false)).toBe(true)
    expect(await guesses.closed(address, true)).toBe(false)
    await guesses.record(address, true)
    await one.transact((tx) => guesses.reset(tx, address))
    expect(await query(url, 'select 1 from guess_counter where target_key = $1', [address])).toEqual([])
  })

  test('R-064 parallel wrong codes on two instances all count, also when the request fails', async () => {
    const address = subject()
    const both = [one, two].map((db) => createGuesses({ store: createGuessStore(db), clock: movable(), failuresMax: 50 }))
    await Promise.all(Array.from({ length: 60 }, (_, n) => both[n % 2]?.record(address, false)))
    expect(await createGuessStore(one).failures(address, false)).toBe(60)
    const failing = one.transact(async () => {
      await both[0]?.record(address, false)
      throw new Error('the request fails')
    })
    await expect(failing).rejects.toThrow('the request fails')
    expect(await createGuessStore(two).failures(address, false)).toBe(61)
  })
})
