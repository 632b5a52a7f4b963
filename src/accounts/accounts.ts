import type { Audit, EventWho } from '../audit/index.ts'
import { type Clock, type EmailAddress, newId, type Tx } from '../base/index.ts'
import type { Signup } from '../config/index.ts'
import type { Account } from './account.ts'
import { claimsOf } from './claims.ts'
import { mayJoin } from './signup.ts'

/** What accounts need from storage. */
export interface AccountStore {
  /** Account and primary address in one statement: every token request asks. */
  find(id: string): Promise<Account | null>
  /** The account that has proven this address, outside of any transaction. */
  byEmail(address: EmailAddress): Promise<Account | null>
  /** The same within `tx`; it must see what others have committed before the call. */
  byEmailIn(tx: Tx, address: EmailAddress): Promise<Account | null>
  /**
   * Makes account and address together, or nothing when the address belongs to somebody: of parallel calls with
   * one address a single one answers true, the others wait for its outcome. It leaves no account without address.
   */
  create(tx: Tx, account: { id: string; address: EmailAddress; locale: string | null; now: Date }): Promise<boolean>
  /** Writes the time of the sign-in when the account is active, under its row's lock; false when it is not. */
  signedIn(tx: Tx, id: string, now: Date): Promise<boolean>
}

/** An address that has just been proven, with what the trail says about it: in which attempt, for which application, where. */
export interface ProvenAddress extends EventWho {
  kind: 'email'
  address: EmailAddress
  /** BCP 47 tag of the language of the attempt. */
  locale: string | null
  attemptId: string
}

/** Whose the proven address is: an account's, a new one's, or nobody's who may come in. */
export type Proven =
  | { outcome: 'existing' | 'created'; account: Account }
  | { outcome: 'refused'; reason: 'signup_closed' | 'account_closed' }

export interface Accounts {
  find(id: string): Promise<Account | null>
  byEmail(address: EmailAddress): Promise<Account | null>
  /** Whether a person with this address could make an account. Says nothing about those who have one. */
  mayJoin(address: EmailAddress): boolean
  /** Tells whose account a proven address opens, and makes it when there is none: the only way to an account. */
  prove(tx: Tx, proof: ProvenAddress): Promise<Proven>
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
}): Accounts {
  const { store, audit, clock } = deps
  const joins = mayJoin(deps.signup)

  async function prove(tx: Tx, proof: ProvenAddress): Promise<Proven> {
    const known = await store.byEmailIn(tx, proof.address)
    if (known) return existing(known)
    if (!joins(proof.address)) return { outcome: 'refused', reason: 'signup_closed' }
    const id = newId()
    if (await store.create(tx, { id, address: proof.address, locale: proof.locale, now: clock.now() })) {
      await tell(tx, id, proof)
    }
    // Whoever lost the race finds here the account that won.
    const account = await store.byEmailIn(tx, proof.address)
    if (!account) throw new Error('the account of a proven address has gone')
    return account.id === id ? { outcome: 'created', account } : existing(account)
  }

  async function tell(tx: Tx, accountId: string, proof: ProvenAddress): Promise<void> {
    const { kind, address, locale: _, ...where } = proof
    await audit.record(tx, 'account.created', { ...where, accountId })
    await audit.record(tx, 'address.proven', { ...where, accountId, detail: { kind, address } })
  }

  return {
    find: store.find,
    byEmail: store.byEmail,
    mayJoin: joins,
    prove,
    signedIn: (tx, accountId) => store.signedIn(tx, accountId, clock.now()),
    claimsOf,
  }
}

function existing(account: Account): Proven {
  if (account.state !== 'active') return { outcome: 'refused', reason: 'account_closed' }
  return { outcome: 'existing', account }
}
