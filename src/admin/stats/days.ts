import type { z } from 'zod'
import { type DailyCount, FAILURES, HAND_OVER_SECONDS, METHODS, type Measure } from '../../audit/index.ts'
import type { statsOperations } from '../specs/audit.ts'

type Stats = z.input<(typeof statsOperations)['stats.show']['output']>
type Day = Stats['days'][number]
type Counted = Stats['failures'][number]

const DAY_MS = 86_400_000

/** The days (UTC, `YYYY-MM-DD`) up to that of `until`, oldest first. */
export function daysUntil(until: Date, count: number): string[] {
  return Array.from({ length: count }, (_, nth) => {
    const at = new Date(until.getTime() - (count - 1 - nth) * DAY_MS)
    return at.toISOString().slice(0, 10)
  })
}

/** What is said of one day; `counts` may be of others too. */
export function dayOf(day: string, counts: readonly DailyCount[], spentMicros: number): Day {
  const own = counts.filter((count) => count.day === day)
  const mails = HAND_OVER_SECONDS.map((seconds) => ({ seconds, count: sumOf(own, 'hand_over', String(seconds)) }))
  return {
    day,
    started: sumOf(own, 'started'),
    completed: sumOf(own, 'completed'),
    methods: labelled(own, 'method', METHODS),
    hand_over_median_seconds: boundOf(mails, 0.5),
    hand_over_slow_seconds: boundOf(mails, 0.95),
    spent_micros: spentMicros,
  }
}

/**
 * Why people did not get in. Who neither completed nor met anything that is counted never answered; a sign-in that met
 * several things, or goes on past midnight, makes that number smaller than it is.
 */
export function failuresOf(counts: readonly DailyCount[]): Counted[] {
  const known = labelled(counts, 'failure', FAILURES)
  // Who gives no consent has completed the sign-in before.
  const ended = known.filter(({ label }) => label !== 'consent_cancelled').reduce((sum, { count }) => sum + count, 0)
  const never = sumOf(counts, 'started') - sumOf(counts, 'completed') - ended
  return [{ label: 'never_answered', count: Math.max(0, never) }, ...known]
}

export function totalsOf(counts: readonly DailyCount[]): { started: number; completed: number } {
  return { started: sumOf(counts, 'started'), completed: sumOf(counts, 'completed') }
}

function labelled(counts: readonly DailyCount[], measure: Measure, labels: readonly string[]): Counted[] {
  return labels.map((label) => ({ label, count: sumOf(counts, measure, label) }))
}

function sumOf(counts: readonly DailyCount[], measure: Measure, label?: string): number {
  return counts.reduce(
    (sum, one) => (one.measure === measure && (label === undefined || one.label === label) ? sum + one.count : sum),
    0,
  )
}

/** The bound within which that share of the mails was taken. */
function boundOf(mails: readonly { seconds: number; count: number }[], share: number): number | null {
  const all = mails.reduce((sum, { count }) => sum + count, 0)
  if (all === 0) return null
  let seen = 0
  for (const { seconds, count } of mails) {
    seen += count
    if (seen >= all * share) return seconds
  }
  return null
}
