import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Tx } from '../base/index.ts'
import type { AgreementKey } from './consent.ts'
import type { LogoutNews } from './logout.ts'
import { type Known, nothingKnown } from './read-ahead.ts'
import { changeOf } from './record-change.ts'
import type { Batch, EntryRow, NewRecord, RecordChange, RecordKey, RecordRow, RecordStore } from './records.ts'
import type { Payload } from './stored-form.ts'

/** One request's changes, kept until the answer is ready. */
export interface Work<Entry extends EntryRow = EntryRow> {
  /** What it has read ahead. */
  readonly known: Known
  /** What this request would find: its own writes first. `undefined` = not touched here. */
  pending(key: RecordKey): RecordRow | null | undefined
  /** Remembers what was found, so that only what changes is written, and nothing that ended is brought back. */
  loaded(key: RecordKey, payload: Payload): void
  /** The session of this uid as it was found, if it was. */
  sessionFound(uid: unknown): Payload | undefined
  /** The request relies on this agreement: when it was taken back meanwhile, nothing is written. */
  relyOn(agreed: AgreementKey): void
  put(row: RecordRow, payload: Payload): void
  destroy(key: RecordKey): void
  revokeGrant(grantId: string): void
  consume(key: RecordKey): void
  /** An application that the session ends for, to be told of it. */
  tellOfLogout(news: LogoutNews): void
  /** Rows of the audit trail that stand or fall with the changes. */
  note(entry: Entry): void
  /** Forgets every change: the request failed half-way. */
  discard(): void
  /** Forgets use and writes, keeps what ends: the request was refused. */
  keepEnds(): void
  /** Forgets what would be written of one record. */
  forget(key: RecordKey): void
}

/** Calls `write` in a transaction that must hold for it; what it answers is answered, and what it throws undoes both. */
export type Within = (write: (tx: Tx) => Promise<'written' | 'lost'>) => Promise<'written' | 'lost'>

export interface UnitOfWork<Entry extends EntryRow = EntryRow> {
  /** The work of the running request, if there is one. */
  current(): Work<Entry> | undefined
  /**
   * Runs `request`, then writes all its changes as one statement. Answers `lost` when a value that works once had
   * been used already, or a session or interaction ended meanwhile: then nothing was written and the request must be
   * refused. What `request` throws is passed on, with nothing written. `within` writes together with something else.
   */
  run(request: () => Promise<void>, within?: Within): Promise<'written' | 'lost'>
}

/**
 * The engine loads a code, sees that it is unused and then reports the use: between the two there is room for
 * another request, and after them room for a crash. Here all writes of a request wait for its end and go out as one
 * statement that hinges on the use: single use, crash safety and few statements by one mechanism.
 */
export function createUnitOfWork<Entry extends EntryRow>(deps: {
  store: RecordStore<Entry>
  clock: Clock
  /** After the flush: counters and log lines of what has really happened. */
  announce(entries: Entry[]): void
}): UnitOfWork<Entry> {
  const scope = new AsyncLocalStorage<ReturnType<typeof createWork<Entry>>>()

  async function run(request: () => Promise<void>, within?: Within): Promise<'written' | 'lost'> {
    const work = createWork<Entry>()
    await scope.run(work, request)
    if (work.empty()) return 'written'
    const batch = work.batch(deps.clock.now())
    const outcome = await (within ? within((tx) => deps.store.flush(batch, tx)) : deps.store.flush(batch))
    if (outcome === 'written') deps.announce(batch.entries)
    return outcome
  }

  return { current: () => scope.getStore(), run }
}

/** Records that end a chain when they are gone: nothing may be built on a session or interaction that has ended. */
const MUST_STAND = new Set(['Session', 'Interaction'])

const GRANT = 'Grant'

interface Touched {
  key: RecordKey
  row: RecordRow | null
  payload: Payload
}

function createWork<Entry extends EntryRow>() {
  const touched = new Map<string, Touched>()
  const found = new Map<string, { key: RecordKey; before: Payload }>()
  const revokedGrants = new Set<string>()
  const entries: Entry[] = []
  const logouts: LogoutNews[] = []
  let consumed: RecordKey | null = null
  let agreed: AgreementKey | null = null
  const name = (key: RecordKey) => `${key.model}/${key.id}`

  function sessionOf(uid: unknown): { key: RecordKey; before: Payload } | undefined {
    return [...found.values()].find(({ key, before }) => key.model === 'Session' && before.uid === uid)
  }

  function insert(row: RecordRow, payload: Payload): NewRecord {
    const followed = row.model === 'Session' ? sessionOf(row.uid) : undefined
    if (!followed) return { ...row, follows: null }
    const { setAuthorizations: authorizations } = changeOf(row, payload, followed.before)
    return { ...row, payload: { ...row.payload, authorizations }, follows: followed.key.id }
  }

  function written(): { inserts: NewRecord[]; changes: RecordChange[]; destroys: RecordKey[] } {
    const result = { inserts: [] as NewRecord[], changes: [] as RecordChange[], destroys: [] as RecordKey[] }
    for (const { key, row, payload } of touched.values()) {
      const before = found.get(name(key))?.before
      if (!row) result.destroys.push(key)
      else if (before) result.changes.push(changeOf(row, payload, before))
      else result.inserts.push(insert(row, payload))
    }
    return result
  }

  // A grant that ended takes with it what is about to be granted.
  function mustStand({ key, before }: { key: RecordKey; before: Payload }): boolean {
    if (key.model !== GRANT) return MUST_STAND.has(key.model) && touched.has(name(key))
    return [...touched.values()].some(({ row }) => row !== null && row.grantId === before.jti)
  }

  const work: Work<Entry> = {
    known: nothingKnown(),
    pending: (key) => touched.get(name(key))?.row,
    loaded(key, payload) {
      if (found.has(name(key))) return
      // The engine changes a session's members in place.
      found.set(name(key), { key, before: key.model === 'Session' ? structuredClone(payload) : payload })
    },
    sessionFound: (uid) => sessionOf(uid)?.before,
    relyOn(agreement) {
      agreed = agreement
    },
    put(row, payload) {
      const key = { model: row.model, id: row.id }
      touched.set(name(key), { key, row, payload })
    },
    destroy(key) {
      touched.set(name(key), { key, row: null, payload: {} })
    },
    revokeGrant(grantId) {
      revokedGrants.add(grantId)
      for (const [at, entry] of touched) if (entry.row?.grantId === grantId) touched.delete(at)
    },
    consume(key) {
      if (consumed && name(consumed) !== name(key)) throw new Error('one request uses up two records')
      consumed = key
    },
    tellOfLogout: (news) => void logouts.push(news),
    note: (entry) => void entries.push(entry),
    discard() {
      touched.clear()
      revokedGrants.clear()
      entries.length = 0
      logouts.length = 0
      consumed = null
      agreed = null
    },
    keepEnds() {
      for (const [at, entry] of touched) if (entry.row) touched.delete(at)
      consumed = null
      agreed = null
    },
    forget: (key) => void touched.delete(name(key)),
  }

  return {
    ...work,
    empty: () => touched.size === 0 && revokedGrants.size === 0 && consumed === null && entries.length === 0,
    batch(now: Date): Batch<Entry> {
      const required = [...found.values()].filter(mustStand).map(({ key }) => key)
      const changes = written()
      const isFollowed = (key: RecordKey) => changes.inserts.some(({ follows }) => follows === key.id)
      const endedSession = changes.destroys.find((key) => key.model === 'Session' && !isFollowed(key)) ?? null
      const rest = { consume: consumed, required, agreed, entries, endedSession, logouts }
      return { now, ...changes, revokedGrants: [...revokedGrants], ...rest }
    },
  }
}
