import type { Audit, EventWho } from '../audit/index.ts'
import {
  type Address,
  type AddressKind,
  addSeconds,
  type Clock,
  type EmailAddress,
  isEmail,
  newId,
  type PhoneNumber,
  type Tx,
} from '../base/index.ts'
import type { Signup } from '../config/index.ts'
import type { Account, AccountState } from './account.ts'
import { claimsOf } from './claims.ts'
import { mayJoin } from './signup.ts'

interface AtDoor {
  living: AccountState | null
  invited: boolean
  waiting: AccountState | null
}

/** What accounts need from storage. */
export interface AccountStore {
  /** Account and addresses in one statement: every token request asks. */
  find(id: string, now: Date): Promise<Account | null>
  /** The account that this address opens, outside of any transaction. */
  byAddress(kind: AddressKind, address: Address, now: Date): Promise<FoundAccount | null>
  /** The same within `tx`; it must see what others have committed before the call. */
  byAddressIn(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<FoundAccount | null>
  /**
   * Takes the address from an account that it has left, and erases an account whose closing has come; answers the id of
   * the erased one.
   */
  free(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<string | null>
  /**
   * Makes account and address together, or nothing when the address belongs to somebody: of parallel calls with
   * one address a single one answers true, the others wait for its outcome. It leaves no account without address.
   */
  create(tx: Tx, account: NewAccount): Promise<boolean>
  /**
   * Writes that this number of the account was proven at `now`; never takes a later proof back. Null: its only number,
   * and nothing where it has several.
   */
  proven(tx: Tx, accountId: string, number: PhoneNumber | null, now: Date): Promise<void>
  /**
   * Takes an address from an account when its last proof is older than `provenBefore`. Of parallel calls a single one
   * answers true; so does none when the address is proven anew meanwhile.
   */
  release(tx: Tx, address: ReleasedAddress): Promise<boolean>
  /** Writes the time of the sign-in when the account is active, under its row's lock; false when it is not. */
  signedIn(tx: Tx, id: string, now: Date): Promise<boolean>
  /**
   * Who may come in at this address, asked at once, so that it takes equally long for everybody: the state of the account that
   * it opens, whether it is invited, and the state of an account that was imported with it and that nobody has proven yet.
   */
  atDoor(kind: AddressKind, address: Address, now: Date): Promise<AtDoor>
  /** Whether an invitation by this address is in force. */
  isInvited(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<boolean>
  /**
   * Single winner: takes the invitation by this address and gives its role to the account, unless that has one. Null when
   * there is none in force.
   */
  acceptInvitation(tx: Tx, kind: AddressKind, address: Address, accountId: string, now: Date): Promise<AcceptedInvitation | null>
  /**
   * The account that waits for this address and has none of its own, locked until the end of `tx`; null where the address
   * begins as any other.
   */
  waiting(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<{ accountId: string; state: AccountState } | null>
  /** Gives it the address, after `waiting`; false when that is somebody's by now. */
  claim(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<boolean>
}

/** An invitation that was taken up. */
export interface AcceptedInvitation {
  /** The role that the account has by it; null for none. */
  role: string | null
  /** Who invited, as the trail names them. */
  invitedBy: string
}

/** An account, and what is known of the very address that it was found by. */
export interface FoundAccount {
  account: Account
  provenAt: Date
  /** Messages come back from it since then. */
  deadSince: Date | null
}

interface NewAccount {
  id: string
  kind: AddressKind
  address: Address
  locale: string | null
  now: Date
}

interface ReleasedAddress {
  kind: AddressKind
  address: Address
  accountId: string
  provenBefore: Date
}

/** An address that has just been proven, with what the trail says about it: in which attempt, for which application, where. */
export interface ProvenAddress extends EventWho {
  kind: AddressKind
  address: Address
  /** BCP 47 tag of the language of the attempt. */
  locale: string | null
  attemptId: string
}

/**
 * Whose the proven address is: an account's, a new one's, or nobody's who may come in. `stale`: an account's, and the
 * address may be somebody else's by now: messages came back from it, or it is a number that was not proven for so long. A
 * second proof opens the account.
 */
export type Proven =
  | { outcome: 'existing' | 'created' | 'stale'; account: Account }
  | { outcome: 'refused'; reason: 'signup_closed' | 'account_closed' | 'address_waits' }

export interface Accounts {
  find(id: string): Promise<Account | null>
  /** Null also for an account whose closing has come: its addresses are nobody's, and begin a new one. */
  byEmail(address: EmailAddress): Promise<Account | null>
  byAddress(address: Address): Promise<Account | null>
  /**
   * What somebody is told who types this address to sign in: that the sign-in goes on, that the account is closed, or that
   * there is none and can be none. Asked in the worker and never on the way of a request.
   */
  doorFor(address: Address): Promise<'open' | 'closed' | 'none'>
  /**
   * Tells whose account a proven address opens, and makes it when there is none and the policy or an invitation lets it:
   * the only way to an account that was not imported. One that was imported with addresses that nobody has proven
   * is opened by the first of them.
   * An address that messages came back from opens its account only beside another proof, and begins none.
   * A number that was not proven for `phoneProofAgeSeconds` opens its account no more: with an email address
   * the account is `stale`; without one it can never be told from its number's next owner, so it is freed of the
   * number and a new account begins.
   */
  prove(tx: Tx, proof: ProvenAddress): Promise<Proven>
  /**
   * The number counts as proven now: its own proof was confirmed by a second one. Without a number it is the account's
   * only one; where it has several none is renewed.
   */
  renew(tx: Tx, accountId: string, number?: PhoneNumber): Promise<void>
  /** The last look before a session is made: false when the account has been suspended or closed meanwhile. */
  signedIn(tx: Tx, accountId: string): Promise<boolean>
  claimsOf(account: Account): Record<string, unknown>
}

/** Accounts, and the rule who may join. */
export function createAccounts(deps: {
  store: AccountStore
  audit: Pick<Audit, 'record'>
  clock: Clock
  signup: Signup
  phoneProofAgeSeconds: number
}): Accounts {
  const { store, audit, clock } = deps
  const joins = mayJoin(deps.signup)

  async function prove(tx: Tx, proof: ProvenAddress): Promise<Proven> {
    const now = clock.now()
    const found = livingOne(await store.byAddressIn(tx, proof.kind, proof.address, now), now)
    if (!found) return begin(tx, proof)
    const { account, provenAt, deadSince } = found
    if (account.state !== 'active') return existing(account)
    if (isEmail(proof.address)) return deadSince ? { outcome: 'stale', account } : existing(account)
    const provenBefore = addSeconds(now, -deps.phoneProofAgeSeconds)
    if (provenAt >= provenBefore) {
      if (deadSince) return { outcome: 'stale', account }
      await store.proven(tx, account.id, proof.address, now)
      return existing(account.phone === proof.address ? { ...account, phoneProvenAt: now } : account)
    }
    return account.email ? { outcome: 'stale', account } : begin(tx, proof, { accountId: account.id, provenBefore })
  }

  /** A new account for the address, which is first taken from an account that has let its proof grow old. */
  async function begin(tx: Tx, proof: ProvenAddress, old?: { accountId: string; provenBefore: Date }): Promise<Proven> {
    const { kind, address, locale } = proof
    const claimed = old ? null : await claim(tx, proof)
    if (claimed) return claimed
    if (!joins(address) && !(await store.isInvited(tx, kind, address, clock.now()))) {
      return old ? { outcome: 'refused', reason: 'signup_closed' } : lateOrRefused(tx, proof)
    }
    if (old && (await store.release(tx, { kind, address, ...old }))) await tellReleased(tx, old.accountId, proof)
    const erased = await store.free(tx, kind, address, clock.now())
    if (erased) await audit.record(tx, 'account.erased', { accountId: erased })
    const id = newId()
    if (await store.create(tx, { id, kind, address, locale, now: clock.now() })) {
      await audit.record(tx, 'account.created', { ...whereOf(proof), accountId: id })
      await tellProven(tx, id, proof)
    }
    // Whoever lost the race finds here the account that won.
    const found = await store.byAddressIn(tx, kind, address, clock.now())
    // It is to be somebody's, and opens nothing until then.
    if (!found) return { outcome: 'refused', reason: 'address_waits' }
    return found.account.id === id ? { outcome: 'created', account: found.account } : existing(found.account)
  }

  /** The account that was imported with this address, if it is opened by it. */
  async function claim(tx: Tx, proof: ProvenAddress): Promise<Proven | null> {
    const { kind, address } = proof
    const waiting = await store.waiting(tx, kind, address, clock.now())
    if (!waiting) return null
    if (waiting.state !== 'active') return { outcome: 'refused', reason: 'account_closed' }
    const erased = await store.free(tx, kind, address, clock.now())
    if (erased) await audit.record(tx, 'account.erased', { accountId: erased })
    if (!(await store.claim(tx, kind, address, clock.now()))) return null
    await tellProven(tx, waiting.accountId, proof)
    const found = await store.byAddressIn(tx, kind, address, clock.now())
    return found && existing(found.account)
  }

  /** Nobody new may join; of two proofs at once the other one may have used up the invitation meanwhile. */
  async function lateOrRefused(tx: Tx, { kind, address }: ProvenAddress): Promise<Proven> {
    const now = clock.now()
    const found = livingOne(await store.byAddressIn(tx, kind, address, now), now)
    return found ? existing(found.account) : { outcome: 'refused', reason: 'signup_closed' }
  }

  /** An address that belongs to an account since just now. Whoever was invited by it has come. */
  async function tellProven(tx: Tx, accountId: string, proof: ProvenAddress): Promise<void> {
    const { kind, address } = proof
    const where = { ...whereOf(proof), accountId }
    await audit.record(tx, 'address.proven', { ...where, detail: { kind, address } })
    const invitation = await store.acceptInvitation(tx, kind, address, accountId, clock.now())
    if (!invitation) return
    const { role, invitedBy } = invitation
    await audit.record(tx, 'invitation.accepted', { ...where, detail: role ? { role } : {} })
    if (role) await audit.record(tx, 'administrator.granted', { ...where, actorId: invitedBy, detail: { role } })
  }

  async function tellReleased(tx: Tx, accountId: string, proof: ProvenAddress): Promise<void> {
    const { kind, address } = proof
    await audit.record(tx, 'address.released', { ...whereOf(proof), accountId, detail: { kind, address } })
  }

  async function doorFor(address: Address): ReturnType<Accounts['doorFor']> {
    const { living, invited, waiting } = await store.atDoor(isEmail(address) ? 'email' : 'phone', address, clock.now())
    const state = living ?? waiting
    if (state) return state === 'active' ? 'open' : 'closed'
    return invited || joins(address) ? 'open' : 'none'
  }

  async function byAddress(address: Address): Promise<Account | null> {
    const now = clock.now()
    return livingOne(await store.byAddress(isEmail(address) ? 'email' : 'phone', address, now), now)?.account ?? null
  }

  return {
    find: (id) => store.find(id, clock.now()),
    byEmail: byAddress,
    byAddress,
    doorFor,
    prove,
    renew: (tx, accountId, number) => store.proven(tx, accountId, number ?? null, clock.now()),
    signedIn: (tx, accountId) => store.signedIn(tx, accountId, clock.now()),
    claimsOf,
  }
}

function whereOf({ kind: _kind, address: _address, locale: _locale, ...where }: ProvenAddress) {
  return where
}

/** Nobody, where the closing of the account has come: it is as good as erased. */
function livingOne(found: FoundAccount | null, now: Date): FoundAccount | null {
  const { closingAt = null } = found?.account ?? {}
  return closingAt && closingAt <= now ? null : found
}

function existing(account: Account): Proven {
  if (account.state !== 'active') return { outcome: 'refused', reason: 'account_closed' }
  return { outcome: 'existing', account }
}
