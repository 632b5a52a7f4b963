import type { Challenge } from '../../factors/index.ts'
import { type Attempt, isKept } from '../../signin/index.ts'

/** The addresses that an attempt proves, the last one first. */
export function provenChallenges(attempt: Attempt): Challenge[] {
  const kinds = attempt.proofs.map(({ kind }) => kind).reverse()
  const addresses = attempt.challenges.filter((challenge) => !isKept(challenge))
  return kinds.flatMap((kind) => addresses.filter((challenge) => challenge.kind === kind))
}
