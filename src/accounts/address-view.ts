import type { Address, AddressKind } from '../base/index.ts'

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
}
