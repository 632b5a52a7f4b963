import type { Challenge } from '../../factors/index.ts'
import type { OpenVisit } from './visit.ts'

/** Never in place of what an application asked for, nor by a code that stands for a factor that was lost. */
export function mayRemember({ requirement }: OpenVisit, { kind }: Pick<Challenge, 'kind'>): boolean {
  return requirement.acr === null && kind !== 'recovery'
}
