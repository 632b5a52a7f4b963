import { type Address, type AddressKind, hashOf } from '../base/index.ts'
import { type OwnAddresses, primaryOf } from './address-plan.ts'

/** An address of an account, as its person sees it: what it is now, and what is to come. */
export interface AddressView {
  /** Names it in paths of the account page; says nothing about it. */
  ref: string
  kind: AddressKind
  address: Address
  /** The one of its kind that applications are told and notices go to. */
  primary: boolean
  provenAt: Date
  /** Opens the account from then on. */
  usableFrom: Date
  /** Becomes the primary one then; null when nothing is to come. */
  primaryFrom: Date | null
  /** Is the account's until then; null when it stays. */
  leavesAt: Date | null
  /** Messages come back from it since then: by itself it opens the account no more. Null for a living one. */
  deadSince: Date | null
}

const REF_LENGTH = 22

/** Names an address of this account and no other, without saying it: 22 characters of base64url. */
export function refOf(accountId: string, { kind, address }: Pick<AddressView, 'kind' | 'address'>): string {
  return hashOf(`address ref\n${accountId}\n${kind}\n${address}`).slice(0, REF_LENGTH)
}

/** The addresses of an account as its person sees them at `now`: primary ones first, then the older before the newer. */
export function viewsOf(accountId: string, all: OwnAddresses, now: Date): AddressView[] {
  const primaries = [primaryOf(all, 'email', now), primaryOf(all, 'phone', now)]
  const views = all.map((one): AddressView => {
    const { kind, address, provenAt, usableFrom, leavesAt, deadSince } = one
    const primaryFrom = one.primaryFrom && one.primaryFrom > now ? one.primaryFrom : null
    const primary = primaries.includes(one)
    return { ref: refOf(accountId, one), kind, address, primary, provenAt, usableFrom, primaryFrom, leavesAt, deadSince }
  })
  const rank = ({ primary, kind }: AddressView) => (primary ? 0 : 2) + (kind === 'email' ? 0 : 1)
  return views.toSorted((a, b) => rank(a) - rank(b))
}
