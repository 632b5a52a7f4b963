import type { Tx } from '../../base/index.ts'
import type { Client, ClientContact, ClientKind, ResourceServer } from '../../clients/index.ts'

/** A client in its row. Built-in ones stand in none. */
export interface StoredClient {
  client: Client
  createdAt: Date
  updatedAt: Date
  /** When somebody last signed in to it, or it last got a token. */
  lastUsedAt: Date | null
  /** How its addresses could be reached, by purpose. In lists there are none. */
  contacts: readonly ClientContact[]
}

/** Where a page of clients begins: behind this name, in small letters as the database has it, and this id. */
export interface ClientMark {
  name: string
  id: string
}

export interface ClientFilter {
  /** Part of the name, the id or a redirect address, whatever the case. */
  q: string | null
  kind: ClientKind | null
  disabled: boolean | null
  source: 'file' | 'trial' | 'console' | null
}

/** What hangs on a client. */
export interface ClientImpact {
  people: number
  consents: number
  refreshTokens: number
}

/** What the operations on clients need from storage. Copies to try a sign-in with are in no list and are not found. */
export interface AdminClientStore {
  /** Clients by name and id, from behind `after`, each with its mark. */
  list(filter: ClientFilter, after: ClientMark | null, limit: number): Promise<(StoredClient & { mark: ClientMark })[]>
  find(id: string): Promise<StoredClient | null>
  /** `people` are those who signed in since then; what has ended at `now` does not count. */
  impact(id: string, since: Date, now: Date): Promise<ClientImpact>
  /**
   * Single winner: until `tx` ends nobody else changes a client or a resource server, nor is a clients file applied. All
   * verbs below are called behind it.
   */
  lock(tx: Tx): Promise<void>
  findIn(tx: Tx, id: string): Promise<StoredClient | null>
  /** Whether a person has this id, or had it before they were erased: it is the subject of their tokens. */
  isPersons(tx: Tx, id: string): Promise<boolean>
  /** Adds a client; false where the id is taken, whoever has it. */
  insert(tx: Tx, client: Client, at: Date): Promise<boolean>
  /** Writes all of a client that is there. */
  update(tx: Tx, client: Client, at: Date): Promise<void>
  /** Whether this is a copy that a sign-in was tried with. Nobody else removes it until `tx` ends. */
  isTrial(tx: Tx, id: string): Promise<boolean>
  /**
   * Deletes a client with all that was granted to it and agreed to for it. Nobody can use it from then on; where there is
   * much of it, that is ended after `tx`, and the id is not free before (`endTokens`).
   */
  remove(tx: Tx, id: string, at: Date): Promise<void>
  /**
   * Ends the codes, tokens and grants of a client that is off, or that is not there: a bounded number now, the rest after
   * `tx`. False where something is left: the client must not be switched on, nor another have its id.
   */
  endTokens(tx: Tx, id: string, at: Date): Promise<boolean>
  /** Ends the tokens that a machine has for itself, whatever secret they were got with. */
  endOwnTokens(tx: Tx, id: string): Promise<void>
  /** Tells every process, once `tx` has committed, that clients or resource servers have changed. */
  notify(tx: Tx): Promise<void>
  /** Resource indicators of all APIs but the built-in one. */
  resourceIds(tx: Tx): Promise<string[]>
  /** Runs `work` once the transaction has committed. */
  afterCommit(tx: Tx, work: () => void): void
}

/** A resource server in its row, and the clients that may get tokens for it or ask what they are worth. */
export interface StoredResourceServer {
  server: ResourceServer
  source: 'file' | 'trial' | 'console'
  clients: string[]
  introspectors: string[]
}

/** What the operations on resource servers need from storage; changes are called behind `AdminClientStore.lock`. */
export interface AdminResourceServerStore {
  list(): Promise<StoredResourceServer[]>
  find(id: string): Promise<StoredResourceServer | null>
  findIn(tx: Tx, id: string): Promise<StoredResourceServer | null>
  /** Ids of the clients that name this resource, whether it has a row or is built in. */
  clientsOf(id: string): Promise<string[]>
  /** Adds one; false where the indicator is taken. */
  insert(tx: Tx, server: ResourceServer, at: Date): Promise<boolean>
  update(tx: Tx, server: ResourceServer, at: Date): Promise<void>
  remove(tx: Tx, id: string): Promise<void>
}
