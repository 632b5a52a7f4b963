import type { EmailAddress, Secrets } from '../base/index.ts'

/** How a challenge was answered: by the code that was typed, or by the link that was opened. */
export type Face = 'code' | 'link'

/** One challenge of one method within an attempt. Nothing in it opens anything: answers are derived. */
export interface Challenge {
  id: string
  attemptId: string
  kind: string
  /** The canonical address. */
  target: EmailAddress
  /** Keyed hash of the address, for counting. */
  targetKey: string
  /** Which secret derives the answers. */
  secretId: string
  /** It was begun in a browser that had signed in with this address before. */
  knownBrowser: boolean
  /** False: its messages carry the link only, since the address's short code was closed. */
  shortCode: boolean
  state: 'open' | 'used' | 'ended'
  tries: number
  messages: number
  firstSentAt: Date
  lastSentAt: Date
  lastHandedAt: Date | null
  expiresAt: Date
  usedAt: Date | null
}

/** An identifier that a method can work with, in canonical form. */
export interface Offer {
  kind: string
  target: EmailAddress
  targetKey: string
}

/** An answer, read once: the same text is counted and compared. */
export interface Answer {
  face: Face
  /** `short` codes can be guessed and are counted by address; the others cannot. */
  strength: 'short' | 'long'
  text: string
}

/** What judging says. `amr` are Authentication Method References (RFC 8176 and Doorward's own). */
export type Verdict = { outcome: 'proven'; amr: readonly string[]; level: 1 | 2 } | { outcome: 'wrong' }

/**
 * A way to prove who one is. The shared phases of an attempt (limits, count the try before judging, expire,
 * use once, audit) live in `signin` and cannot be forgotten here.
 */
export interface Factor {
  /** The folder's name, and the challenge's `kind`. */
  kind: string
  stage: 'first' | 'second' | 'either'
  /** The identifier a person typed, if this method can use it; else null. */
  offer(typed: string): Offer | null
  /** Reads what was typed into the code field; null when it cannot be an answer and needs no judging. */
  readCode(typed: string): Answer | null
  readLink(token: string): Answer | null
  /** Compares in constant time. Decides nothing but right or wrong. */
  judge(challenge: Challenge, answer: Answer): Verdict
  /** The answers themselves, for the message and for the page in another browser. Never stored. */
  answers(challenge: Pick<Challenge, 'id' | 'secretId'>): { link: string; shortCode: string; longCode: string }
}

export interface FactorDeps {
  secrets: Secrets
}
