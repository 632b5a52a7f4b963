import { addSeconds } from '../base/index.ts'
import type { Challenge } from '../factors/index.ts'
import type { Attempt } from './attempt.ts'

/** Which screen is next. */
export type Step =
  | { screen: 'identify' }
  | { screen: 'wait'; attempt: Attempt; challenge: Challenge; nearEnd: boolean }
  | { screen: 'attempt-ended'; attempt: Attempt; challenge: Challenge }
  | { screen: 'gone-on'; attempt: Attempt }

const NEAR_END_SECONDS = 3 * 60

/** Decides from stored state alone. Pure: the same state and moment always give the same screen. */
export function nextStep(attempt: Attempt | null, now: Date): Step {
  const challenge = attempt?.challenges[0]
  if (!attempt || !challenge) return { screen: 'identify' }
  if (attempt.state === 'proven') return isFresh(attempt, now) ? { screen: 'gone-on', attempt } : { screen: 'identify' }
  if (attempt.state === 'ended') return { screen: 'identify' }
  if (challenge.state !== 'open' || challenge.expiresAt <= now) return { screen: 'attempt-ended', attempt, challenge }
  return { screen: 'wait', attempt, challenge, nearEnd: challenge.expiresAt <= addSeconds(now, NEAR_END_SECONDS) }
}

const PROOF_SECONDS_MAX = 10 * 60

/** Whether a proven attempt may still go on to the application: as long as a code would have been good. */
export function isFresh(attempt: Attempt, now: Date): boolean {
  const at = attempt.proofs.at(-1)?.at
  return attempt.state === 'proven' && at !== undefined && addSeconds(new Date(at), PROOF_SECONDS_MAX) > now
}
