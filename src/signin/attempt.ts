import type { Proof, Tx } from '../base/index.ts'
import type { Challenge } from '../factors/index.ts'

/** One attempt to prove who one is, bound to one interaction of one browser. */
export interface Attempt {
  id: string
  /** The interaction's uid, opened from its seal. */
  interactionUid: string
  purpose: 'sign-in'
  clientId: string
  state: 'open' | 'proven' | 'ended'
  /** Browser and system in words. */
  device: string
  locale: string
  accountId: string | null
  proofs: readonly Proof[]
  createdAt: Date
  expiresAt: Date
  /** Newest first. */
  challenges: readonly Challenge[]
}

/** As stored: the interaction's uid hashed for the look-up, and sealed for the link in the mail. */
export interface AttemptRow extends Omit<Attempt, 'interactionUid' | 'challenges'> {
  interactionHash: string
  interactionSealed: string
}

export type StoredAttempt = AttemptRow & { challenges: Challenge[] }

/** What the sign-in needs from storage. */
export interface AttemptStore {
  /** Attempts of an interaction with their challenges, newest first, ten at most. */
  history(interactionHash: string): Promise<StoredAttempt[]>
  /** The attempt that a challenge belongs to, with that challenge. */
  ofChallenge(challengeId: string): Promise<StoredAttempt | null>
  /** Ends what is open in the interaction, then adds attempt and challenge. Parallel calls follow one another. */
  begin(tx: Tx, attempt: AttemptRow, challenge: Challenge): Promise<void>
  /**
   * Counts a try in a statement of its own, atomically: of any number of parallel calls at most `triesMax`
   * get a number. `null` when the challenge is closed, used, ended or expired.
   */
  countTry(challengeId: string, triesMax: number, now: Date): Promise<number | null>
  /** Single winner: the open challenge of an open attempt becomes used. False for everybody else. */
  consume(tx: Tx, challengeId: string, now: Date): Promise<boolean>
  /** Records the proof; the attempt is `proven` from now on. */
  prove(tx: Tx, attemptId: string, accountId: string, proof: Proof): Promise<void>
  /** Ends an attempt and its challenges. */
  end(tx: Tx, attemptId: string): Promise<void>
  /** Single winner within the cool-down: counts a further message. False when none is due or allowed. */
  addMessage(tx: Tx, challengeId: string, limits: { messagesMax: number; notAfter: Date }, now: Date): Promise<boolean>
  /** Moves the challenge's end: `capSeconds` after the first message, `ttlSeconds` after this hand-over. */
  handedOver(tx: Tx, challengeId: string, at: Date, lifetimes: { capSeconds: number; ttlSeconds: number }): Promise<void>
}
