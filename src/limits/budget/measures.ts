import { counterIn, gaugeIn, type Metrics } from '../../base/index.ts'
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
  const { currency } = fixed
  const spend = gaugeIn(registry, 'doorward_sms_spend')
  gaugeIn(registry, 'doorward_sms_spend_cap').set({ currency }, fixed.capMicros / MICROS)
  gaugeIn(registry, 'doorward_sms_worst_case').set({ currency }, fixed.worstCaseMicros / MICROS)
  const ratio = gaugeIn(registry, 'doorward_sms_proven_ratio')
  const refusals = counterIn(registry, 'doorward_sms_refusals_total')
  const gated = counterIn(registry, 'doorward_sms_gated_total')
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
