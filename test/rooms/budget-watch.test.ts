import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { addSeconds, createMetrics } from '../../src/base/index.ts'
import { createSweep, type Database } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { begin, budgetOn, deliveries, empty, german, movable, send } from './budget-support.ts'
import { closeAll, listeningLog, open, silent } from './store-support.ts'

let url: string
let one: Database

beforeAll(async () => {
  url = await freshDatabase()
  one = open(url)
})
beforeEach(() => empty(url))
afterAll(closeAll)

describe('what an operator sees', () => {
  test.each([
    [{ all: 20e6, country: 10e6 }, ['DE'], 10e6],
    [{ all: 20e6, country: 10e6 }, ['DE', 'AT', 'CH'], 20e6],
    [{ all: 20e6, country: 10e6 }, null, 20e6],
    [{ all: 0, country: 10e6 }, ['DE'], 0],
  ])('the worst case a day of %j in %j is %d', (budget, countries, micros) => {
    expect(budgetOn(one, { budget, countries }).worstCase()).toMatchObject({ micros, currency: 'EUR' })
  })

  test('the worst case in words, and a warning where one text costs more than a cap', () => {
    const budget = { all: 20e6, country: 10e6, number: 500_000 }
    expect(budgetOn(one, { budget }).worstCase()).toMatchObject({
      words: 'Texts cost at most 20.00 EUR a day (DE, AT; prices of 2030-01-01)',
      warnings: [],
    })
    expect(budgetOn(one, { budget: { ...budget, number: 120_000 } }).worstCase().warnings).toEqual([
      'no text can go to AT: one costs 0.13 EUR, and a cap of SMS_BUDGET is 0.12 EUR',
    ])
  })

  test('spend, caps and ratio are metrics; at 80 % of a cap there is one warning a day', async () => {
    const metrics = createMetrics()
    const clock = movable()
    const { log, lines } = listeningLog()
    const budget = budgetOn(one, { budget: { all: 1_100_000, country: 1e7 }, metrics, clock, log })
    const warnings = () => lines.filter((line) => line.includes('most of what they may cost'))
    await send(budget, await deliveries(url, 7), (at) => german(1, at))
    await budget.proven(german(1, 1))
    await budget.measure()
    expect(warnings()).toEqual([])
    await send(budget, await deliveries(url, 1), () => german(1, 1))
    for (let times = 0; times < 3; times++) await budget.measure()
    expect(warnings()).toHaveLength(1)
    const told = await metrics.metrics()
    expect(told).toContain('doorward_sms_spend{currency="EUR"} 0.88')
    expect(told).toContain('doorward_sms_spend_cap{currency="EUR"} 1.1')
    expect(told).toContain('doorward_sms_worst_case{currency="EUR"} 1.1')
    expect(told).toContain('doorward_sms_proven_ratio{country="DE"} 0.125')
    clock.move(86_400)
    await budget.measure()
    const next = await metrics.metrics()
    expect(next).toContain('doorward_sms_spend{currency="EUR"} 0\n')
    expect(next).not.toContain('doorward_sms_proven_ratio{')
    await send(budget, await deliveries(url, 8), (at) => german(1, at))
    await budget.measure()
    expect(warnings()).toHaveLength(2)
  })

  test('counters and tallies go after a month, what a day cost in all after a hundred days, a refused address after a year', async () => {
    const ago = (days: number) => addSeconds(begin, -days * 86_400)
    await query(
      url,
      `insert into spend_counter values ('all', $1, 1), ('all', $2, 1), ('country:DE', $3, 1), ('country:DE', $4, 1)`,
      [...[ago(101), ago(99), ago(31), ago(29)]],
    )
    await query(url, `insert into text_tally values ('country:DE', $1, 1, 1), ('country:DE', $2, 1, 1)`, [ago(31), ago(29)])
    await query(url, `insert into suppression values ('a', 'sms', 'opted_out', $1), ('b', 'sms', 'opted_out', $2)`, [
      ago(366),
      ago(364),
    ])
    const sweep = createSweep({ db: one, clock: movable(), log: silent })
    expect(await sweep()).toEqual({ spend_counter: 2, text_tally: 1, suppression: 1 })
  })
})
