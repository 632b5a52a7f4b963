import type { Account, Identity } from '../accounts/index.ts'
import type { Tx } from '../base/index.ts'
import type { AgreementKey, Consent } from './consent.ts'
import type { LogoutNews } from './logout.ts'

/** A row of the engine's records as the store keeps it: identifiers hashed, payload stripped of them. */
export interface RecordRow {
  model: string
  id: string
  payload: Record<string, unknown>
  uid: string | null
  grantId: string | null
  userCode: string | null
  accountId: string | null
  expiresAt: Date
}

/** A record that did not exist before this request. A Grant may be there already and is written anew. */
export interface NewRecord extends RecordRow {
  /**
   * A session under a new identifier: the id of the one it follows, whose applications it takes over. It names only
   * those that this request touched itself.
   */
  follows: string | null
}

/** Changes to a record that was found: only what this request touched, so that others' changes stay. */
export interface RecordChange extends Pick<RecordRow, 'model' | 'id' | 'accountId'> {
  /** Null: it ends when it would have ended. */
  expiresAt: Date | null
  set: Record<string, unknown>
  unset: string[]
  /** Members of a session's `authorizations`, each by itself. */
  setAuthorizations: Record<string, unknown>
  unsetAuthorizations: string[]
}

/** A record as it is read back. */
export interface StoredRecord {
  payload: Record<string, unknown>
  consumedAt: Date | null
}

/** What a record belongs with, as it was at the moment when the record was read. `null`: it is not there. */
interface Belonging<Of = Account> {
  account: Of | null
  /** Payload of the Grant that the record names. */
  grant: Record<string, unknown> | null
}

/** A token or code that was read. */
export interface TokenRead extends StoredRecord, Belonging<Identity> {
  model: string
}

/** A session, the grant that it names for one client, and what its account agreed to for that client. */
export interface SessionRead extends StoredRecord, Belonging {
  consent: Consent | null
}

/** What a screen needs of an interaction. */
export interface InteractionLook extends StoredRecord {
  /** The session it was begun in, by its uid. */
  begunIn: Record<string, unknown> | null
}

/** An interaction; `account` is whose sign-in it holds, or, before one, whose session it was begun in. */
export interface InteractionRead extends InteractionLook, Belonging {
  /** The client that asks; null where the row does not say. `grant` is the one that `session` names for it. */
  clientId: string | null
  consent: Consent | null
  /** The session that was asked for along with it, by its id. */
  session: Record<string, unknown> | null
}

/** Which record. */
export interface RecordKey {
  model: string
  id: string
}

/** A row of the audit trail that is written in the same statement as the records it speaks of. */
export interface EntryRow {
  readonly event: string
}

/** Everything one engine request wants to change. */
export interface Batch<Entry extends EntryRow = EntryRow> {
  now: Date
  inserts: NewRecord[]
  changes: RecordChange[]
  destroys: RecordKey[]
  /** Grants whose codes and tokens end; the Grant record itself is among `destroys`. */
  revokedGrants: string[]
  /** At most one record that may be used once. */
  consume: RecordKey | null
  /** Records that must still be there: what ended meanwhile is not brought back. */
  required: RecordKey[]
  /** An agreement that the request has relied on, and that must still be there. */
  agreed: AgreementKey | null
  entries: Entry[]
  /** A session that ends here for good: what was granted to it ends too, but for offline access. */
  endedSession: RecordKey | null
  /** Applications that leave a session which goes on; those of `endedSession` are found in it. */
  logouts: LogoutNews[]
}

/**
 * Reads ahead: a record together with all that the next steps of its request ask for. Each is one statement, so all of it
 * is of one moment; what has expired is there until it is swept. Nothing is kept for another request.
 */
export interface AheadStore {
  /** Under this model; with null, under each of those that introspection and revocation look for. */
  readToken(model: string | null, id: string, now: Date): Promise<TokenRead[]>
  /** Without a client there is neither grant nor consent. */
  readSession(id: string, clientId: string | null, now: Date): Promise<SessionRead | null>
  readInteraction(id: string, sessionId: string | null, now: Date): Promise<InteractionRead | null>
  lookAtInteraction(id: string): Promise<InteractionLook | null>
}

/** What the engine's side needs from the store. */
export interface RecordStore<Entry extends EntryRow = EntryRow> extends AheadStore {
  find(model: string, id: string): Promise<StoredRecord | null>
  /** A session by its uid: several rows may share it, the newest counts. */
  findSession(uid: string): Promise<StoredRecord | null>
  findByUserCode(model: string, userCode: string): Promise<StoredRecord | null>
  /**
   * Writes a batch in one statement, all or nothing. Single-winner: when `consume` names a record that was consumed
   * before or is gone, or one of `required` or `agreed` is gone, nothing at all is written and the answer is `lost`.
   *
   * What others may end is locked in one order everywhere, so that nobody waits in a circle: the agreement, sessions,
   * interactions, grants, and then what was granted. Whoever holds a grant's row has all codes and tokens of it.
   *
   * With `endedSession` the session is locked first, so that what other requests have added to it by then is known:
   * codes and tokens of its grants end unless they carry `offline_access` (OpenID Connect Core §11), and grants of
   * which nothing is left. `tx`: in the caller's transaction.
   */
  flush(batch: Batch<Entry>, tx?: Tx): Promise<'written' | 'lost'>
  /**
   * Writes in `tx` whose sign-in an interaction is about to hold: from now on it ends with all of that account. False
   * when it is gone.
   */
  claim(tx: Tx, interactionId: string, accountId: string): Promise<boolean>
  /** Single-winner: true for the first caller with this value until `expiresAt`, false for all others. */
  unique(id: string, expiresAt: Date, now: Date): Promise<boolean>
}
