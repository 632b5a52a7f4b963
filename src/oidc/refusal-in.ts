import { Refusal } from '../base/index.ts'

/** The refusal behind what the engine caught: it may have wrapped it on the way. */
export function refusalIn(error: unknown): Refusal | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof Refusal) return at
  }
  return null
}
