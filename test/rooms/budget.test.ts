import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { createMetrics, type PhoneNumber, parsePhoneNumber } from '../../src/base/index.ts'
import type { BudgetStore, TextBudget } from '../../src/limits/index.ts'
import type { Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { asked, budgetOn, deliveries, deliveryOf, empty, german, movable, send, spentOn } from './budget-support.ts'
import { closeAll, open } from './store-support.ts'

let url: string
let one: Database
let two: Database

beforeAll(async () => {
  url = await freshDatabase()
  one = open(url, { poolSize: 10 })
  two = open(url, { poolSize: 10 })
})
beforeEach(() => empty(url))
afterAll(closeAll)

describe('R-153 the budget of text messages', () => {
  test('R-153 a text is counted on number, prefix, country, client and in all, and on the delivery', async () => {
    const [deliveryId = ''] = await deliveries(url, 1)
    expect(await budgetOn(one).reserve({ ...asked, deliveryId, number: german(1, 1), clientId: 'app' })).toEqual({ ok: true })
    const counted = { sum: 110_000, max: 110_000, rows: 1 }
    expect(await spentOn(url)).toEqual({ number: counted, prefix: counted, country: counted, client: counted, all: counted })
    expect(await query(url, `select cost_micros::int as cost, cost_day::text as day from delivery`)).toEqual([
      { cost: 110_000, day: '2030-01-01' },
    ])
    expect(await query(url, 'select sent, proven, hour from text_tally')).toEqual(
      Array(2).fill({ sent: 1, proven: 0, hour: new Date('2030-01-01T10:00:00Z') }),
    )
  })

  test.each([
    ['all', 3_300_000, 30],
    ['all', 3_299_999, 29],
    ['country', 1_100_001, 10],
    ['prefix', 219_999, 1],
    ['client', 550_000, 5],
    ['number', 110_000, 1],
    ['number', 109_999, 0],
    ['all', 0, 0],
  ] as const)('R-153 the cap %s of %d micros lets %d texts through and is never passed', async (name, micros, texts) => {
    const budget = budgetOn(one, { budget: { [name]: micros } })
    const ids = await deliveries(url, texts + 2)
    expect(await send(budget, ids, () => german(1, 1))).toEqual({ sent: texts, first: { ok: false, why: 'cap' } })
    expect((await spentOn(url))[name]?.max ?? 0).toBe(texts * 110_000)
  })

  test('R-153 parallel texts from two instances end at the cap to the micro, counted on all or on none', async () => {
    for (const [name, micros, texts] of [
      ['all', 3_300_000, 30],
      ['country', 3_300_109, 30],
      ['prefix', 770_000, 7],
    ] as const) {
      await empty(url)
      const pair = [one, two].map((db) => budgetOn(db, { budget: { [name]: micros } }))
      const ids = await deliveries(url, 100)
      const reserve = (deliveryId: string, at: number) =>
        pair[at % 2]?.reserve({ ...asked, deliveryId, number: german(1, at), clientId: `app-${at % 3}` })
      const answers = await Promise.all(ids.map(reserve))
      expect([name, answers.filter((answer) => answer?.ok).length]).toEqual([name, texts])
      const all = Object.entries(await spentOn(url)).map(([kind, { sum }]) => [kind, sum])
      expect(all.sort()).toEqual(['all', 'client', 'country', 'number', 'prefix'].map((kind) => [kind, texts * 110_000]))
      const [row] = await query<{ cost: number; sent: number }>(
        url,
        `select (select sum(cost_micros)::int from delivery) as cost, (select sum(sent)::int from text_tally where id like 'country:%') as sent`,
      )
      expect(row).toEqual({ cost: texts * 110_000, sent: texts })
    }
  })

  test('R-153 parallel texts over several full caps at once never deadlock', async () => {
    const pair = [one, two].map((db) => budgetOn(db, { budget: { all: 2_200_000, client: 880_000, prefix: 330_000 } }))
    const ids = await deliveries(url, 200)
    const reserve = (deliveryId: string, at: number) =>
      pair[at % 2]?.reserve({ ...asked, deliveryId, number: german(at % 9, at % 4), clientId: `app-${at % 3}` })
    const answers = await Promise.all(ids.map(reserve))
    expect(answers.filter((answer) => answer?.ok)).toHaveLength(20)
    expect(await spentOn(url)).toMatchObject({ all: { sum: 2_200_000 }, client: { sum: 2_200_000 }, number: { sum: 2_200_000 } })
  })

  test('R-153 a thousand numbers in a row stop at the cap of their prefix', async () => {
    const metrics = createMetrics()
    const budget = budgetOn(one, { budget: { prefix: 2_000_000 }, metrics })
    const ids = await deliveries(url, 1000)
    expect(await send(budget, ids, (at) => german(7, at))).toEqual({ sent: 18, first: { ok: false, why: 'cap' } })
    expect((await spentOn(url)).all).toMatchObject({ sum: 1_980_000 })
    expect(await metrics.metrics()).toContain('doorward_sms_refusals_total{cap="prefix"} 982')
  }, 30_000)

  test('R-153 numbers of ever new prefixes stop at the cap of their country, and another country goes on', async () => {
    const budget = budgetOn(one, { budget: { prefix: 2_000_000, country: 10_000_000 } })
    const ids = await deliveries(url, 120)
    expect(await send(budget, ids, (at) => german(at, 1))).toEqual({ sent: 90, first: { ok: false, why: 'cap' } })
    expect(await spentOn(url)).toMatchObject({ country: { sum: 9_900_000 } })
    const more = await deliveries(url, 1)
    expect(await send(budget, more, () => '+436641234567' as PhoneNumber)).toMatchObject({ sent: 1 })
  })

  test('R-153 every spelling of a number is one number', async () => {
    const budget = budgetOn(one, { budget: { number: 110_000 } })
    const spellings = ['0151 23456789', '+49 151/2345-6789', '0049 (151) 23456789', '＋４９１５１２３４５６７８９']
    const ids = await deliveries(url, spellings.length)
    const numberOf = (at: number) => {
      const read = parsePhoneNumber(spellings[at] ?? '', 'DE')
      if (read.outcome !== 'fit') throw new Error(`${spellings[at]} is no number`)
      return read.number
    }
    expect(await send(budget, ids, numberOf)).toMatchObject({ sent: 1 })
  })

  test('a day ends at midnight UTC', async () => {
    const clock = movable(new Date('2030-01-01T23:59:59.999Z'))
    const budget = budgetOn(one, { budget: { all: 110_000 }, clock })
    expect(await send(budget, await deliveries(url, 2), () => german(1, 1))).toMatchObject({ sent: 1 })
    clock.move(0.001)
    expect(await send(budget, await deliveries(url, 2), () => german(1, 1))).toMatchObject({ sent: 1 })
    expect([(await spentOn(url)).all?.sum, (await spentOn(url, '2030-01-02')).all?.sum]).toEqual([110_000, 110_000])
  })

  test('a delivery costs once, however often and from wherever it is reserved', async () => {
    const pair = [one, two].map((db) => budgetOn(db, { budget: { all: 220_000 } }))
    const [deliveryId = '', other = ''] = await deliveries(url, 2)
    const order = { deliveryId, number: german(1, 1), clientId: 'app' }
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => pair[at % 2]?.reserve({ ...asked, ...order })))
    expect(answers).toEqual(Array(20).fill({ ok: true }))
    expect(await spentOn(url)).toMatchObject({ all: { sum: 110_000 } })
    await pair[0]?.reserve({ ...asked, ...order, deliveryId: other })
    expect(await pair[1]?.reserve({ ...asked, ...order })).toEqual({ ok: true }) // the cap is full by now; this one is paid for
    await expect(pair[0]?.reserve({ ...asked, ...order, deliveryId: 'nowhere' })).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('R-091 nothing is counted for a country outside of the list', async () => {
    const metrics = createMetrics()
    const budget = budgetOn(one, { metrics, countries: ['AT'] })
    const [deliveryId = ''] = await deliveries(url, 1)
    const answer = await budget.reserve({ ...asked, deliveryId, number: german(1, 1), clientId: 'app' })
    expect(answer).toEqual({ ok: false, why: 'country' })
    expect(await spentOn(url)).toEqual({})
    expect(await metrics.metrics()).toContain('doorward_sms_refusals_total{cap="not_allowed"} 1')
    const everywhere = budgetOn(one, { countries: null })
    expect(await everywhere.reserve({ ...asked, deliveryId, number: '+31612345678' as PhoneNumber, clientId: 'app' })).toEqual({
      ok: true,
    })
    expect((await spentOn(url)).country?.sum).toBe(500_000)
  })

  test('R-177 no number and no prefix stands in a counter or a label', async () => {
    const metrics = createMetrics()
    const budget = budgetOn(one, { metrics })
    await send(budget, await deliveries(url, 1), () => german(98765, 4321))
    await budget.proven(german(98765, 4321))
    await budget.measure()
    const [row] = await query<{ all: string }>(
      url,
      'select concat((select json_agg(c) from spend_counter c), (select json_agg(t) from text_tally t)) as all',
    )
    expect(`${row?.all}${await metrics.metrics()}`).not.toContain('98765')
  })
})

describe('what is given back', () => {
  test('leaves the day it was counted on, once, also after midnight and from two instances', async () => {
    const clock = movable(new Date('2030-01-01T23:59:00Z'))
    const pair = [one, two].map((db) => budgetOn(db, { clock }))
    const number = german(1, 1)
    const id = await deliveryOf(url, number, 'app')
    await pair[0]?.reserve({ ...asked, deliveryId: id, number, clientId: 'app' })
    await send(pair[0] as TextBudget, await deliveries(url, 2), () => number)
    clock.move(120)
    await Promise.all(Array.from({ length: 10 }, (_, at) => pair[at % 2]?.giveBack(id)))
    const left = { sum: 220_000, max: 220_000, rows: 1 }
    expect(await spentOn(url)).toEqual({ number: left, prefix: left, country: left, client: left, all: left })
    expect(await spentOn(url, '2030-01-02')).toEqual({})
    expect(await query(url, 'select sent from text_tally')).toEqual([{ sent: 2 }, { sent: 2 }])
  })

  test('can be spent again, also by the same delivery', async () => {
    const budget = budgetOn(one, { budget: { all: 110_000 } })
    const number = german(1, 1)
    const [first, second] = [await deliveryOf(url, number, 'app'), await deliveryOf(url, number, 'app')]
    for (const deliveryId of [first, second, first]) {
      expect(await budget.reserve({ ...asked, deliveryId, number, clientId: 'app' })).toEqual({ ok: true })
      await budget.giveBack(deliveryId)
    }
    expect(await spentOn(url)).toMatchObject({ all: { sum: 0 } })
  })

  test('leaves the counter it was counted on: that of known browsers, or that of all others', async () => {
    const budget = budgetOn(one, { budget: { number: 110_000 } })
    const number = german(1, 1)
    const known = await deliveryOf(url, number, 'app', true)
    const [other = ''] = await deliveries(url, 1)
    await budget.reserve({ ...asked, deliveryId: known, number, clientId: 'app', knownBrowser: true })
    await budget.reserve({ ...asked, deliveryId: other, number, clientId: 'app' })
    await budget.giveBack(known)
    expect(await budget.gate(number, 'app', true)).toBe('open')
    expect(await budget.gate(number, 'app', false)).toBe('closed')
    expect(await spentOn(url)).toMatchObject({ all: { sum: 110_000 } })
  })

  test('was never counted: nothing happens', async () => {
    const [id = ''] = await deliveries(url, 1)
    await budgetOn(one).giveBack(id)
    await budgetOn(one).giveBack('nowhere')
    expect(await spentOn(url)).toEqual({})
  })

  test('meets reservations and proofs of the same counters without a deadlock', async () => {
    const pair = [one, two].map((db) => budgetOn(db))
    const number = german(1, 1)
    const reserved = await Promise.all(Array.from({ length: 30 }, () => deliveryOf(url, number, 'app')))
    for (const deliveryId of reserved) await pair[0]?.reserve({ ...asked, deliveryId, number, clientId: 'app' })
    const fresh = await deliveries(url, 30)
    await Promise.all([
      ...reserved.map((id, at) => pair[at % 2]?.giveBack(id)),
      ...fresh.map((deliveryId, at) => pair[at % 2]?.reserve({ ...asked, deliveryId, number, clientId: 'app' })),
      ...fresh.map((_, at) => pair[at % 2]?.proven(number)),
    ])
    expect(await spentOn(url)).toMatchObject({ all: { sum: 30 * 110_000 }, number: { sum: 30 * 110_000 } })
    expect(await query(url, 'select sent, proven from text_tally')).toEqual(Array(2).fill({ sent: 30, proven: 30 }))
  })
})

describe('R-154 when money cannot be counted', () => {
  const everything = (budget: TextBudget, deliveryId: string) =>
    [
      () => budget.reserve({ ...asked, deliveryId, number: german(1, 1), clientId: 'app' }),
      () => budget.gate(german(1, 1), 'app', false),
      () => budget.gate(null, 'app', false),
    ] as const

  test('R-154 a locked table refuses, and nothing was counted', async () => {
    const [id = ''] = await deliveries(url, 1)
    const impatient = open(url, { statementTimeoutMs: 300 })
    const other = new Client({ connectionString: url })
    await other.connect()
    try {
      await other.query('begin; lock table spend_counter in access exclusive mode')
      for (const ask of everything(budgetOn(impatient), id))
        await expect(ask()).rejects.toMatchObject({ name: 'Refusal', code: 'unavailable' })
      await other.query('rollback')
    } finally {
      await other.end()
    }
    expect(await spentOn(url)).toEqual({})
    expect(await query(url, 'select 1 from delivery where cost_day is not null')).toEqual([])
  })

  test.each(['spend_counter', 'text_tally'])('R-154 a missing table %s refuses, and nothing was counted', async (table) => {
    const [id = ''] = await deliveries(url, 1)
    await query(url, `alter table ${table} rename to gone`)
    try {
      const fresh = budgetOn(open(url))
      for (const ask of everything(fresh, id)) await expect(ask()).rejects.toMatchObject({ code: 'unavailable' })
      await expect(fresh.measure()).rejects.toMatchObject({ code: 'unavailable' })
    } finally {
      await query(url, `alter table gone rename to ${table}`)
    }
    expect(await spentOn(url)).toEqual({})
  })

  test('R-154 a store that never gets to an answer refuses', async () => {
    const store = { reserve: async () => ({ outcome: 'met' }) } as unknown as BudgetStore
    const asking = budgetOn(one, { store }).reserve({ ...asked, deliveryId: 'x', number: german(1, 1), clientId: 'app' })
    await expect(asking).rejects.toMatchObject({ code: 'unavailable' })
  })
})
