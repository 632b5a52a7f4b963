import type { Clock, Log } from '../../base/index.ts'
import type { Budget } from '../../config/index.ts'
import { orUnavailable } from '../or-unavailable.ts'
import type { BudgetMetrics } from './measures.ts'
import { moneyWords, type PriceTable } from './prices.ts'
import type { BudgetStore, Tally } from './store.ts'
import { ALL, countryId, momentOf } from './subjects.ts'

interface WatchDeps {
  store: Pick<BudgetStore, 'measure'>
  clock: Clock
  log: Log
  prices: PriceTable
  countries: readonly string[] | null
  budget: Budget
  budgetMetrics: BudgetMetrics
}

const WARN_AT_PERCENT = 80

/** Watches spend and ratio for the operator. Without a list of countries it watches those of the price table. */
export function createWatch(deps: WatchDeps): { measure(): Promise<void> } {
  const { store, clock, log, prices, budget, budgetMetrics } = deps
  const countries = deps.countries ?? [...prices.microsByCountry.keys()]
  const ids = [ALL, ...countries.map(countryId)]
  const warned = new Set<string>()
  let warnedOn = ''

  function warn(day: string, id: string, spentMicros: number): void {
    const capMicros = id === ALL ? budget.all : budget.country
    if (capMicros === 0 || spentMicros * 100 < capMicros * WARN_AT_PERCENT || warned.has(id)) return
    warned.add(id)
    const amounts = { spent: moneyWords(spentMicros, prices.currency), cap: moneyWords(capMicros, prices.currency) }
    log.warn({ counter: id, day, ...amounts }, 'texts have used most of what they may cost today')
  }

  async function measure(): Promise<void> {
    const { day, hour } = momentOf(clock)
    const { spent, tallies } = await orUnavailable(log, store.measure({ day, hour, ids }))
    budgetMetrics.spend(spent.find(({ id }) => id === ALL)?.spentMicros ?? 0)
    budgetMetrics.ratios(new Map(tallies.filter(({ sent }) => sent > 0).map(shareOf)))
    if (day !== warnedOn) warned.clear()
    warnedOn = day
    for (const { id, spentMicros } of spent) warn(day, id, spentMicros)
  }

  return { measure }
}

function shareOf({ id, sent, proven }: Tally): [country: string, share: number] {
  return [id.slice(id.indexOf(':') + 1), Math.min(1, proven / sent)]
}
