import type { Context } from 'koa'
import { type Address, SealBroken } from '../../../base/index.ts'
import type { AccountVisit } from '../visit.ts'
import type { ScreenDeps } from './deps.ts'

/** What the proof of an address is for: to stand next to the others, or in the place of one of them. */
export interface AddressPurpose {
  address: Address
  /** The `ref` of the address that it replaces; null adds it. */
  replaces: string | null
}

/**
 * Keeps it from the form where it was said until the code is typed, in a sealed cookie that fits one session and one
 * address: no later form can say otherwise.
 */
export function createAddressPurposes({ cookies, secrets }: Pick<ScreenDeps, 'cookies' | 'secrets'>) {
  const context = ({ session }: AccountVisit) => `account/address/${session.id}`

  function keep(ctx: Context, visit: AccountVisit, purpose: AddressPurpose | null): void {
    cookies.setAccountAddress(ctx, purpose && secrets.seal(JSON.stringify(purpose), context(visit)))
  }

  /** Null as well when it is about another address than this one. */
  function of(ctx: Context, visit: AccountVisit, address: Address): AddressPurpose | null {
    const sealed = cookies.accountAddress(ctx)
    if (sealed === undefined) return null
    try {
      const purpose = JSON.parse(secrets.open(sealed, context(visit))) as AddressPurpose
      return purpose.address === address ? purpose : null
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  return { keep, of }
}
