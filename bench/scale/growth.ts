import type { Contender } from '../contenders.ts'
import { measure } from '../measure.ts'
import { operations } from '../operations.ts'
import type { Postgres } from '../postgres.ts'
import { median, medianOf, type Sample } from '../samples.ts'

/** What is asked of the empty and of the full database. */
export const WATCHED: readonly string[] = ['client credentials', 'userinfo', 'introspection', 'refresh', 'authorize', 'sign-in']
/** How much longer an operation may take among all these rows. */
const RATIO_MAX = 1.2
const LOAD = { warmUpMs: 500, runMs: 3000 }

/** One operation at both databases: what a client waits for at the median, and what PostgreSQL works, in milliseconds. */
export interface Growth {
  operation: string
  emptyMs: number
  fullMs: number
  emptyPostgresMs: number
  fullPostgresMs: number
  /** The median over the rounds: within one, both were asked in the same seconds. */
  ratio: number
  kept: boolean
}

/** Asks both by turns, so that what else the machine does meets both alike. */
export async function growthBetween(
  { empty, full, postgres }: { empty: Contender; full: Contender; postgres: Postgres },
  rounds: number,
  say: (words: string) => void,
): Promise<Growth[]> {
  const found: Growth[] = []
  for (const operation of operations.filter(({ name }) => WATCHED.includes(name))) {
    const samples: { empty: Sample[]; full: Sample[] } = { empty: [], full: [] }
    for (let round = 0; round < rounds; round++) {
      samples.empty.push(await measure(empty, operation, LOAD, postgres))
      samples.full.push(await measure(full, operation, LOAD, postgres))
    }
    const ratio = median(samples.full.map(({ p50Ms }, round) => p50Ms / (samples.empty[round]?.p50Ms ?? Number.NaN)))
    const growth: Growth = {
      ...{ operation: operation.name, ratio, kept: ratio <= RATIO_MAX },
      ...{ emptyMs: medianOf(samples.empty, 'p50Ms'), fullMs: medianOf(samples.full, 'p50Ms') },
      emptyPostgresMs: medianOf(samples.empty, 'postgresCpuMs'),
      fullPostgresMs: medianOf(samples.full, 'postgresCpuMs'),
    }
    found.push(growth)
    say(`${operation.name}: ${growth.emptyMs.toFixed(1)} ms empty, ${growth.fullMs.toFixed(1)} ms full: ${ratio.toFixed(2)}`)
  }
  return found
}
