import { type Clock, type Log, type Metrics, type PhoneNumber, Refusal, type Secrets } from '../../base/index.ts'
import type { Budget, CapName } from '../../config/index.ts'
import { orUnavailable } from '../or-unavailable.ts'
import { createBudgetMetrics } from './measures.ts'
import { type PriceTable, priceOf } from './prices.ts'
import { type RatioRules, type Stage, stageOf, stricter } from './ratio.ts'
import type { BudgetStore, Tally } from './store.ts'
import { createSubjects, momentOf, type Subjects } from './subjects.ts'
import { createWatch } from './watch.ts'
import { type WorstCase, worstCaseOf } from './worst-case.ts'

/** One text that is about to be sent; see `Spend` of delivery. */
interface TextOrder {
  deliveryId: string
  number: PhoneNumber
  clientId: string
  /** Asked for from a browser that signed in with the number before. */
  knownBrowser: boolean
  /** Nobody asked the gate about this number. */
  unasked: boolean
  /** No code stands in it: it says nothing about the share of texts that are proven. */
  answerless?: true
}

export interface TextBudget {
  /**
   * Counts the price of one text on number, prefix, client, country and in all, or on none, before it is sent;
   * committed on its own and never above a cap, over all instances. Idempotent per delivery. `country`: texts do not go
   * there; nothing is counted. Throws `Refusal('unavailable')` when it cannot be counted.
   */
  reserve(order: TextOrder): Promise<{ ok: true } | { ok: false; why: 'country' | 'cap' }>
  /** The text was never handed to a carrier: takes its price off the day it was counted on. Once. */
  giveBack(deliveryId: string): Promise<void>
  /**
   * Whether a text may be asked for now; reads only. `closed` when a cap has no room for it or too few of the texts
   * there are proven, `proof` when fewer are than should be or the settings say so. A country that is not allowed is
   * told from no other here, only when the text would be sent. Without a number: whether the cheapest text may
   * go for this client. A known browser is never closed out by the texts of others that were not proven: it works for
   * its own. Throws `Refusal('unavailable')`.
   */
  gate(number: PhoneNumber | null, clientId: string, knownBrowser: boolean): Promise<Stage>
  /** A code that was texted to the number was typed. */
  proven(number: PhoneNumber): Promise<void>
  /** The most that can be spent a day. */
  worstCase(): WorstCase
  /** Refreshes the gauges of spend and ratio, and warns once a day when a cap is nearly reached. */
  measure(): Promise<void>
}

export interface BudgetDeps {
  store: BudgetStore
  secrets: Pick<Secrets, 'hmac'>
  clock: Clock
  log: Log
  metrics: Metrics
  prices: PriceTable
  /** ISO 3166-1 alpha-2; `null` for every country. */
  countries: readonly string[] | null
  budget: Budget
  ratio: Pick<RatioRules, 'textsMin' | 'proofBelowPercent' | 'closeBelowPercent'>
  proofOfWork: 'off' | 'texts' | 'always'
}

const ROUNDS_MAX = 3
const COUNTRY_TRICKLE_MINUTES = 5
const PREFIX_TRICKLE_MINUTES = 15

/** The budget of text messages: money by caps a day, and the breaker on the share of texts proven. */
export function createBudget(deps: BudgetDeps): TextBudget {
  const { store, clock, log, prices, countries, budget, ratio, proofOfWork } = deps
  const subjects = createSubjects(deps)
  const worstCase = worstCaseOf(budget, prices, countries)
  const { currency } = prices
  const metrics = createBudgetMetrics(deps.metrics, { currency, capMicros: budget.all, worstCaseMicros: worstCase.micros })
  const watch = createWatch({ ...deps, budgetMetrics: metrics })
  const isAllowed = (country: string) => countries === null || countries.includes(country)
  const ofCountry = { ...ratio, trickleEveryMinutes: COUNTRY_TRICKLE_MINUTES }
  const ofPrefix = { ...ratio, textsMin: Math.ceil(ratio.textsMin / 2), trickleEveryMinutes: PREFIX_TRICKLE_MINUTES }
  const cheapestMicros = Math.min(
    ...(countries?.map((country) => priceOf(prices, country)) ?? [...prices.microsByCountry.values(), prices.otherMicros]),
  )

  const reserve: TextBudget['reserve'] = async ({ deliveryId, number, clientId, knownBrowser, unasked, answerless }) => {
    const { country, caps, tallyIds: all } = subjects.of(number, clientId, knownBrowser)
    const tallyIds = answerless ? [] : all
    if (!isAllowed(country)) {
      metrics.refused('not_allowed')
      return { ok: false, why: 'country' }
    }
    if (unasked && !knownBrowser && (await isClosed(deliveryId, all))) {
      metrics.refused('ratio')
      return { ok: false, why: 'cap' }
    }
    const priceMicros = priceOf(prices, country)
    for (let rounds = 1; rounds <= ROUNDS_MAX; rounds++) {
      const { day, hour } = momentOf(clock)
      const taken = await orUnavailable(log, store.reserve({ deliveryId, day, hour, priceMicros, caps, tallyIds }))
      if (taken.outcome === 'counted') return { ok: true }
      if (taken.outcome === 'full') {
        metrics.refused(narrowest(caps, taken.ids))
        return { ok: false, why: 'cap' }
      }
      if (taken.outcome === 'unknown') break
    }
    log.warn({ deliveryId }, 'the price of a text could not be counted')
    throw new Refusal('unavailable', { retryAfterSeconds: 1 })
  }

  async function giveBack(deliveryId: string): Promise<void> {
    const reserved = await orUnavailable(log, store.reserved(deliveryId))
    if (!reserved) return
    const { caps, tallyIds: all } = subjects.of(reserved.target as PhoneNumber, reserved.clientId, reserved.knownBrowser)
    const { costMicros, day, answerless } = reserved
    const tallyIds = answerless ? [] : all
    const order = { deliveryId, day, costMicros, hour: momentOf(clock).hour, ids: caps.map(({ id }) => id), tallyIds }
    await orUnavailable(log, store.giveBack(order))
  }

  /** What a question looks at. Nothing is counted for a country that is not allowed: only what all share can be full. */
  function lookFor(
    number: PhoneNumber | null,
    clientId: string,
    knownBrowser: boolean,
  ): Pick<Subjects, 'caps'> & Partial<Subjects> {
    if (number === null) return { caps: subjects.anybody(clientId) }
    const found = subjects.of(number, clientId, knownBrowser)
    return isAllowed(found.country) ? found : { country: found.country, caps: subjects.anybody(clientId) }
  }

  async function gate(number: PhoneNumber | null, clientId: string, knownBrowser: boolean): Promise<Stage> {
    const { country, caps, tallyIds } = lookFor(number, clientId, knownBrowser)
    const { day, hour } = momentOf(clock)
    const priceMicros = country !== undefined && isAllowed(country) ? priceOf(prices, country) : cheapestMicros
    const looking = store.look({ day, hour, priceMicros, caps, tallyIds: tallyIds ?? [] })
    const { full, tallies } = await orUnavailable(log, looking)
    if (full.length > 0) return gated('closed', 'cap')
    const stage = tallyIds ? stageIn(tallies, tallyIds) : 'open'
    if (stage !== 'open') return gated(knownBrowser ? 'proof' : stage, 'ratio')
    return proofOfWork === 'off' ? 'open' : gated('proof', 'setting')
  }

  /** The breaker for a text that no gate was asked about. One that is paid for goes on: it is among those sent already. */
  async function isClosed(deliveryId: string, tallyIds: Subjects['tallyIds']): Promise<boolean> {
    const { day, hour } = momentOf(clock)
    const { tallies } = await orUnavailable(log, store.look({ day, hour, priceMicros: 0, caps: [], tallyIds }))
    if (stageIn(tallies, tallyIds) !== 'closed') return false
    return (await orUnavailable(log, store.reserved(deliveryId))) === null
  }

  function stageIn(tallies: readonly Tally[], [country, prefix]: Subjects['tallyIds']): Stage {
    const { minuteOfHour } = momentOf(clock)
    const tallyOf = (id: string): Tally | undefined => tallies.find((tally) => tally.id === id)
    return stricter(stageOf(tallyOf(country), ofCountry, minuteOfHour), stageOf(tallyOf(prefix), ofPrefix, minuteOfHour))
  }

  function gated(answer: 'proof' | 'closed', why: 'cap' | 'ratio' | 'setting'): Stage {
    metrics.gated(answer, why)
    return answer
  }

  async function proven(number: PhoneNumber): Promise<void> {
    const { tallyIds } = subjects.of(number, '', false)
    await orUnavailable(log, store.proven(tallyIds, momentOf(clock).hour))
  }

  return { reserve, giveBack, gate, proven, worstCase: () => worstCase, measure: watch.measure }
}

/** The narrowest of the caps that are full; they stand narrowest first. */
function narrowest(caps: Subjects['caps'], ids: readonly string[]): CapName {
  return caps.find(({ id }) => ids.includes(id))?.name ?? 'all'
}
