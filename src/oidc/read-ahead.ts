import type { Account, Identity } from '../accounts/index.ts'
import type { Clock } from '../base/index.ts'
import type { Consent } from './consent.ts'
import type { InteractionLook, RecordKey, RecordStore, StoredRecord, TokenRead } from './records.ts'
import type { Payload, StoredForm } from './stored-form.ts'

/** What one request has read, and with it what its next steps will ask for. `null`: it is not there. */
export interface Known {
  /** By `nameOf`. Each is handed out once: the engine changes in place what it is given. */
  records: Map<string, StoredRecord | null>
  accounts: Map<string, Account | null>
  /** Those of whom a token was read. */
  identities: Map<string, Identity | null>
  /** By `agreementOf`. */
  consents: Map<string, Consent | null>
  /** What was or is being read of a value that may be a token of several models. */
  anyToken: Map<string, Promise<TokenRead[]>>
  /** What a screen has seen of the interaction, and maybe finishes in the same request. */
  look: Look | null
}

export function nothingKnown(): Known {
  const byId = { accounts: new Map(), identities: new Map(), consents: new Map() }
  return { records: new Map(), ...byId, anyToken: new Map(), look: null }
}

/** What was seen of an interaction. `read` is null where it was gone. */
export interface Look {
  uid: string
  read: InteractionLook | null
}

/** What the running request says about what it will read. A hint, and no more: whatever it says, only what is asked for is handed out. */
export interface Asked {
  /** It knows a token by its value alone, and looks under several models for it. */
  anyToken: boolean
  /** The client that is to be let in by a session; null where none is, or the request does not say. */
  clientId: string | null
  /** The interaction that is taken up again. */
  interactionUid: string | null
}

export interface ReadAhead {
  /** @param value the engine's own id of the record, of which `key.id` is the hash */
  find(key: RecordKey, value: string): Promise<StoredRecord | null>
  /** A session by its uid. */
  session(uid: string): Promise<StoredRecord | null>
  account(id: string): Promise<Account | null>
  /** The same without what a sign-in may ask for: enough for whoever holds a token. */
  identity(id: string): Promise<Identity | null>
  consent(accountId: string, clientId: string): Promise<Consent | null>
}

const TOKENS = new Set(['AccessToken', 'ClientCredentials', 'RefreshToken', 'AuthorizationCode'])

/**
 * The engine asks for a token, then for its grant, then for its account, each when it comes to it. Here the first
 * question of a request brings the answers to the others: one statement in place of three or four. All of it is known to
 * that request alone; the next one reads anew, on whichever instance, and sees what was ended or suspended meanwhile.
 */
export function createReadAhead(deps: {
  store: Pick<RecordStore, 'find' | 'findSession' | 'readToken' | 'readSession' | 'readInteraction' | 'lookAtInteraction'>
  form: Pick<StoredForm, 'idOf'>
  accounts: { find(id: string): Promise<Account | null> }
  consents: { find(accountId: string, clientId: string): Promise<Consent | null> }
  clock: Clock
  /** Undefined outside of any request of the engine: then each question is a statement. */
  known(): Known | undefined
  asked(): Asked
}): ReadAhead {
  const { store, form, clock } = deps

  async function token(known: Known, { model, id }: RecordKey): Promise<StoredRecord | null> {
    const reads = deps.asked().anyToken ? await anyToken(known, id) : await store.readToken(model, id, clock.now())
    for (const { payload, grant, account } of reads) {
      if (typeof payload.grantId === 'string') known.records.set(nameOf('Grant', payload.grantId), recordOf(grant))
      if (typeof payload.accountId === 'string') known.identities.set(payload.accountId, account)
    }
    return reads.find((read) => read.model === model) ?? null
  }

  // The engine looks under all models at once, or under one after the other.
  function anyToken(known: Known, id: string): Promise<TokenRead[]> {
    const reading = known.anyToken.get(id) ?? store.readToken(null, id, clock.now())
    known.anyToken.set(id, reading)
    return reading
  }

  async function session(known: Known, { model, id }: RecordKey, value: string): Promise<StoredRecord | null> {
    const { clientId, interactionUid } = deps.asked()
    if (interactionUid !== null) {
      await interaction(known, interactionUid, value)
      const kept = take(known, nameOf(model, value))
      if (kept !== undefined) return kept
    }
    if (clientId === null) return store.find(model, id)
    const read = await store.readSession(id, clientId, clock.now())
    if (read) {
      const { accountId } = read.payload
      if (typeof accountId === 'string') known.accounts.set(accountId, read.account)
      if (typeof accountId === 'string') known.consents.set(agreementOf(accountId, clientId), read.consent)
      keepGrant(known, read.payload, clientId, read.grant)
    }
    return read
  }

  // Where the interaction is gone, nothing is known of the session.
  async function interaction(known: Known, uid: string, sessionValue: string | null): Promise<void> {
    const sessionId = sessionValue === null ? null : form.idOf(sessionValue)
    const read = await store.readInteraction(form.idOf(uid), sessionId, clock.now())
    known.records.set(nameOf('Interaction', uid), read)
    if (!read) return
    const { account, clientId, session } = read
    if (account) known.accounts.set(account.id, account)
    if (account && clientId !== null) known.consents.set(agreementOf(account.id, clientId), read.consent)
    if (typeof read.payload.session === 'string') known.records.set(nameOf(BY_UID, read.payload.session), recordOf(read.begunIn))
    if (sessionValue !== null) known.records.set(nameOf('Session', sessionValue), recordOf(session))
    if (session && clientId !== null) keepGrant(known, session, clientId, read.grant)
  }

  // A screen asks for no more of an interaction than it shows: who takes it up again, for all that follows from it.
  async function interactionAlone(known: Known, key: RecordKey, uid: string): Promise<StoredRecord | null> {
    if (deps.asked().interactionUid === uid) {
      await interaction(known, uid, null)
      return take(known, nameOf(key.model, uid)) ?? null
    }
    const look = known.look?.uid === uid ? known.look : { uid, read: await store.lookAtInteraction(key.id) }
    known.look = look
    if (look.read && typeof look.read.payload.session === 'string')
      known.records.set(nameOf(BY_UID, look.read.payload.session), recordOf(look.read.begunIn))
    return look.read
  }

  async function account(id: string): Promise<Account | null> {
    const kept = deps.known()?.accounts.get(id)
    return kept === undefined ? deps.accounts.find(id) : kept
  }

  return {
    async find(key, value) {
      const known = deps.known()
      if (!known) return store.find(key.model, key.id)
      const kept = take(known, nameOf(key.model, value))
      if (kept !== undefined) return kept
      if (TOKENS.has(key.model)) return token(known, key)
      if (key.model === 'Session') return session(known, key, value)
      return key.model === 'Interaction' ? interactionAlone(known, key, value) : store.find(key.model, key.id)
    },
    async session(uid) {
      const known = deps.known()
      const kept = known && take(known, nameOf(BY_UID, uid))
      return kept === undefined ? store.findSession(uid) : kept
    },
    account,
    async identity(id) {
      const known = deps.known()
      const kept = known?.accounts.has(id) ? undefined : known?.identities.get(id)
      return kept === undefined ? account(id) : kept
    },
    async consent(accountId, clientId) {
      const kept = deps.known()?.consents.get(agreementOf(accountId, clientId))
      return kept === undefined ? deps.consents.find(accountId, clientId) : kept
    },
  }
}

const BY_UID = 'Session of'

function keepGrant(known: Known, session: Payload, clientId: string, grant: Payload | null): void {
  const authorizations = session.authorizations as Record<string, { grantId?: string } | undefined> | undefined
  const grantId = authorizations?.[clientId]?.grantId
  if (grantId !== undefined) known.records.set(nameOf('Grant', grantId), recordOf(grant))
}

function take(known: Known, name: string): StoredRecord | null | undefined {
  const kept = known.records.get(name)
  if (kept !== undefined) known.records.delete(name)
  return kept
}

function nameOf(model: string, value: string): string {
  return `${model}/${value}`
}

function agreementOf(accountId: string, clientId: string): string {
  return `${accountId}/${clientId}`
}

function recordOf(payload: Payload | null): StoredRecord | null {
  return payload && { payload, consumedAt: null }
}
