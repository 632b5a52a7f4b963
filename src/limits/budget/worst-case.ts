import type { Budget } from '../../config/index.ts'
import { moneyWords, type PriceTable, priceOf } from './prices.ts'

export interface WorstCase {
  /** The most that texts can cost in one day (UTC), whatever happens. */
  micros: number
  currency: string
  /** One line for the operator at start. */
  words: string
  /** What is probably not meant: countries that no text can go to, because one costs more than a cap. */
  warnings: string[]
}

/** The least of the cap in all and the sum of what each allowed country may cost. `countries` is `null` for every one. */
export function worstCaseOf(budget: Budget, prices: PriceTable, countries: readonly string[] | null): WorstCase {
  const { currency, date } = prices
  const micros = countries === null ? budget.all : Math.min(budget.all, countries.length * budget.country)
  const where = countries === null ? 'every country' : countries.join(', ')
  const words = `Texts cost at most ${moneyWords(micros, currency)} a day (${where}; prices of ${date})`
  const least = Math.min(...Object.values(budget))
  const dear = budget.all === 0 ? [] : (countries ?? []).filter((country) => priceOf(prices, country) > least)
  const warnings = dear.map(
    (country) =>
      `no text can go to ${country}: one costs ${moneyWords(priceOf(prices, country), currency)}, and a cap of SMS_BUDGET is ${moneyWords(least, currency)}`,
  )
  return { micros, currency, words, warnings }
}
