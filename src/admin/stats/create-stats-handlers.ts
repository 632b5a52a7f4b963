import type { Chain, DailyCount } from '../../audit/index.ts'
import { type AdminActor, roleOf } from '../actor.ts'
import type { Handlers } from '../operation.ts'
import type { statsOperations } from '../specs/audit.ts'
import { dayOf, daysUntil, failuresOf, totalsOf } from './days.ts'

interface StatsHandlerDeps {
  store: {
    /** Counts of days, both ends included. */
    counts(from: string, to: string): Promise<DailyCount[]>
    /** What all texts of each day cost. */
    spent(from: string, to: string): Promise<{ day: string; spentMicros: number }[]>
  }
  chain: Pick<Chain, 'headAt'>
  /** The budget of all texts of a day; null where no texts are sent. */
  budget: { microsPerDay: number; currency: string } | null
}

/** What happened, by day, and who asks. */
export function createStatsHandlers(deps: StatsHandlerDeps): Handlers<typeof statsOperations> {
  const { store, chain, budget } = deps
  return {
    async 'stats.show'({ now }, input) {
      const days = daysUntil(now, 2 * input.days)
      const [from = '', to = ''] = [days[0], days.at(-1)]
      const shown = days.slice(input.days)
      const [counts, spent, headAt] = await Promise.all([store.counts(from, to), store.spent(from, to), chain.headAt()])
      const current = counts.filter(({ day }) => shown.includes(day))
      const spentOn = new Map(spent.map(({ day, spentMicros }) => [day, spentMicros]))
      return {
        days: shown.map((day) => dayOf(day, current, spentOn.get(day) ?? 0)),
        before: totalsOf(counts.filter(({ day }) => !shown.includes(day))),
        failures: failuresOf(current),
        budget_micros_per_day: budget?.microsPerDay ?? null,
        currency: budget?.currency ?? null,
        counted_to: headAt?.toISOString() ?? null,
      }
    },

    async 'me.show'({ actor }) {
      return { kind: actor.kind, id: idOf(actor), role: roleOf(actor), scopes: [...actor.scopes].sort() }
    },
  }
}

function idOf(actor: AdminActor): string {
  if (actor.kind === 'person') return actor.accountId
  return actor.kind === 'client' ? actor.clientId : 'local'
}
