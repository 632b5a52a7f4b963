import type { Address, AddressKind, Clock, Secrets } from '../base/index.ts'
import type { NewestDelivery } from '../delivery/index.ts'
import type { Channel } from '../text/index.ts'

/** How a challenge was answered: by the code that was typed, or by the link that was opened. */
export type Face = 'code' | 'link'

/** One challenge of one method within an attempt. Nothing in it opens anything: answers are derived. */
export interface Challenge {
  id: string
  attemptId: string
  kind: string
  /** The canonical address. `NOBODY` where a number on file was asked for and not named: nothing proves it. */
  target: Address
  /** Keyed hash of the address, for counting. */
  targetKey: string
  /** Which secret derives the answers. */
  secretId: string
  /** It was begun in a browser that had signed in with this address before. */
  knownBrowser: boolean
  /** False: its messages carry the link only, or the long code, since the address's short code was closed. */
  shortCode: boolean
  /** `unnamed`: the last digits of a number on file come first. `held`: a proof of work does. Nothing is sent before. */
  state: 'unnamed' | 'held' | 'open' | 'used' | 'ended'
  tries: number
  messages: number
  /** The page speaks of the challenge that was chosen last. */
  chosenAt: Date
  firstSentAt: Date
  lastSentAt: Date
  lastHandedAt: Date | null
  expiresAt: Date
  usedAt: Date | null
  /** Wrong codes in a row at its address when it was read, as its browser's are counted (see limits/guesses). */
  failures: number
  /** Its newest message when it was read; null for none. */
  newest: NewestDelivery | null
}

const ON_FILE = 'nobody:'

/**
 * How a challenge to a number on file is counted: by the address that was typed, whether somebody named the number or
 * not, so that it looks alike from outside. It marks the challenge as one.
 */
export function onFileKey(typedKey: string): string {
  return `${ON_FILE}${typedKey}`
}

/** Whether a challenge is to a number that was not typed. */
export function isOnFile(challenge: Pick<Challenge, 'targetKey'>): boolean {
  return challenge.targetKey.startsWith(ON_FILE)
}

/** The target of a challenge that leads to nobody. It looks like any other from outside. */
export const NOBODY = '' as Address

/** An identifier that a method can work with, in canonical form. */
export interface Offer {
  kind: string
  target: Address
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
  /** How its messages go. */
  channel: Channel
  /** What it proves. */
  addressKind: AddressKind
  /**
   * The identifier a person typed, if this method can use it; `unfit` when it is one that no message reaches; else
   * null. `countries` (ISO 3166-1 alpha-2): where a number without a country code may be from, likeliest first.
   */
  offer(typed: string, countries: readonly string[]): Offer | 'unfit' | null
  /** The same for an address that is known to be one. */
  offerFor(target: Address): Offer
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

/** A secret that a person keeps: an authenticator's seed, or one recovery code. */
export interface Credential {
  id: string
  kind: string
  /** What answers are judged by. It is sealed or hashed: nothing can be read off it. */
  data: string
  /** The person's own name for it; may be empty. */
  label: string
  /** What was used up: this value and every one below it. */
  counter: bigint
  /** Of a passkey: its credential id (WebAuthn), base64url; null for all else. */
  externalId: string | null
  /** Null: it was never proven and counts for nothing. */
  provenAt: Date | null
  lastUsedAt: Date | null
  createdAt: Date
}

/**
 * A way to prove who one is by a secret that was set up before. Limits, counting the try before judging, using the
 * answer up and the audit trail are the caller's, as with `Factor`.
 */
export interface CredentialFactor {
  /** The folder's name, the credential's and the challenge's `kind`. */
  kind: 'totp' | 'recovery'
  /** Reads what was typed; null when it cannot be an answer and needs no judging. */
  read(typed: string): string | null
  /**
   * Which credential the answer proves, and the counter that uses it up; null when it proves none. The account is the
   * credentials' owner. Stores nothing: the answer counts only for the one who burns that counter.
   */
  judge(
    credentials: readonly Credential[],
    accountId: string,
    answer: string,
  ): Promise<{ credentialId: string; counter: bigint } | null>
  /** Authentication Method References (RFC 8176 and Doorward's own). */
  amr: readonly string[]
  /** What it makes of a sign-in together with a first proof. */
  level: 2 | 3
}

export interface CredentialFactorDeps extends FactorDeps {
  clock: Clock
}
