import type { Proof, Tx } from '../base/index.ts'
import { type Challenge, isOnFile } from '../factors/index.ts'
import type { Requirement } from './policy.ts'

/** One attempt to prove who one is, bound to one interaction of one browser. */
export interface Attempt {
  id: string
  /** The interaction's uid, opened from its seal. */
  interactionUid: string
  /** What its proof is for. An answer for one purpose is none for another. */
  purpose: 'sign-in' | 'address'
  clientId: string
  state: 'open' | 'proven' | 'ended'
  /** Browser and system in words. */
  device: string
  locale: string
  /** Whose account it is, once something was proven. While the attempt is open, another proof is needed. */
  accountId: string | null
  proofs: readonly Proof[]
  createdAt: Date
  expiresAt: Date
  /** At most one of each method; the one chosen last comes first. */
  challenges: readonly Challenge[]
  /** What the sign-in must reach. */
  requirement: Requirement
  /** What comes next while what was proven is not enough. */
  asks: Asks | null
  /** Recovery codes that were made and not yet kept by the person, sealed. */
  sealed: string | null
}

/**
 * `email`: a number that was not proven for long wants its account's email address. `second`: another factor.
 * `enrol`: one is set up first. `keep-codes`: recovery codes are shown once.
 */
export type Asks = 'email' | 'second' | 'enrol' | 'keep-codes'

/** The challenge of the address that was typed: the attempt began with it. Never one to a number on file. */
export function typedChallenge(attempt: Attempt): Challenge | undefined {
  const typed = attempt.challenges.filter((challenge) => !isOnFile(challenge))
  return typed.toSorted((a, b) => a.firstSentAt.getTime() - b.firstSentAt.getTime())[0]
}

/** As stored: the interaction's uid hashed for the look-up, and sealed for the link in the mail. */
export interface AttemptRow extends Omit<Attempt, 'interactionUid' | 'challenges'> {
  interactionHash: string
  interactionSealed: string
}

export type StoredAttempt = AttemptRow & { challenges: Challenge[] }

/** Additional data of the sealed interaction uid. */
export const SEAL_CONTEXT = 'attempt/interaction'

/** An attempt as it was stored, for those who know its interaction. */
export function opened(row: StoredAttempt, interactionUid: string): Attempt {
  const { interactionHash: _hash, interactionSealed: _sealed, ...rest } = row
  return { ...rest, interactionUid }
}

/** What the sign-in needs from storage. */
export interface AttemptStore {
  /** Attempts of an interaction with their challenges, newest first, ten at most. */
  history(interactionHash: string): Promise<StoredAttempt[]>
  /** The attempt that a challenge belongs to, with that challenge. */
  ofChallenge(challengeId: string): Promise<StoredAttempt | null>
  /**
   * Ends what is open in the interaction, then adds attempt and challenge, which takes no short code after so many wrong
   * ones in a row at its address, as its browser's are counted. Parallel calls follow one another.
   */
  begin(tx: Tx, attempt: AttemptRow, first: { challenge: Challenge; failuresMax: number } | null): Promise<void>
  /** Adds a challenge of another method to an open attempt. False when it is not open or has one of this method. */
  add(tx: Tx, challenge: Challenge): Promise<boolean>
  /** Puts a challenge in the place of one of its method that was not used. False when the attempt is not open. */
  replace(tx: Tx, challengeId: string, challenge: Challenge): Promise<boolean>
  /** From now on the page speaks of this one. */
  choose(tx: Tx, challengeId: string, now: Date): Promise<void>
  /** An open challenge is put off. */
  hold(tx: Tx, challengeId: string): Promise<void>
  /** Every open challenge of the attempt is. */
  holdAll(tx: Tx, attemptId: string): Promise<void>
  /** An open attempt must reach this from now on; false when it is not open, and nobody else ends it before `tx` does. */
  require(tx: Tx, attemptId: string, requirement: Requirement): Promise<boolean>
  /** A challenge to a number on file asks for its digits again, when its last message is older than `notAfter`. */
  unname(tx: Tx, challengeId: string, notAfter: Date): Promise<void>
  /** Single winner: an `unnamed` challenge gets its target, unless it has one, and waits for a proof of work. */
  name(tx: Tx, challenge: Challenge): Promise<boolean>
  /**
   * Single winner: a challenge in state `from` becomes open, with one message more; its time begins with its first
   * message. A target that leads to nobody is replaced by the one given. False when it is in another state or has no
   * message left.
   */
  release(tx: Tx, challenge: Challenge, from: 'unnamed' | 'held', messagesMax: number): Promise<boolean>
  /**
   * Counts a try in a statement of its own, atomically: of any number of parallel calls at most `triesMax`
   * get a number. `null` when the challenge is closed, used, ended or expired. A guess is counted at its address too, by
   * the same statement, as one of its browser: `failures` are those in a row with this one, 0 for what is no guess.
   */
  countTry(
    challengeId: string,
    count: { triesMax: number; isGuess: boolean },
    now: Date,
  ): Promise<{ tries: number; failures: number } | null>
  /**
   * Single winner: the open challenge of an open attempt of this purpose becomes used, and with `endsGuesses` the wrong
   * ones at its address are forgotten. False for everybody else. True keeps everybody from ending the attempt before `tx` does.
   */
  consume(tx: Tx, challengeId: string, use: { purpose: Attempt['purpose']; endsGuesses: boolean }, now: Date): Promise<boolean>
  /**
   * Records what is proven in all, and whether that is enough: `open` asks for more. Single winner: false when the
   * attempt is not open any more.
   */
  prove(
    tx: Tx,
    attemptId: string,
    proven: Pick<Attempt, 'accountId' | 'proofs' | 'asks' | 'sealed'> & { state: 'open' | 'proven' },
  ): Promise<boolean>
  /**
   * Whether what was proven in an attempt still counts, and the addresses still are its account's; true keeps everybody
   * from ending it before `tx` does. One that does not stand ends.
   */
  standsIn(tx: Tx, attemptId: string): Promise<boolean>
  /** Ends the open and held challenges of an attempt, except those of `kinds`. */
  endOthers(tx: Tx, attemptId: string, kinds: readonly string[]): Promise<void>
  /** A held challenge takes answers again, without a message. */
  reopen(tx: Tx, challengeId: string, now: Date): Promise<void>
  /** Ends an attempt and its challenges. */
  end(tx: Tx, attemptId: string): Promise<void>
  /** Single winner within the cool-down: counts a further message. False when none is due or allowed. */
  addMessage(tx: Tx, challengeId: string, limits: { messagesMax: number; notAfter: Date }, now: Date): Promise<boolean>
}
