import type { AddressView } from '../accounts/index.ts'
import { type Address, addSeconds } from '../base/index.ts'
import { type Attempt, isKept, nextStep } from '../signin/index.ts'
import type { RescuePolicy } from './deps.ts'
import type { Rescue } from './rescue.ts'

type Proven = Pick<Attempt, 'challenges' | 'proofs'>
type Begun = Pick<Rescue, 'address' | 'startedAt'>
/** For how long an address must have been the account's, and since when the account is there. */
interface Held {
  settledSeconds: number
  accountCreatedAt: Date
}
type Settled = Pick<RescuePolicy, 'settledSeconds' | 'phoneProofAgeSeconds' | 'texts'>

/** What a rescue may rest on: addresses that have been the account's for long enough, or from its first moment, and stay. */
export interface Grounds {
  emails: readonly AddressView[]
  /** Numbers that nobody else has by now, as far as one can know. */
  phones: readonly AddressView[]
  /** Of one kind there are only addresses that cannot be proven for it: they came lately, are to leave, or are dead. */
  barred: boolean
}

/** Of the account's addresses those that a rescue may rest on. */
export function groundsOf(all: readonly AddressView[], accountCreatedAt: Date, policy: Settled, now: Date): Grounds {
  const since = addSeconds(now, -policy.settledSeconds)
  const provenSince = addSeconds(now, -policy.phoneProofAgeSeconds)
  const there = all.filter(({ usableFrom }) => usableFrom <= now)
  const emails = there.filter(({ kind }) => kind === 'email')
  const phones = there.filter(({ kind, provenAt }) => kind === 'phone' && policy.texts && provenAt >= provenSince)
  const isSettled = ({ usableFrom }: AddressView) => usableFrom <= since || usableFrom <= accountCreatedAt
  const onGround = (one: AddressView) => isSettled(one) && stays(one, now)
  // The rescue rests on the mailbox: a number is asked for beside it until the day it has left.
  const beside = (one: AddressView) => isSettled(one) && one.deadSince === null
  const grounds = { emails: emails.filter(onGround), phones: phones.filter(emails.length > 0 ? beside : onGround) }
  const isBarred = (before: AddressView[], after: AddressView[]) => before.length > 0 && after.length === 0
  return { ...grounds, barred: isBarred(emails, grounds.emails) || isBarred(phones, grounds.phones) }
}

/** What this attempt still has to prove before a rescue begins. `address`: another one than it proved. */
export type Missing = 'email' | 'sms' | 'address'

/**
 * Null: the mailbox is proven, and the number where there is one. Both have to be, so that neither of the two alone ever
 * begins what opens an account.
 */
export function missingOf({ emails, phones, barred }: Grounds, attempt: Proven): Missing | null {
  if (barred || emails.length + phones.length === 0) return 'address'
  return lacks('email', emails, attempt) ?? lacks('sms', phones, attempt)
}

function lacks(kind: 'email' | 'sms', of: readonly AddressView[], attempt: Proven): Missing | null {
  if (of.length === 0) return null
  const proven = provenIn(attempt, kind)
  if (proven === null) return kind
  return of.some(({ address }) => address === proven) ? null : 'address'
}

/** The address that was proven by this method in this attempt; a living session's proof names none. */
export function provenIn({ challenges, proofs }: Proven, kind: 'email' | 'sms'): Address | null {
  const used = challenges.find((one) => one.kind === kind && one.state === 'used')
  return used && proofs.some((proof) => proof.kind === kind) ? used.target : null
}

/** Whether what it was begun with is the account's and stays so: a rescue goes with its address. */
export function standsOn(all: readonly AddressView[], rescue: Begun, held: Held, now: Date): boolean {
  return heldSince(all, rescue, held, now).length > 0
}

/** Whether this attempt has proven what the rescue was begun with. */
export function isProvenAgain(all: readonly AddressView[], rescue: Begun, attempt: Proven, held: Held, now: Date): boolean {
  const mine = heldSince(all, rescue, held, now)
  return mine.some(({ kind, address }) => provenIn(attempt, kind === 'email' ? 'email' : 'sms') === address)
}

// Where an administrator began it: an email address that was there for long by then, or from the account's first moment; a
// number only where there was no such mailbox, one that is to leave or is dead included. A thief who adds an address, takes
// out another one and asks for help has none of it.
function heldSince(
  all: readonly AddressView[],
  { address, startedAt }: Begun,
  { settledSeconds, accountCreatedAt }: Held,
  now: Date,
) {
  if (address !== null) return all.filter((one) => one.address === address && stays(one, now))
  const since = addSeconds(startedAt, -settledSeconds)
  const settled = all.filter(({ usableFrom }) => usableFrom <= since || usableFrom <= accountCreatedAt)
  const emails = settled.filter(({ kind }) => kind === 'email')
  return (emails.length > 0 ? emails : settled).filter((one) => stays(one, now))
}

// What messages come back from may be somebody else's mailbox by now.
function stays({ usableFrom, leavesAt, deadSince }: AddressView, now: Date): boolean {
  return usableFrom <= now && leavesAt === null && deadSince === null
}

/**
 * Whether it is a sign-in that still goes on with what was proven, and not with what may be somebody else's by now. An
 * attempt to prove an address is none. Nothing is lost where a factor was shown, and then nothing is replaced.
 */
export function isUnderWay(attempt: Attempt, now: Date): boolean {
  const { screen } = nextStep(attempt, now)
  const goesOn = attempt.purpose === 'sign-in' && attempt.state === 'open' && attempt.accountId !== null
  const certain = attempt.proofs.some(({ doubtful }) => !doubtful) && !attempt.proofs.some(isKept)
  return goesOn && certain && screen !== 'identify' && screen !== 'attempt-ended'
}
