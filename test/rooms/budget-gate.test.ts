import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createMetrics, type PhoneNumber } from '../../src/base/index.ts'
import { stageOf } from '../../src/limits/budget/ratio.ts'
import type { Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { asked, begin, budgetOn, deliveries, empty, german, movable, spentOn } from './budget-support.ts'
import { closeAll, open } from './store-support.ts'

const AUSTRIAN = '+436641234567' as PhoneNumber
const BRITISH = '+447400123456' as PhoneNumber

let url: string
let db: Database

beforeAll(async () => {
  url = await freshDatabase()
  db = open(url)
})
beforeEach(() => empty(url))
afterAll(closeAll)

/** Texts of one hour to Germany, each to a prefix of its own unless named; the first `proven` of them were typed. */
async function texts(sent: number, proven: number, options: { at?: Date; prefix?: number } = {}): Promise<void> {
  const budget = budgetOn(db, { clock: movable(options.at) })
  for (const [at, deliveryId] of (await deliveries(url, sent)).entries()) {
    const number = german(options.prefix ?? at, at)
    await budget.reserve({ ...asked, deliveryId, number, clientId: 'app' })
    if (at < proven) await budget.proven(number)
  }
}

const later = (minutes: number) => new Date(begin.getTime() + minutes * 60_000)
const gateAt = (at: Date) => budgetOn(db, { clock: movable(at) }).gate(german(90_000, 1), 'app', false)

describe('the share of texts proven', () => {
  const rules = { textsMin: 20, proofBelowPercent: 50, closeBelowPercent: 25, trickleEveryMinutes: 5 }
  const stage = (sent: number, proven: number, own = {}) =>
    stageOf({ sent, proven, sentThisHour: sent }, { ...rules, ...own }, 59)

  test('R-153 says nothing before there are enough texts', () => {
    expect(stage(19, 0)).toBe('open')
    expect(stage(20, 0)).toBe('closed')
  })

  test.each([
    // Half of the 20 are awaited still: 20 sent count as 10, 110 as 100.
    [20, 5, 'open'],
    [20, 4, 'proof'],
    [20, 3, 'proof'],
    [20, 2, 'closed'],
    [110, 50, 'open'],
    [110, 49, 'proof'],
    [110, 25, 'proof'],
    [110, 24, 'closed'],
  ])('R-153 of %d texts %d proven: %s', (sent, proven, expected) => expect(stage(sent, proven)).toBe(expected))

  test('asks for nothing where the settings say never', () => {
    expect(stage(1000, 0, { closeBelowPercent: 0 })).toBe('proof')
    expect(stage(1000, 0, { closeBelowPercent: 0, proofBelowPercent: 0 })).toBe('open')
    expect(stageOf(undefined, rules, 0)).toBe('open')
  })

  test('lets a trickle through behind a proof of work while it is closed: one text in five minutes of the hour', () => {
    const trickle = (sentThisHour: number, minute: number) => stageOf({ sent: 100, proven: 0, sentThisHour }, rules, minute)
    expect([trickle(0, 4), trickle(0, 5)]).toEqual(['closed', 'proof'])
    expect([trickle(1, 9), trickle(1, 10)]).toEqual(['closed', 'proof'])
    expect([trickle(11, 59), trickle(10, 59)]).toEqual(['closed', 'proof'])
  })
})

describe('R-153 the gate', () => {
  test('R-153 is open, asks for a proof of work, closes, by what is typed in a country', async () => {
    await texts(30, 10)
    expect(await gateAt(begin)).toBe('open')
    await texts(1, 0)
    expect(await gateAt(begin)).toBe('proof')
    await texts(30, 0)
    expect(await gateAt(begin)).toBe('closed')
    expect(await budgetOn(db).gate(AUSTRIAN, 'app', false)).toBe('open')
    expect(await budgetOn(db).gate(null, 'app', false)).toBe('open')
  })

  test('R-153 closes one prefix at half as many texts, and its country stays open', async () => {
    await texts(9, 0, { prefix: 5 })
    expect(await budgetOn(db).gate(german(5, 9999), 'app', false)).toBe('open')
    await texts(1, 0, { prefix: 5 })
    expect(await budgetOn(db).gate(german(5, 9999), 'app', false)).toBe('closed')
    expect(await budgetOn(db).gate(german(6, 9999), 'app', false)).toBe('open')
  })

  test('opens by itself: a trickle in the next hour, all of it when the hour of the texts is over', async () => {
    await texts(60, 0)
    const minutes = [29, 34, 35, 89, 90]
    const stages: string[] = []
    for (const at of minutes) stages.push(await gateAt(later(at)))
    expect(stages).toEqual(['closed', 'closed', 'proof', 'proof', 'open'])
    await texts(1, 0, { at: later(36) })
    expect([await gateAt(later(36)), await gateAt(later(40))]).toEqual(['closed', 'proof'])
  })

  test('a morning’s rush closes it for as long as the codes are typed, and no longer', async () => {
    await texts(40, 0)
    expect(await gateAt(begin)).toBe('closed')
    const budget = budgetOn(db)
    for (let at = 0; at < 15; at++) await budget.proven(german(at, at))
    expect(await gateAt(begin)).toBe('open')
  })

  test.each(['all', 'country', 'prefix', 'client', 'number'] as const)(
    'R-153 closes when the cap %s has no room for one more text, to the micro',
    async (name) => {
      await texts(1, 0)
      const gate = (micros: number) => budgetOn(db, { budget: { [name]: micros } }).gate(german(0, 0), 'app', false)
      expect(await gate(219_999)).toBe('closed')
      expect(await gate(220_000)).toBe('open')
    },
  )

  test('without a number it asks for what all share: is there room for the cheapest text?', async () => {
    await texts(1, 0)
    const gate = (budget: object) => budgetOn(db, { budget }).gate(null, 'app', false)
    expect([await gate({ all: 219_999 }), await gate({ client: 219_999 })]).toEqual(['closed', 'closed'])
    expect([await gate({ all: 220_000 }), await gate({ country: 0, prefix: 0, number: 0 })]).toEqual(['open', 'open'])
  })

  test('R-091 a country outside of the list is told from no other', async () => {
    const gate = (budget: object, proofOfWork: 'off' | 'texts' = 'off') =>
      budgetOn(db, { budget, proofOfWork }).gate(BRITISH, 'app', false)
    expect(await gate({ number: 0, prefix: 0, country: 0 })).toBe('open')
    expect(await gate({ all: 0 })).toBe('closed')
    expect(await gate({}, 'texts')).toBe('proof')
  })

  test('asks for a proof of work at once where the settings say so, and is closed all the same', async () => {
    for (const proofOfWork of ['texts', 'always'] as const) {
      expect(await budgetOn(db, { proofOfWork }).gate(AUSTRIAN, 'app', false)).toBe('proof')
      expect(await budgetOn(db, { proofOfWork }).gate(null, 'app', false)).toBe('proof')
      expect(await budgetOn(db, { proofOfWork, budget: { all: 0 } }).gate(AUSTRIAN, 'app', false)).toBe('closed')
    }
  })

  test('R-153 tells what it did, and writes nothing', async () => {
    await texts(60, 0)
    const before = [await spentOn(url), await query(url, 'select * from text_tally order by id')]
    const metrics = createMetrics()
    const budget = budgetOn(db, { metrics })
    for (let times = 0; times < 3; times++) await budget.gate(german(1, 1), 'app', false)
    expect(await metrics.metrics()).toContain('doorward_sms_gated_total{answer="closed",why="ratio"} 3')
    expect([await spentOn(url), await query(url, 'select * from text_tally order by id')]).toEqual(before)
  })
})

describe('a text that tells something', () => {
  test('R-153 is counted as money, and not among those whose codes should be typed', async () => {
    const budget = budgetOn(db)
    const before = await gateAt(begin)
    for (const [at, deliveryId] of (await deliveries(url, 25)).entries())
      await budget.reserve({ ...asked, deliveryId, number: german(at, at), clientId: '', answerless: true })
    expect([before, await gateAt(begin)]).toEqual(['open', 'open'])
    expect((await spentOn(url)).all).toMatchObject({ sum: 25 * 110_000 })
  })
})

describe('a browser that signed in with the number before', () => {
  const caps = { number: 330_000 }

  test('R-063 strangers cannot use up its texts of the day', async () => {
    const budget = budgetOn(db, { budget: caps })
    const number = german(7, 7)
    for (const deliveryId of await deliveries(url, 3)) await budget.reserve({ ...asked, deliveryId, number, clientId: 'app' })
    expect(await budget.gate(number, 'app', false)).toBe('closed')
    expect(await budget.gate(number, 'app', true)).toBe('open')
    const [own = '', other = ''] = await deliveries(url, 2)
    expect(await budget.reserve({ ...asked, deliveryId: other, number, clientId: 'app' })).toEqual({ ok: false, why: 'cap' })
    expect(await budget.reserve({ ...asked, deliveryId: own, number, clientId: 'app', knownBrowser: true })).toEqual({ ok: true })
  })

  test('R-063 works for its text where others are closed out, and is stopped by caps like them', async () => {
    await texts(40, 0)
    expect(await budgetOn(db).gate(german(90_000, 1), 'app', false)).toBe('closed')
    expect(await budgetOn(db).gate(german(90_000, 1), 'app', true)).toBe('proof')
    expect(await budgetOn(db, { budget: { all: 0 } }).gate(german(90_000, 1), 'app', true)).toBe('closed')
  })
})

describe('a number on file, which nobody typed', () => {
  const number = german(90_000, 1)
  const onFile = { ...asked, number, clientId: 'app', unasked: true }
  const refused = { ok: false, why: 'cap' }

  test('R-153 gets no text where too few are proven in its country, though nobody asked the gate about it', async () => {
    await texts(40, 0)
    const metrics = createMetrics()
    const budget = budgetOn(db, { metrics })
    const [deliveryId = '', own = ''] = await deliveries(url, 2)
    expect(await budget.reserve({ ...onFile, deliveryId })).toEqual(refused)
    expect(await query(url, 'select 1 from delivery where id = $1 and cost_day is null', [deliveryId])).toHaveLength(1)
    expect(await metrics.metrics()).toContain('doorward_sms_refusals_total{cap="ratio"} 1')
    expect(await budget.reserve({ ...onFile, deliveryId: own, knownBrowser: true })).toEqual({ ok: true })
  })

  test('R-153 gets no text where too few are proven among its neighbours', async () => {
    await texts(9, 0, { prefix: 90_000 })
    const [tenth = '', next = ''] = await deliveries(url, 2)
    expect(await budgetOn(db).reserve({ ...onFile, deliveryId: tenth })).toEqual({ ok: true })
    expect(await budgetOn(db).reserve({ ...onFile, deliveryId: next })).toEqual(refused)
  })

  test('a text that is paid for goes on when it was the one that closed its country, or the last below a cap', async () => {
    await texts(19, 0)
    const [deliveryId = '', next = ''] = await deliveries(url, 2)
    const budget = budgetOn(db, { budget: { number: 110_000 } })
    for (let times = 0; times < 2; times++) expect(await budget.reserve({ ...onFile, deliveryId })).toEqual({ ok: true })
    expect(await budgetOn(db).gate(number, 'app', false)).toBe('closed')
    expect(await budget.reserve({ ...onFile, deliveryId: next })).toEqual(refused)
    expect((await spentOn(url)).all).toMatchObject({ sum: 20 * 110_000 })
  })
})
