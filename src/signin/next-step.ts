import { addSeconds, type Proof } from '../base/index.ts'
import type { Challenge } from '../factors/index.ts'
import { type Attempt, typedChallenge } from './attempt.ts'

/** Which screen is next. */
export type Step =
  | { screen: 'identify' }
  /** A number on file was chosen; its last digits come first. */
  | { screen: 'last-digits'; attempt: Attempt; challenge: Challenge }
  | { screen: 'proof-of-work'; attempt: Attempt; challenge: Challenge }
  | { screen: 'wait'; attempt: Attempt; challenge: Challenge; nearEnd: boolean }
  /** What was proven is not enough, and nothing else is under way. */
  | { screen: 'second'; attempt: Attempt; proven: Challenge }
  /** Which factor comes second. */
  | { screen: 'choose-factor'; attempt: Attempt }
  | { screen: 'factor-code'; attempt: Attempt; challenge: Challenge }
  /** A passkey of the account's own is asked for. */
  | { screen: 'passkey'; attempt: Attempt; challenge: Challenge }
  | { screen: 'enrol'; attempt: Attempt }
  | { screen: 'keep-codes'; attempt: Attempt }
  | { screen: 'attempt-ended'; attempt: Attempt; challenge: Challenge }
  | { screen: 'gone-on'; attempt: Attempt }

const NEAR_END_SECONDS = 3 * 60

/** Decides from stored state alone. Pure: the same state and moment always give the same screen. */
export function nextStep(attempt: Attempt | null, now: Date): Step {
  if (!attempt) return { screen: 'identify' }
  if (attempt.state === 'proven') return isFresh(attempt, now) ? { screen: 'gone-on', attempt } : { screen: 'identify' }
  if (attempt.state === 'ended') return { screen: 'identify' }
  if (attempt.proofs.length > 0 && !isFresh(attempt, now)) return ended(attempt)
  if (attempt.asks === 'enrol') return { screen: 'enrol', attempt }
  if (attempt.asks === 'keep-codes') return { screen: 'keep-codes', attempt }
  // A method that was proven is not asked for again.
  const left = attempt.challenges.filter(({ kind }) => !attempt.proofs.some((proof) => proof.kind === kind))
  if (attempt.asks === 'second') return secondStep(attempt, left, now)
  const [challenge] = left
  const proven = attempt.challenges.find(({ state }) => state === 'used')
  if (!challenge) return proven ? { screen: 'second', attempt, proven } : { screen: 'identify' }
  if (challenge.expiresAt <= now) return ended(attempt)
  if (challenge.state === 'unnamed') return { screen: 'last-digits', attempt, challenge }
  if (challenge.state === 'held') return { screen: 'proof-of-work', attempt, challenge }
  if (challenge.state !== 'open') return ended(attempt)
  return waiting(attempt, challenge, now)
}

/** Another factor: the one that was chosen, or the choice. */
function secondStep(attempt: Attempt, left: readonly Challenge[], now: Date): Step {
  const challenge = left.find(({ state }) => state === 'open')
  if (!challenge) return { screen: 'choose-factor', attempt }
  if (challenge.expiresAt <= now) return ended(attempt)
  if (challenge.kind === 'passkey') return { screen: 'passkey', attempt, challenge }
  return isKept(challenge) ? { screen: 'factor-code', attempt, challenge } : waiting(attempt, challenge, now)
}

function waiting(attempt: Attempt, challenge: Challenge, now: Date): Step {
  return { screen: 'wait', attempt, challenge, nearEnd: challenge.expiresAt <= addSeconds(now, NEAR_END_SECONDS) }
}

// What began with a living session begins with it again.
function ended(attempt: Attempt): Step {
  const typed = typedChallenge(attempt)
  return typed && !isKept(typed) ? { screen: 'attempt-ended', attempt, challenge: typed } : { screen: 'identify' }
}

/** Its secret is kept by the person; nothing is sent. */
export function isKept({ kind }: Pick<Challenge, 'kind'>): boolean {
  return kind === 'totp' || kind === 'recovery' || kind === 'passkey'
}

const PROOF_SECONDS_MAX = 10 * 60

/** Whether what was proven still counts: as long as a code would have been good. */
function isFresh(attempt: Attempt, now: Date): boolean {
  const last = attempt.proofs.at(-1)
  // A living session's proof may be older: then the attempt's own begin counts.
  return last !== undefined && (isYoung(last, now) || addSeconds(attempt.createdAt, PROOF_SECONDS_MAX) > now)
}

/** Whether nothing was proven but what may be somebody else's by now. */
export function isDoubtful(proofs: readonly Proof[]): boolean {
  return proofs.length > 0 && proofs.every(({ doubtful }) => doubtful === true)
}

/** Whether a proof may count together with one that is given now. */
export function isYoung(proof: Proof, now: Date): boolean {
  return addSeconds(new Date(proof.at), PROOF_SECONDS_MAX) > now
}
