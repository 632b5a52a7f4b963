import type { AddressView } from '../accounts/index.ts'
import type { EventWho } from '../audit/index.ts'
import type { Address, AddressKind } from '../base/index.ts'

/** Who asks, as the account page knows it. */
export interface Actor {
  accountId: string
  /** The engine's session. */
  sessionUid: string
  locale: string
  /** Browser and system in words. */
  device: string
  who: EventWho
}

/** An application that has access to the account. */
export interface AppAccess {
  clientId: string
  name: string
  letter: string
  scopes: readonly string[]
  resources: Readonly<Record<string, readonly string[]>>
  since: Date
  lastUsedAt: Date | null
  offline: boolean
  firstParty: boolean
}

/** A session of the engine. */
export interface SignedInSession {
  uid: string
  device: string | null
  signedInAt: Date
  lastSeenAt: Date
  clientIds: readonly string[]
}

/** All that is kept about a person, as JSON. */
export type Exported = Readonly<Record<string, unknown>>

/** The verbs. What a person can cause is returned. */
export interface Selfservice {
  /** An address that was just proven becomes the account's, next to the others, and is told to them. */
  addAddress(actor: Actor, kind: AddressKind, address: Address): Promise<'added' | 'taken' | 'too_many'>
  /** It takes the place of `ref` after the hold-off; until then the old one can stop it. */
  changeAddress(actor: Actor, ref: string, address: Address): Promise<'changing' | 'taken' | 'gone'>
  makePrimary(actor: Actor, ref: string): Promise<'changing' | 'gone'>
  removeAddress(actor: Actor, ref: string): Promise<'removing' | 'last' | 'gone'>
  /** Nothing that is to come about this address comes. */
  keepAddress(actor: Actor, ref: string): Promise<void>
  beginAuthenticator(actor: Actor): Promise<'begun' | 'too_many'>
  /** `codes`: recovery codes that were made with it, where there were none. */
  confirmAuthenticator(
    actor: Actor,
    typed: string,
    label: string,
  ): Promise<{ outcome: 'added'; codes: string[] | null } | { outcome: 'wrong' } | { outcome: 'ended' }>
  renameAuthenticator(actor: Actor, id: string, label: string): Promise<void>
  removeAuthenticator(actor: Actor, id: string): Promise<'removed' | 'gone'>
  newRecoveryCodes(actor: Actor): Promise<string[]>
  endSession(actor: Actor, uid: string): Promise<void>
  /** All but the actor's own; answers how many. What is to come about addresses ends with them. */
  endOtherSessions(actor: Actor): Promise<number>
  forgetDevice(actor: Actor, id: string): Promise<void>
  endApp(actor: Actor, clientId: string): Promise<void>
  saveProfile(actor: Actor, typed: Readonly<Record<string, string>>): Promise<{ faults: readonly string[] }>
  exported(accountId: string): Promise<Exported>
  /** From `at` on the account is closed, and erased soon after. Everything else ends at once. */
  closeAccount(actor: Actor): Promise<{ at: Date }>
  keepAccount(actor: Actor): Promise<void>
  /** "That was not me", by the token of a notice's mail: undoes it and ends every session. Null: too late, or done. */
  object(token: string, where: EventWho): Promise<{ kind: string } | null>
  addressesOf(accountId: string): Promise<AddressView[]>
}

export interface SelfserviceDeps {
  accountId?: never
}
