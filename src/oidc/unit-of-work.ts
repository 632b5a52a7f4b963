import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../base/index.ts'
import type { Batch, EntryRow, RecordKey, RecordRow, RecordStore } from './records.ts'

/** One request's changes, kept until the answer is ready. */
export interface Work<Entry extends EntryRow = EntryRow> {
  /** What this request would find: its own writes first. `undefined` = not touched here. */
  pending(key: RecordKey): RecordRow | null | undefined
  put(row: RecordRow): void
  destroy(key: RecordKey): void
  revokeGrant(grantId: string): void
  consume(key: RecordKey): void
  /** Rows of the audit trail that stand or fall with the changes. */
  note(entry: Entry): void
  /** Forgets every change: the request failed half-way. */
  discard(): void
}

export interface UnitOfWork<Entry extends EntryRow = EntryRow> {
  /** The work of the running request, if there is one. */
  current(): Work<Entry> | undefined
  /**
   * Runs `request`, then writes all its changes as one statement. Answers `lost` when a value that works once
   * had been used already: then nothing was written and the request must be refused. What `request` throws is
   * passed on, with nothing written.
   */
  run(request: () => Promise<void>): Promise<'written' | 'lost'>
}

/**
 * The engine loads a code, sees that it is unused and then reports the use: between the two there is room for
 * another request, and after them room for a crash. Here all writes of a request wait for its end and go out as
 * one statement that hinges on the use: single use, crash safety and few statements by one mechanism.
 */
export function createUnitOfWork<Entry extends EntryRow>(deps: {
  store: RecordStore<Entry>
  clock: Clock
  /** After the flush: counters and log lines of what has really happened. */
  announce(entries: Entry[]): void
}): UnitOfWork<Entry> {
  const scope = new AsyncLocalStorage<Work<Entry> & { batch(): Batch<Entry>; empty(): boolean }>()

  async function run(request: () => Promise<void>): Promise<'written' | 'lost'> {
    const work = createWork<Entry>(deps.clock)
    await scope.run(work, request)
    if (work.empty()) return 'written'
    const batch = work.batch()
    const outcome = await deps.store.flush(batch)
    if (outcome === 'written') deps.announce(batch.entries)
    return outcome
  }

  return { current: () => scope.getStore(), run }
}

function createWork<Entry extends EntryRow>(clock: Clock) {
  const rows = new Map<string, { key: RecordKey; row: RecordRow | null }>()
  const revokedGrants = new Set<string>()
  const entries: Entry[] = []
  let consumed: RecordKey | null = null
  const name = (key: RecordKey) => `${key.model}/${key.id}`

  return {
    pending: (key: RecordKey) => rows.get(name(key))?.row,
    put(row: RecordRow) {
      const key = { model: row.model, id: row.id }
      rows.set(name(key), { key, row })
    },
    destroy(key: RecordKey) {
      rows.set(name(key), { key, row: null })
    },
    revokeGrant(grantId: string) {
      revokedGrants.add(grantId)
      for (const [at, entry] of rows) if (entry.row?.grantId === grantId) rows.delete(at)
    },
    consume(key: RecordKey) {
      if (consumed && name(consumed) !== name(key)) throw new Error('one request uses up two records')
      consumed = key
    },
    note: (entry: Entry) => void entries.push(entry),
    discard() {
      rows.clear()
      revokedGrants.clear()
      entries.length = 0
      consumed = null
    },
    empty: () => rows.size === 0 && revokedGrants.size === 0 && consumed === null && entries.length === 0,
    batch(): Batch<Entry> {
      const all = [...rows.values()]
      return {
        now: clock.now(),
        upserts: all.flatMap((entry) => (entry.row ? [entry.row] : [])),
        destroys: all.flatMap((entry) => (entry.row ? [] : [entry.key])),
        revokedGrants: [...revokedGrants],
        consume: consumed,
        entries,
      }
    },
  }
}
