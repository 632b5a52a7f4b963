import type { AddressView } from '../accounts/index.ts'
import { type Address, type AddressKind, addSeconds, maskAddress } from '../base/index.ts'
import type { Actor, AsActor, SelfserviceDeps, Tell } from './deps.ts'

/**
 * Addresses of one's own account. Each verb is given an address only after it was proven. What takes something away from
 * an address, or makes another one the primary, comes after the hold-off, and can be stopped until then.
 */
export function createAddressVerbs(deps: SelfserviceDeps, asActor: AsActor, tell: Tell) {
  const { addresses, deaths, audit, clock, holdSeconds } = deps
  const afterHold = () => addSeconds(clock.now(), holdSeconds)

  /**
   * One more: opens the account at once, is told to the others, and goes when they object. `revived`: it was the account's,
   * messages had come back from it, and it opens the account by itself again.
   */
  function addAddress(
    actor: Actor,
    kind: AddressKind,
    address: Address,
  ): Promise<'added' | 'revived' | 'taken' | 'too_many' | 'own_already'> {
    const now = clock.now()
    return asActor(actor, async (tx) => {
      const first = !(await addresses.ofAccountIn(tx, actor.accountId)).some((one) => one.kind === kind)
      const primaryFrom = first ? now : null
      const added = await addresses.add(tx, actor.accountId, { kind, address, usableFrom: now, primaryFrom })
      if (added === 'own_already' && (await deaths.revive(tx, address, actor.who))) return 'revived'
      if (added !== 'added') return added
      await audit.record(tx, 'address.added', { ...actor.who, detail: { kind, address } })
      const said = { kind: 'address_added' as const, values: { address: maskAddress(address) }, undo: { kind, address } }
      await tell(tx, actor, said, address)
      return added
    })
  }

  /** The new one takes the place of `ref` after the hold-off. */
  function changeAddress(actor: Actor, ref: string, address: Address): Promise<'changing' | 'taken' | 'too_many' | 'gone'> {
    const from = afterHold()
    return asActor(actor, async (tx) => {
      const old = await ofRef(tx, actor, ref)
      if (!old) return 'gone'
      const outcome = await addresses.replace(tx, actor.accountId, ref, { address, from })
      if (outcome === 'changing') await changing(tx, actor, old.kind, address, from)
      return outcome
    })
  }

  function makePrimary(actor: Actor, ref: string): Promise<'changing' | 'gone'> {
    return asActor(actor, async (tx) => {
      const one = await ofRef(tx, actor, ref)
      const from = afterHold()
      if (!one || !(await addresses.makePrimary(tx, actor.accountId, ref, from))) return 'gone'
      await changing(tx, actor, one.kind, one.address, from)
      return 'changing'
    })
  }

  function removeAddress(actor: Actor, ref: string): Promise<'removing' | 'last' | 'gone'> {
    return asActor(actor, async (tx) => {
      const one = await ofRef(tx, actor, ref)
      const at = afterHold()
      const outcome = one ? await addresses.remove(tx, actor.accountId, ref, at) : 'gone'
      if (!one || outcome !== 'removing') return outcome
      const { kind, address } = one
      await audit.record(tx, 'address.removed', { ...actor.who, detail: { kind, address } })
      await tell(tx, actor, {
        kind: 'address_removing',
        values: { address: maskAddress(address), at: at.toISOString() },
        undo: { kind },
      })
      return outcome
    })
  }

  /** Nothing that is to come about addresses of this kind comes. */
  function keepAddress(actor: Actor, ref: string): Promise<void> {
    return asActor(actor, async (tx) => {
      const one = await ofRef(tx, actor, ref)
      if (!one || !(await addresses.keep(tx, actor.accountId, ref))) return
      await audit.record(tx, 'address.kept', { ...actor.who, detail: { kind: one.kind, address: one.address } })
    })
  }

  type InTx = Parameters<typeof addresses.keep>[0]

  async function changing(tx: InTx, actor: Actor, kind: AddressKind, address: Address, at: Date): Promise<void> {
    await audit.record(tx, 'address.change_asked', { ...actor.who, detail: { kind, address } })
    await tell(
      tx,
      actor,
      { kind: 'address_changing', values: { address: maskAddress(address), at: at.toISOString() }, undo: { kind } },
      address,
    )
  }

  async function ofRef(tx: InTx, { accountId }: Actor, ref: string): Promise<AddressView | undefined> {
    return (await addresses.ofAccountIn(tx, accountId)).find((one) => one.ref === ref)
  }

  return { addressesOf: addresses.ofAccount, addAddress, changeAddress, makePrimary, removeAddress, keepAddress }
}
