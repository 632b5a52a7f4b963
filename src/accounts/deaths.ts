import type { Audit, EventWho } from '../audit/index.ts'
import { type Address, type AddressKind, type Clock, isEmail, type Tx } from '../base/index.ts'

/** What deaths of addresses need from storage. */
export interface DeathStore {
  /**
   * Single winner: writes the moment on an account's address that has none yet, and was not proven after `saidOf`. Null
   * where nothing is written.
   */
  died(tx: Tx, kind: AddressKind, address: Address, saidOf: Date, now: Date): Promise<DeadAddressOf | null>
  /** Single winner: takes the moment away; of this account alone, where one is named. Answers whose address it is. */
  revive(tx: Tx, kind: AddressKind, address: Address, accountId: string | null): Promise<string | null>
}

/** The account that an address died of. */
export interface DeadAddressOf {
  accountId: string
  locale: string | null
}

/**
 * Addresses that messages came back from for good. Mailboxes and numbers that were given up are given to other people: from
 * then on the proof of such an address opens its account no more by itself (R-093, V-25), until it was proven together with
 * something else. It stays the account's, so that it begins no other.
 */
export interface Deaths {
  /**
   * A message to it, of the moment `saidOf`, came back for good; one that was proven after it is alive. In the transaction
   * that remembers so. Its account is told by its other channels.
   */
  died(tx: Tx, address: Address, saidOf: Date): Promise<void>
  /**
   * It is proven again, together with something else, or somebody answers for it; of this account alone, where `who` names
   * one. False when it was not dead.
   */
  revive(tx: Tx, address: Address, who: EventWho): Promise<boolean>
}

export function createDeaths(deps: {
  store: DeathStore
  audit: Pick<Audit, 'record'>
  clock: Clock
  /** Tells the account, by all but this address. */
  tell(tx: Tx, of: DeadAddressOf, address: Address): Promise<unknown>
}): Deaths {
  const { store, audit } = deps
  const kindOf = (address: Address): AddressKind => (isEmail(address) ? 'email' : 'phone')

  async function died(tx: Tx, address: Address, saidOf: Date): Promise<void> {
    const kind = kindOf(address)
    const of = await store.died(tx, kind, address, saidOf, deps.clock.now())
    if (!of) return
    await audit.record(tx, 'address.died', { accountId: of.accountId, detail: { kind, address } })
    await deps.tell(tx, of, address)
  }

  async function revive(tx: Tx, address: Address, who: EventWho): Promise<boolean> {
    const kind = kindOf(address)
    const accountId = await store.revive(tx, kind, address, who.accountId ?? null)
    if (accountId === null) return false
    await audit.record(tx, 'address.revived', { ...who, accountId, detail: { kind, address } })
    return true
  }

  return { died, revive }
}
