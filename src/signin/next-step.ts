import { addSeconds, type Proof } from '../base/index.ts'
import type { Challenge } from '../factors/index.ts'
import type { Attempt } from './attempt.ts'

/** Which screen is next. */
export type Step =
  | { screen: 'identify' }
  /** A number on file was chosen; its last digits come first. */
  | { screen: 'last-digits'; attempt: Attempt; challenge: Challenge }
  | { screen: 'proof-of-work'; attempt: Attempt; challenge: Challenge }
  | { screen: 'wait'; attempt: Attempt; challenge: Challenge; nearEnd: boolean }
  /** What was proven is not enough, and nothing else is under way. */
  | { screen: 'second'; attempt: Attempt; proven: Challenge }
  | { screen: 'attempt-ended'; attempt: Attempt; challenge: Challenge }
  | { screen: 'gone-on'; attempt: Attempt }

const NEAR_END_SECONDS = 3 * 60

/** Decides from stored state alone. Pure: the same state and moment always give the same screen. */
export function nextStep(attempt: Attempt | null, now: Date): Step {
  const newest = attempt?.challenges[0]
  if (!attempt || !newest) return { screen: 'identify' }
  if (attempt.state === 'proven') return isFresh(attempt, now) ? { screen: 'gone-on', attempt } : { screen: 'identify' }
  if (attempt.state === 'ended') return { screen: 'identify' }
  const proven = attempt.challenges.find(({ state }) => state === 'used')
  if (attempt.proofs.length > 0 && !isFresh(attempt, now)) return { screen: 'attempt-ended', attempt, challenge: newest }
  // A method that was proven is not asked for again.
  const challenge = attempt.challenges.find(({ kind }) => !attempt.proofs.some((proof) => proof.kind === kind))
  if (!challenge) return proven ? { screen: 'second', attempt, proven } : { screen: 'identify' }
  if (challenge.expiresAt <= now) return { screen: 'attempt-ended', attempt, challenge }
  if (challenge.state === 'unnamed') return { screen: 'last-digits', attempt, challenge }
  if (challenge.state === 'held') return { screen: 'proof-of-work', attempt, challenge }
  if (challenge.state !== 'open') return { screen: 'attempt-ended', attempt, challenge }
  return { screen: 'wait', attempt, challenge, nearEnd: challenge.expiresAt <= addSeconds(now, NEAR_END_SECONDS) }
}

const PROOF_SECONDS_MAX = 10 * 60

/** Whether what was proven still counts: as long as a code would have been good. */
function isFresh(attempt: Attempt, now: Date): boolean {
  const last = attempt.proofs.at(-1)
  return last !== undefined && isYoung(last, now)
}

/** Whether a proof may count together with one that is given now. */
export function isYoung(proof: Proof, now: Date): boolean {
  return addSeconds(new Date(proof.at), PROOF_SECONDS_MAX) > now
}
