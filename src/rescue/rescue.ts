import type { Address, Tx } from '../base/index.ts'

/** Somebody lost their second factor and waits to set up another one. One waits for an account. */
export interface Rescue {
  id: string
  accountId: string
  /** As the trail names who began it; null: the person, by a proof of their address. */
  startedBy: string | null
  /** The application in whose sign-in it was begun; empty where an administrator began it. */
  clientId: string
  /** The address that was proven then and must be proven again; null: any that was the account's then. */
  address: Address | null
  /** Browser and system in words, where it was begun. */
  device: string
  startedAt: Date
  halfwayAt: Date
  /** From then on another factor can be set up. */
  opensAt: Date
  /** Until then. */
  lapsesAt: Date
  /** Its person was told that the wait is over. Until that nothing opens, whatever a clock says. */
  opensTold: boolean
}

/** One that waits, as its person is shown it. It names no address. */
export interface RescueView
  extends Pick<Rescue, 'id' | 'clientId' | 'device' | 'startedAt' | 'halfwayAt' | 'opensAt' | 'lapsesAt'> {
  state: 'waiting'
  /** The wait is over and was told to be: whoever proves the address it was begun with sets up another factor. */
  ready: boolean
  startedBy: 'person' | 'administrator'
}

/** How one ended. */
export type RescueEnd = 'completed' | 'cancelled' | 'lapsed'

/** What a rescue asks of the account's row, whose lock is held until the end of `tx`. */
export interface LockedAccount {
  /** False when it is suspended or closed, or is to be closed. */
  stays: boolean
  locale: string | null
  createdAt: Date
  /** Nobody begins one before; null when anybody may. */
  lockedUntil: Date | null
}

/** What rescues need from storage. */
export interface RescueStore {
  /** The one that waits, also past its time; null when none does. */
  waiting(accountId: string): Promise<Rescue | null>
  /** The same within `tx`; `locked`: nobody else ends it before that does. */
  waitingIn(tx: Tx, accountId: string, how: 'looked-at' | 'locked'): Promise<Rescue | null>
  /** When the lock on new ones ends; null when there is none. */
  lockedUntil(accountId: string): Promise<Date | null>
  /** Until `tx` ends nobody else gets past this for the account; null when the account has gone. */
  lockAccount(tx: Tx, accountId: string): Promise<LockedAccount | null>
  /** Whether the account's person began one after that moment, whatever came of it; without `tx` for a page. */
  begunSince(tx: Tx | null, accountId: string, since: Date): Promise<boolean>
  /** Single winner: false when one waits already; of several at once the others wait for its outcome. */
  add(tx: Tx, rescue: Omit<Rescue, 'opensTold'>): Promise<boolean>
  /** Single winner among everything that ends it: by whom as in `rescue.ended_by`. Null when it waits no more. */
  end(tx: Tx, id: string, state: RescueEnd, by: string, now: Date): Promise<Rescue | null>
  /** The account's one; `byPersonOnly`: and nobody else began it. */
  endOf(tx: Tx, accountId: string, by: string, now: Date, byPersonOnly: boolean): Promise<Rescue | null>
  /** Single winner: it opens at another moment, and counts as told half-way. Null when none waits, or it opens before. */
  shorten(tx: Tx, accountId: string, moments: Pick<Rescue, 'opensAt' | 'lapsesAt'>, now: Date): Promise<Rescue | null>
  /**
   * Takes one whose moment has come and that was not told of it; it counts as told from then on, if `tx` stays. Each is
   * answered once, over all instances; null when none is left. One whose wait is over is no more told that it is half over.
   */
  takeDue(tx: Tx, moment: 'halfway' | 'opens', now: Date): Promise<Rescue | null>
  /** Ends one whose time is over, each once; null when none is left. */
  takeLapsed(tx: Tx, now: Date): Promise<Rescue | null>
  /** The account lets nobody begin one until then. */
  lockUntil(tx: Tx, accountId: string, until: Date): Promise<void>
  /** The account got back in; `demandsSecond`: a second factor is asked for although it is a passkey. */
  recovered(tx: Tx, accountId: string, at: Date, startedAt: Date, demandsSecond: boolean): Promise<void>
  /** Every credential but this one is gone for good, removed ones as well. */
  keepOnly(tx: Tx, accountId: string, credentialId: string): Promise<void>
  /** The kind of a credential of the account; null when it has none of this id. */
  kindOf(tx: Tx, accountId: string, credentialId: string): Promise<string | null>
}
