import { Counter, Gauge } from 'prom-client'
import type { Metrics } from '../../base/index.ts'
import type { CapName } from '../../config/index.ts'

export interface BudgetMetrics {
  /**
   * A text was refused before it was sent: a cap has no room, its country is not allowed, or it was to go to a number on
   * file where too few texts are proven.
   */
  refused(why: CapName | 'not_allowed' | 'ratio'): void
  /** A question whether texts may go somewhere was answered by something other than `open`. */
  gated(answer: 'proof' | 'closed', why: 'cap' | 'ratio' | 'setting'): void
  spend(micros: number): void
  /** Share of texts proven by country, 0 to 1; countries without texts are left out. */
  ratios(shares: ReadonlyMap<string, number>): void
}

const MICROS = 1_000_000

/** Registers the budget's metrics. No label holds a number, a prefix or a client. */
export function createBudgetMetrics(
  registry: Metrics,
  fixed: { currency: string; capMicros: number; worstCaseMicros: number },
): BudgetMetrics {
  const registers = [registry]
  const { currency } = fixed
  const money = (name: string, help: string) => new Gauge({ name, help, labelNames: ['currency'], registers })
  const spend = money('doorward_sms_spend', 'What texts cost today (UTC), in the whole deployment')
  money('doorward_sms_spend_cap', 'The most that texts may cost in a day').set({ currency }, fixed.capMicros / MICROS)
  money('doorward_sms_worst_case', 'The most that texts can cost in a day, by all caps and countries').set(
    { currency },
    fixed.worstCaseMicros / MICROS,
  )
  const ratio = new Gauge({
    name: 'doorward_sms_proven_ratio',
    help: 'Share of the texts of this hour and the one before whose code was typed',
    labelNames: ['country'],
    registers,
  })
  const refusals = new Counter({
    name: 'doorward_sms_refusals_total',
    help: 'Texts refused before they were sent, by the narrowest cap without room, or why else',
    labelNames: ['cap'],
    registers,
  })
  const gated = new Counter({
    name: 'doorward_sms_gated_total',
    help: 'Requests for a text that were asked for a proof of work or led elsewhere, and why',
    labelNames: ['answer', 'why'],
    registers,
  })
  return {
    refused: (cap) => refusals.inc({ cap }),
    gated: (answer, why) => gated.inc({ answer, why }),
    spend: (micros) => spend.set({ currency }, micros / MICROS),
    ratios: (shares) => {
      ratio.reset()
      for (const [country, share] of shares) ratio.set({ country }, share)
    },
  }
}
