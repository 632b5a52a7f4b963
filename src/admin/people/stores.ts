import type { Address, AddressKind, Tx } from '../../base/index.ts'
import type { Role } from '../scopes.ts'
import type { PeopleSearch } from './search.ts'

/** One person as lists show them. */
export interface PersonRow {
  id: string
  name: string | null
  /** The primary one, or, where nobody has proven any yet, one that an import named. */
  email: string | null
  phone: string | null
  /** `closed` from the moment on that its closing comes. */
  state: 'active' | 'suspended' | 'closed'
  role: Role | null
  createdAt: Date
  lastSignInAt: Date | null
  locale: string | null
  /** Standard claims by their names, and `updatedAt`. */
  profile: Readonly<Record<string, unknown>>
  closingAt: Date | null
}

/** Where a page of people begins: behind this one. */
export interface PersonMark {
  createdAt: Date
  id: string
}

/** People as operations see and change them. */
export interface PeopleStore {
  /** Newest first. Whatever is searched for, it reads a bounded number of rows. */
  list(
    filter: { search: PeopleSearch | null; state: PersonRow['state'] | null; role: Role | null },
    after: PersonMark | null,
    limit: number,
    now: Date,
  ): Promise<PersonRow[]>
  find(id: string, now: Date): Promise<PersonRow | null>
  findIn(tx: Tx, id: string, now: Date): Promise<PersonRow | null>
  /** The same with the account's row locked until `tx` ends: changes of one person happen one after the other. */
  lock(tx: Tx, id: string, now: Date): Promise<PersonRow | null>
  /** Addresses that an import named and nobody has proven. */
  claimedOf(id: string): Promise<{ kind: AddressKind; address: Address }[]>
  /** Why addresses take no messages, by the keyed hashes of those that do not. */
  suppressed(targetKeys: readonly string[]): Promise<Map<string, string>>
  setState(tx: Tx, id: string, state: 'active' | 'suspended'): Promise<void>
  /** From `at` on the account is closed; null: it is not to be. */
  setClosing(tx: Tx, id: string, at: Date | null): Promise<void>
  /** Ends all sessions of an account with clients of this very service, and every browser that was remembered. */
  endOwnSessions(tx: Tx, id: string): Promise<void>
}

/** Who may administer. */
export interface RoleStore {
  /** Everybody with a role, by the moment when the account was made. */
  list(now: Date): Promise<(PersonRow & { secondFactor: boolean })[]>
  /** Until `tx` ends nobody else gets past this: whoever changes who administers comes one after the other. */
  lock(tx: Tx): Promise<void>
  /** How many people may do all, besides this one: active, and not to be deleted. After `lock`. */
  otherAdmins(tx: Tx, id: string): Promise<number>
  /** The role of the account, which stays so until `tx` ends. */
  of(tx: Tx, id: string): Promise<Role | null>
  /** The role of the account that has this address, which stays so until `tx` ends. Null where nobody has it, as well. */
  ofAddress(tx: Tx, kind: AddressKind, address: Address): Promise<Role | null>
  set(tx: Tx, id: string, role: Role | null): Promise<void>
  /** Ends what a role has opened: sessions at the console, and all that was granted for this API. */
  endAdministration(tx: Tx, id: string, adminApi: string): Promise<void>
  /** There is an administrator: the link for the first one is void. */
  closeFirstLink(tx: Tx, now: Date): Promise<void>
}

/** An invitation that was not taken up. */
export interface InvitationRow {
  id: string
  address: Address
  role: Role | null
  createdAt: Date
  expiresAt: Date
}

export interface InvitationStore {
  /** In force, newest first. */
  list(after: { createdAt: Date; id: string } | null, limit: number, now: Date): Promise<InvitationRow[]>
  /** Until `tx` ends nobody else gets past this for the same actor: what is counted next stays so. */
  lockActor(tx: Tx, actorId: string): Promise<void>
  /** Invitations that this actor left since then, those withdrawn or taken up included. */
  madeBy(tx: Tx, actorId: string, since: Date): Promise<number>
  /** Mails of an invitation to this address since then. */
  mailedTo(tx: Tx, address: Address, since: Date): Promise<number>
  /** The account that has this address or waits for it. */
  accountOf(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<string | null>
  /** Whether an application of this name is registered. */
  hasClient(tx: Tx, clientId: string): Promise<boolean>
  /** The one by this address, locked; also one that has expired. */
  lockFor(tx: Tx, kind: AddressKind, address: Address): Promise<InvitationRow | null>
  /** Single winner for each address: of two at once the later one stands. Answers the id that stands. */
  save(tx: Tx, invitation: NewInvitation): Promise<string>
  lockById(tx: Tx, id: string, now: Date): Promise<InvitationRow | null>
  remove(tx: Tx, id: string): Promise<void>
}

export interface NewInvitation extends Omit<InvitationRow, 'id'> {
  id: string
  kind: AddressKind
  invitedBy: string
  clientId: string | null
}

/** An account as it is carried from one service to another. */
export interface PortableRow {
  id: string
  email: string | null
  emailProven: boolean
  phone: string | null
  phoneProven: boolean
  locale: string | null
  profile: Readonly<Record<string, unknown>>
  suspended: boolean
  createdAt: Date
}

/** Whom an address or an id belongs to already. */
export interface TakenBy {
  /** `email:…`, `phone:…` or `sub:…`. */
  key: string
  accountId: string
}

export interface ImportStore {
  /** Oldest first; without those that are closed. */
  page(after: PersonMark | null, limit: number, now: Date): Promise<PortableRow[]>
  /** One import after the other: what is looked up next changes by sign-ins only. */
  lock(tx: Tx): Promise<void>
  /** Which of these are there, after addresses that have left their accounts were let go. */
  taken(tx: Tx, keys: readonly string[], now: Date): Promise<TakenBy[]>
  /** Which of these ids were somebody's who was erased, or are those of clients. */
  unusable(tx: Tx, ids: readonly string[]): Promise<Set<string>>
  /** Which of these addresses an invitation with a role names that is in force. */
  awaited(tx: Tx, keys: readonly string[], now: Date): Promise<Set<string>>
  /**
   * Adds accounts with their addresses. An account whose address somebody else has proven in this very moment is not
   * added; answers the ids of those that are.
   */
  add(tx: Tx, accounts: readonly PortableRow[], now: Date): Promise<Set<string>>
}
