import { type Log, newSecret, type Transact, type Tx } from '../base/index.ts'
import { type ChainEntry, GENESIS, hashOfLink, isRegular, proofOf } from './chain-form.ts'
import { anchorFault, type Broken, type ChainedEntry, ERASED, type Erasure, type Reached, verifyStretch } from './chain-verify.ts'
import { type DailyCount, dailyCounts } from './rollup.ts'

/** A row's place in the chain, from 1 and without gaps. */
export interface ChainLink {
  id: string
  place: number
  salt: string
  proof: string
  hash: string
}

/** What the chain needs from storage. */
export interface ChainStore {
  /** Takes, until `tx` ends, a lock that one instance at a time has; false, at once, for everybody else. */
  lock(tx: Tx): Promise<boolean>
  /**
   * Committed rows that have no place, in the order of their ids, locked until `tx` ends; rows that somebody else has
   * locked are passed over. `next`: those that follow the rows chained last; `late`: any. And the last row of the chain;
   * null before the first, and where there are no rows to take.
   */
  take(tx: Tx, which: 'next' | 'late', max: number): Promise<{ entries: ChainEntry[]; head: Reached | null }>
  /** Gives the rows their places. */
  link(tx: Tx, links: readonly ChainLink[]): Promise<void>
  /** Adds to the counts of days. */
  count(tx: Tx, counts: readonly DailyCount[]): Promise<void>
  /** Rows behind a place (null: from before the first), in their order. */
  chained(after: number | null, max: number): Promise<ChainedEntry[]>
  /** Rows `account.erased` of those accounts that are not there, with or without a place. */
  erasures(accountIds: readonly string[]): Promise<Erasure[]>
  /** Takes the salts of rows about accounts that were erased: those that hold nothing about a person any more. */
  dropSalts(tx: Tx, accountIds: readonly string[]): Promise<void>
  /** The last place and its hash, when that row happened, and how many rows wait. */
  state(): Promise<ChainState>
  /** When the last row of the chain happened. */
  headAt(): Promise<Date | null>
}

export interface ChainState {
  rows: number
  head: string | null
  headAt: Date | null
  waiting: number
}

/** What a look at a stretch found. `reached` is where the next one begins. */
export interface Verified {
  broken: Broken | null
  reached: Reached
  /** There is more behind it. */
  more: boolean
  /** The next row is as it should be only if somebody was erased, which the trail says in a row that has no place yet. */
  waits: boolean
  state: ChainState
}

export interface Chain {
  /**
   * The job: chains rows that have been committed, batch after batch, and counts each for its day in the same
   * transaction. Whoever meets another instance at it goes away, and whoever is to stop does so after a batch. Answers how
   * many rows it chained.
   */
  advance(signal?: AbortSignal): Promise<number>
  /**
   * Checks up to `limit` rows behind `from` (null: from the beginning), and names the first that is not as it was written.
   * The row at `from` must be there still, with that hash.
   */
  verify(from: Reached | null, limit: number): Promise<Verified>
  state(): Promise<ChainState>
  /** When the row happened that was chained, and counted, last; null before the first. Quick, however many rows wait. */
  headAt(): Promise<Date | null>
}

const BATCH_SIZE = 1000
/** A line of progress after so many batches of one run. */
const PROGRESS_BATCHES = 100

/** The chain over the trail (R-184, decision 9): made after the fact, so that no request waits for another. */
export function createChain(deps: { store: ChainStore; transact: Transact; log: Log; batchSize?: number }): Chain {
  const { store, transact, log, batchSize = BATCH_SIZE } = deps

  /** What was chained, and the head since then; null when another instance is at it. */
  function chainBatch(which: 'next' | 'late'): Promise<{ count: number; head: Reached | null } | null> {
    return transact(async (tx) => {
      if (!(await store.lock(tx))) return null
      const { entries, head } = await store.take(tx, which, batchSize)
      const links = linksOf(entries, head ?? { place: 0, hash: GENESIS })
      const last = links.at(-1)
      if (!last) return { count: 0, head: null }
      await store.link(tx, links)
      await store.count(tx, dailyCounts(entries.filter(isRegular)))
      const erased = entries.flatMap(({ event, accountId }) => (event === ERASED && accountId !== null ? [accountId] : []))
      if (erased.length > 0) await store.dropSalts(tx, erased)
      return { count: links.length, head: { place: last.place, hash: last.hash } }
    })
  }

  async function advance(signal?: AbortSignal): Promise<number> {
    let chained = 0
    let head: Reached | null = null
    let which: 'next' | 'late' = 'next'
    for (let batches = 1; ; batches++) {
      const batch = await chainBatch(which)
      if (batch?.head) head = batch.head
      chained += batch?.count ?? 0
      const ends = batch === null || signal?.aborted || (which === 'late' && batch.count < batchSize)
      // Kept where the log is kept: a chain that was cut off at its end does not lead to this hash any more.
      if (ends && head) log.info({ place: head.place, head: head.hash, chained }, 'audit log chained')
      if (ends) return chained
      if (batches % PROGRESS_BATCHES === 0) log.info({ place: head?.place, chained }, 'the audit log is being chained')
      if (batch.count < batchSize) which = 'late'
    }
  }

  async function look(asked: Reached | null, limit: number): Promise<Verified> {
    // Whoever came before there was a row goes on from the beginning.
    const from = asked?.place === 0 && asked.hash === GENESIS ? null : asked
    // With the row that the stretch begins behind: that it once was there, whoever asks only says.
    const entries = from ? await store.chained(from.place - 1, limit + 1) : await store.chained(null, limit)
    const state = await store.state()
    const lost = from && anchorFault(entries[0], from)
    if (from && lost) return { broken: lost, reached: from, more: false, waits: false, state }
    const stretch = from ? entries.slice(1) : entries
    const found = await verifyStretch(stretch, from ?? { place: 0, hash: GENESIS }, (ids) => store.erasures(ids))
    return { ...found, state, more: !found.broken && !found.waits && found.reached.place < state.rows }
  }

  async function verify(from: Reached | null, limit: number): Promise<Verified> {
    const found = await look(from, limit)
    // Somebody was erased within the last minute: one batch of the job is mostly all that is missing.
    return found.waits && (await advance(AbortSignal.abort())) > 0 ? look(from, limit) : found
  }

  return { advance, verify, state: () => store.state(), headAt: () => store.headAt() }
}

function linksOf(entries: readonly ChainEntry[], head: Reached): ChainLink[] {
  let before = head
  return entries.map((entry) => {
    const salt = newSecret()
    const place = before.place + 1
    const proof = proofOf(salt, entry)
    const hash = hashOfLink(place, before.hash, proof, entry)
    before = { place, hash }
    return { id: entry.id, place, salt, proof, hash }
  })
}
