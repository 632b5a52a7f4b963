import type { AddressView } from '../../src/accounts/index.ts'
import { type Address, addSeconds, type EmailAddress, isEmail, type Tx } from '../../src/base/index.ts'
import { type AccountsStage, email } from './accounts-stage.ts'

export const HOLD_SECONDS = 3 * 86_400

export const named = (name: string): EmailAddress => email(`${name}@fabrikam.example`)

/** What people do with the addresses of their own account, and what others see of it; by the first instance. */
export function ownAddresses(stage: AccountsStage) {
  const addresses = stage.addressesOn(stage.one)
  const held = () => addSeconds(stage.clock.now(), HOLD_SECONDS)
  const inTx = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => stage.one.transact(work)

  /** Adds an address that opens the account at once; the first of its kind is the primary one. */
  async function add(id: string, address: Address): Promise<string> {
    const now = stage.clock.now()
    const kind = isEmail(address) ? 'email' : 'phone'
    const first = !(await addresses.ofAccount(id)).some((one) => one.kind === kind)
    return inTx((tx) => addresses.add(tx, id, { kind, address, usableFrom: now, primaryFrom: first ? now : null }))
  }

  /** An account with these addresses, each proven a minute after the one before; the clock stands still at the last. */
  async function withAddresses(first: Address, ...more: Address[]): Promise<string> {
    const id = await stage.begun(first)
    for (const [n, address] of more.entries()) {
      stage.at((n + 1) * 60)
      const outcome = await add(id, address)
      if (outcome !== 'added') throw new Error(`${address} is ${outcome}`)
    }
    return id
  }

  async function viewOf(id: string, address: Address): Promise<AddressView> {
    const view = (await addresses.ofAccount(id)).find((one) => one.address === address)
    if (!view) throw new Error(`${address} is not there`)
    return view
  }

  const refOf = async (id: string, address: Address) => (await viewOf(id, address)).ref

  /** The new address is to take the place of the old one after the hold-off. */
  async function replace(id: string, old: Address, address: Address) {
    const ref = await refOf(id, old)
    return inTx((tx) => addresses.replace(tx, id, ref, { address, from: held() }))
  }

  async function makePrimary(id: string, address: Address) {
    const ref = await refOf(id, address)
    return inTx((tx) => addresses.makePrimary(tx, id, ref, held()))
  }

  async function remove(id: string, address: Address) {
    const ref = await refOf(id, address)
    return inTx((tx) => addresses.remove(tx, id, ref, held()))
  }

  return {
    ...{ addresses, inTx, add, withAddresses, viewOf, refOf, replace, makePrimary, remove },
    /** When what is asked for now takes place. */
    held,
    has: async (id: string) => (await addresses.ofAccount(id)).map(({ address }) => address),
    /** What applications are told. */
    primaryMail: async (id: string) => (await stage.accountsOn(stage.one).find(id))?.email,
    /** Whose account the address opens. */
    opens: async (address: Address) => (await stage.accountsOn(stage.one).byAddress(address))?.id ?? null,
  }
}
