import { describe, expect, test } from '@jest/globals'
import { isCountry } from '../../src/base/index.ts'
import { priceOf, readPrices, shippedPrices } from '../../src/limits/index.ts'

const OWN = 'date: 2026-02-01\ncurrency: EUR\nother: 0.4\ncountries:\n  DE: 0.075\n  NO: 0.0651234\n'

function faultsOf(text: string): string[] {
  const read = readPrices(text)
  return read.ok ? [] : read.faults
}

describe('the price table', () => {
  test('that is shipped has a price for every country, and says when it was written', () => {
    const prices = shippedPrices()
    expect(prices).toMatchObject({ currency: 'USD', date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), otherMicros: 500_000 })
    expect(prices.microsByCountry.size).toBeGreaterThan(80)
    for (const [country, micros] of prices.microsByCountry) {
      expect([country, isCountry(country)]).toEqual([country, true])
      expect(micros).toBeGreaterThanOrEqual(10_000)
      expect(micros).toBeLessThanOrEqual(1_000_000)
    }
    expect([priceOf(prices, 'DE'), priceOf(prices, 'GB'), priceOf(prices, 'TV')]).toEqual([110_000, 55_000, 500_000])
  })

  test('of the operator takes its place, to the millionth and never less than was written', () => {
    const read = readPrices(OWN)
    if (!read.ok) throw new Error(read.faults.join())
    expect(read.prices).toMatchObject({ date: '2026-02-01', currency: 'EUR', otherMicros: 400_000 })
    expect([priceOf(read.prices, 'DE'), priceOf(read.prices, 'NO'), priceOf(read.prices, 'US')]).toEqual([
      75_000, 65_124, 400_000,
    ])
  })

  test.each([
    ['DE: 0.075', 'DE: free', 'countries.DE: must be a number such as 0.11'],
    ['DE: 0.075', 'DE: 0', 'countries.DE: must be more than 0'],
    ['DE: 0.075', 'DE: -1', 'countries.DE: must be more than 0'],
    ['DE: 0.075', 'DE: 100.01', 'countries.DE: must be at most 100'],
    ['DE: 0.075', 'DE: .nan', 'countries.DE: must be a number such as 0.11'],
    ['DE: 0.075', 'de: 0.075', 'countries.de: is not a country (ISO 3166-1 alpha-2, in capitals)'],
    ['DE: 0.075', '"49": 0.075', 'countries.49: is not a country (ISO 3166-1 alpha-2, in capitals)'],
    ['DE: 0.075', 'NO: 0.075', 'Map keys must be unique at line 6, column 3:'],
    ['currency: EUR', 'currency: euro', 'currency: must be a currency such as USD'],
    ['currency: EUR\n', '', 'currency: must be a currency such as USD'],
    ['date: 2026-02-01', 'date: 2026-02-30', 'date: must be a day such as 2026-01-31'],
    ['other: 0.4\n', '', 'other: must be a number such as 0.11'],
    ['other: 0.4', 'other: 0.4\nothers: 1', 'others: is not known here'],
  ])('with %j in place of %j is refused by name', (right, wrong, fault) => {
    expect(faultsOf(OWN.replace(right, wrong))).toEqual([fault])
  })

  test.each(['', 'just words', '- a\n- b', 'a: b: c', 'date: [', 'a: &x [*x, *x]'])('cannot be %j', (text) =>
    expect(faultsOf(text).length).toBeGreaterThan(0),
  )

  test('tells all faults at once', () => {
    expect(faultsOf('date: x\ncurrency: x\nother: x\ncountries: x')).toHaveLength(4)
  })
})
