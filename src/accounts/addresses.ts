import type { Audit } from '../audit/index.ts'
import { type Address, type AddressKind, addSeconds, type Clock, Refusal, type Tx } from '../base/index.ts'
import {
  changed,
  countsAt,
  differences,
  type OwnAddress,
  type OwnAddresses,
  primaryOf,
  staysAt,
  withHeir,
  withoutChanges,
  withoutPlans,
} from './address-plan.ts'
import { type AddressView, refOf, viewsOf } from './address-view.ts'

/** Of each kind, those that are to come or to leave included. */
export const ADDRESSES_MAX = 5

/** What the addresses of an account need from storage. */
export interface AddressStore {
  /** Those that have not left, the oldest first. */
  ofAccount(accountId: string, now: Date): Promise<OwnAddress[]>
  ofAccountIn(tx: Tx, accountId: string, now: Date): Promise<OwnAddress[]>
  /**
   * Locks the account's row until the end of `tx` and answers what there is then: of several changes at once each sees
   * what the one before has written. Null when the account is gone or its closing has come.
   */
  lock(tx: Tx, accountId: string, now: Date): Promise<{ active: boolean; addresses: OwnAddress[] } | null>
  /**
   * Takes the address from an account that it has left, and erases an account whose closing has come; answers the id of
   * the erased one.
   */
  free(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<string | null>
  /** Of parallel calls with one address, whoever's, a single one answers true; the others wait for its outcome (F-25). */
  insert(tx: Tx, accountId: string, address: Omit<OwnAddress, 'leavesAt' | 'deadSince' | 'createdAt'>): Promise<boolean>
  /** Writes `primaryFrom` and `leavesAt`. */
  schedule(tx: Tx, accountId: string, address: OwnAddress): Promise<void>
  delete(tx: Tx, accountId: string, address: OwnAddress): Promise<void>
}

interface AddedAddress {
  kind: AddressKind
  address: Address
  /** It opens the account from then on. */
  usableFrom: Date
  /** It is the primary one of its kind from then on; null: it is not to be. */
  primaryFrom: Date | null
}

/**
 * The addresses of one's own account. Every change is a moment in a row: what is to come happens by the clock, and can
 * be stopped until then. Each verb locks the account first, so that changes happen one after the other. An address is
 * given only after it was proven for this account. `ref`: see `AddressView`.
 */
export interface Addresses {
  /** Those that have not left: primary ones first. */
  ofAccount(accountId: string): Promise<AddressView[]>
  ofAccountIn(tx: Tx, accountId: string): Promise<AddressView[]>
  /**
   * One more. `taken`: it is another account's, and stays that; of two accounts at once a single one has it (F-25).
   * Throws `Refusal` when the account was suspended or closed meanwhile.
   */
  add(tx: Tx, accountId: string, added: AddedAddress): Promise<'added' | 'taken' | 'too_many' | 'own_already'>
  /**
   * At `from` the new address takes the place of `ref`, as the primary one where that is it. A change of the same kind
   * that was to come dies. `gone`: `ref` does not open the account, or is about to leave.
   */
  replace(
    tx: Tx,
    accountId: string,
    ref: string,
    change: { address: Address; from: Date },
  ): Promise<'changing' | 'taken' | 'gone' | 'too_many'>
  /** From then on it is the primary one of its kind; a change that was to come dies. False: it is, or cannot be. */
  makePrimary(tx: Tx, accountId: string, ref: string, from: Date): Promise<boolean>
  /** It leaves at `at`. `last`: no other way in counts now and stays. The oldest that stays is primary after it. */
  remove(tx: Tx, accountId: string, ref: string, at: Date): Promise<'removing' | 'last' | 'gone'>
  /** Nothing comes of what was to come about addresses of this kind. False when nothing was. */
  keep(tx: Tx, accountId: string, ref: string): Promise<boolean>
  /** The same for both kinds; answers how many addresses it was about. */
  keepAll(tx: Tx, accountId: string): Promise<number>
  /** Takes away an address at once, and stops what was to come. False when it is not there, or no other one is left. */
  takeBack(tx: Tx, accountId: string, kind: AddressKind, address: Address): Promise<boolean>
}

const KINDS: readonly AddressKind[] = ['email', 'phone']

export function createAddresses(deps: {
  store: AddressStore
  audit: Pick<Audit, 'record'>
  clock: Clock
  /** A number that was not proven for so long opens its account no more. */
  phoneProofAgeSeconds: number
}): Addresses {
  const { store, audit, clock } = deps

  async function add(tx: Tx, accountId: string, added: AddedAddress): ReturnType<Addresses['add']> {
    const { now, active, addresses } = await locked(tx, accountId)
    if (!active) throw new Refusal('bad_request')
    const ours = addresses.filter(({ kind }) => kind === added.kind)
    if (ours.some(({ address }) => address === added.address)) return 'own_already'
    if (ours.length >= ADDRESSES_MAX) return 'too_many'
    return (await insert(tx, accountId, { ...added, provenAt: now })) ? 'added' : 'taken'
  }

  async function replace(
    tx: Tx,
    accountId: string,
    ref: string,
    { address, from }: { address: Address; from: Date },
  ): ReturnType<Addresses['replace']> {
    const { now, active, addresses } = await locked(tx, accountId)
    const kind = addresses.find((one) => refOf(accountId, one) === ref)?.kind
    if (!active || !kind) return 'gone'
    const settled = withoutChanges(addresses, kind, now)
    const old = settled.find((one) => refOf(accountId, one) === ref)
    if (!old || !staysAt(old, now)) return 'gone'
    const ours = settled.filter((one) => one.kind === kind)
    if (ours.some((one) => one.address === address)) return 'taken'
    if (ours.length > ADDRESSES_MAX) return 'too_many'
    // One that was to come anyway begins anew; nobody else can have it meanwhile, since its row is held.
    const earlier = addresses.find((one) => one.kind === kind && one.address === address)
    if (earlier) await store.delete(tx, accountId, earlier)
    const wasPrimary = primaryOf(settled, kind, now) === old
    const coming = { kind, address, usableFrom: from, primaryFrom: wasPrimary ? from : null, provenAt: now }
    if (!(await insert(tx, accountId, coming))) return 'taken'
    const before = addresses.filter((one) => one !== earlier)
    const after = changed(settled, old, { leavesAt: from })
    await write(tx, accountId, before, wasPrimary ? after : withHeir(after, kind, now))
    return 'changing'
  }

  async function makePrimary(tx: Tx, accountId: string, ref: string, from: Date): Promise<boolean> {
    const { now, active, addresses } = await locked(tx, accountId)
    const kind = addresses.find((one) => refOf(accountId, one) === ref)?.kind
    if (!active || !kind) return false
    const settled = withoutChanges(addresses, kind, now)
    const one = settled.find((each) => refOf(accountId, each) === ref)
    if (!one || !staysAt(one, now) || primaryOf(settled, kind, now) === one) return false
    await write(tx, accountId, addresses, changed(settled, one, { primaryFrom: from }))
    return true
  }

  async function remove(tx: Tx, accountId: string, ref: string, at: Date): ReturnType<Addresses['remove']> {
    const { now, active, addresses } = await locked(tx, accountId)
    const one = addresses.find((each) => refOf(accountId, each) === ref)
    if (!active || !one || !staysAt(one, now)) return 'gone'
    if (!addresses.some((other) => other !== one && isWayIn(other, now))) return 'last'
    const primaryFrom = one.primaryFrom && one.primaryFrom > now ? null : one.primaryFrom
    const after = changed(addresses, one, { leavesAt: at, primaryFrom })
    await write(tx, accountId, addresses, withHeir(after, one.kind, now))
    return 'removing'
  }

  async function keep(tx: Tx, accountId: string, ref: string): Promise<boolean> {
    const { now, addresses } = await locked(tx, accountId)
    const kind = addresses.find((one) => refOf(accountId, one) === ref)?.kind
    return kind !== undefined && (await write(tx, accountId, addresses, withoutPlans(addresses, kind, now))) > 0
  }

  async function keepAll(tx: Tx, accountId: string): Promise<number> {
    const { now, addresses } = await locked(tx, accountId)
    return write(tx, accountId, addresses, settledOf(addresses, now))
  }

  async function takeBack(tx: Tx, accountId: string, kind: AddressKind, address: Address): Promise<boolean> {
    const { now, addresses } = await locked(tx, accountId)
    const isMeant = (one: OwnAddress) => one.kind === kind && one.address === address
    // First nothing leaves any more: what whoever added it has removed since is a way in that stays.
    const settled = settledOf(addresses, now)
    const rest = settled.filter((one) => !isMeant(one))
    const goes = addresses.some(isMeant) && rest.some((one) => countsAt(one, now))
    await write(tx, accountId, addresses, goes ? rest : settled)
    return goes
  }

  async function locked(tx: Tx, accountId: string): Promise<{ now: Date; active: boolean; addresses: OwnAddress[] }> {
    const now = clock.now()
    return { now, ...((await store.lock(tx, accountId, now)) ?? { active: false, addresses: [] }) }
  }

  async function insert(tx: Tx, accountId: string, address: Parameters<AddressStore['insert']>[2]): Promise<boolean> {
    const erased = await store.free(tx, address.kind, address.address, clock.now())
    if (erased) await audit.record(tx, 'account.erased', { accountId: erased })
    return store.insert(tx, accountId, address)
  }

  async function write(tx: Tx, accountId: string, before: OwnAddresses, after: OwnAddresses): Promise<number> {
    const { gone, moved } = differences(before, after)
    for (const one of gone) await store.delete(tx, accountId, one)
    for (const one of moved) await store.schedule(tx, accountId, one)
    return gone.length + moved.length
  }

  /** It stays, and opens the account by itself: an old number does not, nor does what messages come back from. */
  function isWayIn(one: OwnAddress, now: Date): boolean {
    return (
      one.deadSince === null &&
      staysAt(one, now) &&
      (one.kind === 'email' || one.provenAt >= addSeconds(now, -deps.phoneProofAgeSeconds))
    )
  }

  const viewed = (accountId: string, rows: OwnAddress[]) => viewsOf(accountId, rows, clock.now())
  return {
    ofAccount: async (accountId) => viewed(accountId, await store.ofAccount(accountId, clock.now())),
    ofAccountIn: async (tx, accountId) => viewed(accountId, await store.ofAccountIn(tx, accountId, clock.now())),
    ...{ add, replace, makePrimary, remove, keep, keepAll, takeBack },
  }
}

function settledOf(addresses: OwnAddresses, now: Date): OwnAddresses {
  return KINDS.reduce((all, kind) => withoutPlans(all, kind, now), addresses)
}
