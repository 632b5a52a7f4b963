import type { Audit, EventWho } from '../audit/index.ts'
import {
  type Address,
  type AddressKind,
  addSeconds,
  type Clock,
  type EmailAddress,
  isEmail,
  newId,
  type Tx,
} from '../base/index.ts'
import type { Signup } from '../config/index.ts'
import type { Account } from './account.ts'
import { claimsOf } from './claims.ts'
import { mayJoin } from './signup.ts'

/** What accounts need from storage. */
export interface AccountStore {
  /** Account and addresses in one statement: every token request asks. */
  find(id: string, now: Date): Promise<Account | null>
  /** The account that has proven this address, outside of any transaction. */
  byAddress(kind: AddressKind, address: Address, now: Date): Promise<Account | null>
  /** The same within `tx`; it must see what others have committed before the call. */
  byAddressIn(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<Account | null>
  /**
   * Makes account and address together, or nothing when the address belongs to somebody: of parallel calls with
   * one address a single one answers true, the others wait for its outcome. It leaves no account without address.
   */
  create(tx: Tx, account: NewAccount): Promise<boolean>
  /** Writes that the account's number was proven at `now`; never takes a later proof back. */
  proven(tx: Tx, accountId: string, now: Date): Promise<void>
  /**
   * Takes an address from an account when its last proof is older than `provenBefore`. Of parallel calls a single one
   * answers true; so does none when the address is proven anew meanwhile.
   */
  release(tx: Tx, address: ReleasedAddress): Promise<boolean>
  /** Writes the time of the sign-in when the account is active, under its row's lock; false when it is not. */
  signedIn(tx: Tx, id: string, now: Date): Promise<boolean>
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
 * Whose the proven address is: an account's, a new one's, or nobody's who may come in. `stale`: an account's whose
 * number was not proven for so long that it may be somebody else's by now; a second proof opens it.
 */
export type Proven =
  | { outcome: 'existing' | 'created' | 'stale'; account: Account }
  | { outcome: 'refused'; reason: 'signup_closed' | 'account_closed' }

export interface Accounts {
  find(id: string): Promise<Account | null>
  byEmail(address: EmailAddress): Promise<Account | null>
  byAddress(address: Address): Promise<Account | null>
  /** Whether a person with this address could make an account. Says nothing about those who have one. */
  mayJoin(address: Address): boolean
  /**
   * Tells whose account a proven address opens, and makes it when there is none: the only way to an account.
   * A number that was not proven for `phoneProofAgeSeconds` opens its account no more: with an email address
   * the account is `stale`; without one it can never be told from its number's next owner, so it is freed of the
   * number and a new account begins.
   */
  prove(tx: Tx, proof: ProvenAddress): Promise<Proven>
  /** The account's number counts as proven now: its own proof was confirmed by a second one. */
  renew(tx: Tx, accountId: string): Promise<void>
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
    const known = await store.byAddressIn(tx, proof.kind, proof.address, clock.now())
    if (!known) return begin(tx, proof)
    if (known.state !== 'active' || proof.kind === 'email') return existing(known)
    const now = clock.now()
    const provenBefore = addSeconds(now, -deps.phoneProofAgeSeconds)
    if (known.phoneProvenAt && known.phoneProvenAt >= provenBefore) {
      await store.proven(tx, known.id, now)
      return existing({ ...known, phoneProvenAt: now })
    }
    return known.email ? { outcome: 'stale', account: known } : begin(tx, proof, { accountId: known.id, provenBefore })
  }

  /** A new account for the address, which is first taken from an account that has let its proof grow old. */
  async function begin(tx: Tx, proof: ProvenAddress, old?: { accountId: string; provenBefore: Date }): Promise<Proven> {
    const { kind, address, locale } = proof
    if (!joins(address)) return { outcome: 'refused', reason: 'signup_closed' }
    if (old && (await store.release(tx, { kind, address, ...old }))) await tellReleased(tx, old.accountId, proof)
    const id = newId()
    if (await store.create(tx, { id, kind, address, locale, now: clock.now() })) await tell(tx, id, proof)
    // Whoever lost the race finds here the account that won.
    const account = await store.byAddressIn(tx, kind, address, clock.now())
    if (!account) throw new Error('the account of a proven address has gone')
    return account.id === id ? { outcome: 'created', account } : existing(account)
  }

  async function tell(tx: Tx, accountId: string, proof: ProvenAddress): Promise<void> {
    const { kind, address, locale: _, ...where } = proof
    await audit.record(tx, 'account.created', { ...where, accountId })
    await audit.record(tx, 'address.proven', { ...where, accountId, detail: { kind, address } })
  }

  async function tellReleased(tx: Tx, accountId: string, proof: ProvenAddress): Promise<void> {
    const { kind, address, locale: _, ...where } = proof
    await audit.record(tx, 'address.released', { ...where, accountId, detail: { kind, address } })
  }

  return {
    find: (id) => store.find(id, clock.now()),
    byEmail: (address) => store.byAddress('email', address, clock.now()),
    byAddress: (address) => store.byAddress(isEmail(address) ? 'email' : 'phone', address, clock.now()),
    mayJoin: joins,
    prove,
    renew: (tx, accountId) => store.proven(tx, accountId, clock.now()),
    signedIn: (tx, accountId) => store.signedIn(tx, accountId, clock.now()),
    claimsOf,
  }
}

function existing(account: Account): Proven {
  if (account.state !== 'active') return { outcome: 'refused', reason: 'account_closed' }
  return { outcome: 'existing', account }
}
