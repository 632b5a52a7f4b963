import type { Addresses, Closing, Deaths, Profiles } from '../accounts/index.ts'
import type { Audit, EventWho } from '../audit/index.ts'
import type { Address, Clock, Transact, Tx } from '../base/index.ts'
import type { Demander, KeptFactors } from '../factors/index.ts'
import type { NoticeKind, Notices } from '../notices/index.ts'
import type { Rescues } from '../rescue/index.ts'
import type { Passkeys } from '../signin/index.ts'

/** Whether the person administers: somebody who does keeps an authenticator, and the last administrator stays. */
export interface RoleVerbs {
  /** Until `tx` ends nobody else changes who administers. Before anything else of the account is locked. */
  lock(tx: Tx): Promise<void>
  /** The role of the account, which nobody gives, takes or changes until `tx` ends; null where it has none. */
  of(tx: Tx, accountId: string): Promise<string | null>
  /** How many people may do all, besides this one. After `lock`. */
  otherAdmins(tx: Tx, accountId: string): Promise<number>
  /** Takes the role away, with all that it has opened. After `lock`. */
  takeAway(tx: Tx, accountId: string): Promise<void>
}

/** Whether one of an account's passkeys is asked for in every sign-in. */
export interface DemandVerbs {
  /** Who wants it so. Until `tx` ends nobody else changes it, or the account's credentials. */
  by(tx: Tx, accountId: string): Promise<Demander>
  /** What the person wants from now on; false where it was so before. */
  set(tx: Tx, accountId: string, always: boolean): Promise<boolean>
}

/** Who asks, as the account page knows it. */
export interface Actor {
  accountId: string
  /** The engine's session. */
  sessionUid: string
  /** The session on the account page. */
  accountSessionId: string
  /** The account's own language: whoever acts may be somebody else. */
  locale: string
  /** Browser and system in words. */
  device: string
  who: EventWho
}

/** A session of the engine. */
export interface SignedInSession {
  uid: string
  device: string | null
  signedInAt: Date
  lastSeenAt: Date
  clientIds: readonly string[]
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

export interface SelfserviceDeps {
  addresses: Addresses
  deaths: Pick<Deaths, 'revive'>
  profiles: Pick<Profiles, 'save'>
  closing: Pick<Closing, 'ask' | 'keep'>
  kept: KeptFactors
  /** Null where passkeys are off: none is added, and those that are there are kept. */
  passkeys: Pick<Passkeys, 'enrolOptions' | 'verifyEnrolment' | 'addPasskey'> | null
  demand: DemandVerbs
  notices: Pick<Notices, 'tell' | 'byToken' | 'object' | 'openSince'>
  /** Living sessions of the engine. */
  sessions: {
    ofAccount(accountId: string): Promise<SignedInSession[]>
    /** With what was granted to it, offline access excepted. */
    end(tx: Tx, accountId: string, uid: string): Promise<boolean>
    /** `offline`: refresh tokens that outlive sessions end as well. Answers how many sessions ended. */
    endAll(tx: Tx, accountId: string, which: { except: string | null; offline: boolean }): Promise<number>
  }
  roles: RoleVerbs
  /** Whether this session on the account page still stands; until the transaction ends nobody ends it. */
  stands(tx: Tx, accountSessionId: string): Promise<boolean>
  connections: {
    ofAccount(accountId: string): Promise<AppAccess[]>
    revoke(tx: Tx, accountId: string, clientId: string): Promise<boolean>
  }
  devices: {
    forget(tx: Tx, accountId: string, id: string): Promise<boolean>
    forgetAll(tx: Tx, accountId: string): Promise<void>
  }
  /** What waits so that another second factor can be set up ends with an objection. */
  rescues: Pick<Rescues, 'cancelIn' | 'disown'>
  /** Reads all that is kept about a person. */
  exporter(accountId: string): Promise<Readonly<Record<string, unknown>>>
  transact: Transact
  audit: Audit
  clock: Clock
  /** For so long a change of addresses can be stopped. */
  holdSeconds: number
  /** For so long an account that is to be deleted can be kept. */
  graceSeconds: number
}

/** What a notice speaks of, and what an objection to it takes back. */
export interface Told {
  kind: NoticeKind
  values: Record<string, string>
  undo: Record<string, string>
}

/**
 * Work that stands only if the session of who asks still does when it is done. Throws `SessionEnded`. `first` locks
 * what comes before the session.
 */
export type AsActor = <T>(actor: Actor, work: (tx: Tx) => Promise<T>, first?: (tx: Tx) => Promise<void>) => Promise<T>

/** The session was ended while its request was under way: nothing was done. */
export class SessionEnded extends Error {
  override name = 'SessionEnded'
}

/** Puts new recovery codes where their person sees them, in the transaction that makes them count. They are nowhere else. */
export type KeepCodes = (tx: Tx, codes: readonly string[]) => Promise<void>

/** Tells by mail what was done, in the transaction that does it. `not`: an address that was just proven, whose owner knows. */
export type Tell = (tx: Tx, actor: Pick<Actor, 'accountId' | 'device' | 'locale'>, told: Told, not?: Address) => Promise<void>
