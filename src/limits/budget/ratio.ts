import type { Tally } from './store.ts'

/** How far texts to a country or prefix are trusted. */
export type Stage = 'open' | 'proof' | 'closed'

export interface RatioRules {
  /** Texts within this hour and the one before, below which their share says nothing. */
  textsMin: number
  /** Percent of texts proven, below which a proof of work is asked for; 0 for never. */
  proofBelowPercent: number
  /** Percent of texts proven, below which texts stop; 0 for never. */
  closeBelowPercent: number
  /** While closed, one text may go in each such span of the hour. */
  trickleEveryMinutes: number
}

/**
 * The stage that the share of texts proven leads to. Half of `textsMin` are left out of the texts sent: so many people
 * may be on their way from the text to the page, and a morning's first texts do not close a country.
 *
 * What is closed opens by itself. Texts leave the count with their hour, two hours after they were sent at the latest;
 * until then a trickle goes on behind a proof of work, as long as this hour's texts are fewer than its spans so far.
 * So whoever sent many in this hour waits for the next one, and its first span.
 */
export function stageOf(tally: Omit<Tally, 'id'> | undefined, rules: RatioRules, minuteOfHour: number): Stage {
  if (!tally || tally.sent < rules.textsMin) return 'open'
  const awaited = tally.sent - Math.floor(rules.textsMin / 2)
  const isBelow = (percent: number) => tally.proven * 100 < percent * awaited
  if (isBelow(rules.closeBelowPercent)) {
    const trickles = tally.sentThisHour < Math.floor(minuteOfHour / rules.trickleEveryMinutes)
    return trickles ? 'proof' : 'closed'
  }
  return isBelow(rules.proofBelowPercent) ? 'proof' : 'open'
}

/** The stricter of two stages. */
export function stricter(one: Stage, other: Stage): Stage {
  if (one === 'closed' || other === 'closed') return 'closed'
  return one === 'proof' || other === 'proof' ? 'proof' : 'open'
}
