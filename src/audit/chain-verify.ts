import { setImmediate as others } from 'node:timers/promises'
import { type ChainEntry, GENESIS, hashOfLink, isPersonal, proofOf } from './chain-form.ts'

/** A row with its place. Of what the job wrote anything may be missing by now. */
export interface ChainedEntry extends ChainEntry {
  place: number
  salt: string | null
  proof: string | null
  hash: string | null
}

/** The last row that was found whole. */
export interface Reached {
  place: number
  hash: string
}

/**
 * The first place where the chain does not hold. `removed`: no row is there. `inserted`: this row was put in. `moved`:
 * it stood at another place. `unsalted`: what it says of a person cannot be checked any more, and nobody was erased.
 */
export interface Broken {
  entryId: string | null
  place: number
  kind: 'changed' | 'removed' | 'inserted' | 'moved' | 'unsalted'
  /** Of a row that was moved. */
  stoodAt?: number
}

/** After so many rows whoever signs in has their turn. */
const AT_ONCE = 250

/** What became of the row that a stretch begins behind; null where it stands there with the hash it had. */
export function anchorFault(entry: ChainedEntry | undefined, { place, hash }: Reached): Broken | null {
  if (entry?.place !== place) return { entryId: null, place, kind: 'removed' }
  return entry.hash === hash ? null : { entryId: entry.id, place, kind: 'changed' }
}

/** The event of a row that says a person was erased. */
export const ERASED = 'account.erased'

/** A row `account.erased` of an account that is not there; `before` is the hash of the row before it, if there is one. */
export interface Erasure extends Omit<ChainedEntry, 'place'> {
  /** Null while the row waits for a place. */
  place: number | null
  before: string | null
}

/** Follows the chain over one stretch of it. `erasuresOf` answers what the trail says of the end of some accounts. */
export async function verifyStretch(
  entries: readonly ChainedEntry[],
  from: Reached,
  erasuresOf: (accountIds: readonly string[]) => Promise<readonly Erasure[]>,
): Promise<{ broken: Broken | null; reached: Reached; waits: boolean }> {
  const gone = await goneOf(entries, erasuresOf)
  let reached = from
  for (const [index, entry] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await others()
    const kind = faultOf(entry, reached, gone)
    if (kind === 'waits') return { broken: null, reached, waits: true }
    if (kind === 'removed') return { broken: { entryId: null, place: reached.place + 1, kind }, reached, waits: false }
    if (kind === 'link') return { broken: explained(entries, index, reached), reached, waits: false }
    if (kind) return { broken: { entryId: entry.id, place: entry.place, kind }, reached, waits: false }
    reached = { place: entry.place, hash: entry.hash ?? '' }
  }
  return { broken: null, reached, waits: false }
}

/** Accounts that were erased; those of which the trail says so in a row without a place are `waiting`. */
interface Gone {
  erased: ReadonlySet<string | null>
  waiting: ReadonlySet<string | null>
}

// A row that anybody put in without a place proves nothing: it could be taken away again unseen.
async function goneOf(
  entries: readonly ChainedEntry[],
  erasuresOf: (accountIds: readonly string[]) => Promise<readonly Erasure[]>,
): Promise<Gone> {
  const empty = entries.filter((entry) => entry.salt === null || !isPersonal(entry))
  const ids = new Set(empty.flatMap(({ accountId, actorId }) => [accountId, actorId]).filter((id) => id !== null))
  const erasures = ids.size > 0 ? await erasuresOf([...ids]) : []
  return {
    erased: new Set(erasures.filter(stands).map(({ accountId }) => accountId)),
    waiting: new Set(erasures.filter(({ place }) => place === null).map(({ accountId }) => accountId)),
  }
}

// Where the row before it is not there, the chain is told to be broken, or begun behind it.
function stands({ place, before, ...entry }: Erasure): boolean {
  const { proof, hash } = entry
  if (place === null || proof === null) return false
  const follows = place === 1 ? GENESIS : before
  return follows === null || hashOfLink(place, follows, proof, entry) === hash
}

function faultOf(entry: ChainedEntry, before: Reached, gone: Gone): Broken['kind'] | 'link' | 'waits' | null {
  const { place, salt, proof, hash } = entry
  if (place > before.place + 1) return 'removed'
  if (place <= before.place) return 'inserted' // places begin with 1
  if (proof === null || hash === null) return 'changed'
  const proven = salt !== null && proofOf(salt, entry) === proof
  if (!proven && salt !== null && isPersonal(entry)) return 'changed'
  if (hashOfLink(place, before.hash, proof, entry) !== hash) return 'link'
  return proven ? null : unprovenFault(entry, gone)
}

/** Of a row whose commitment says nothing any more: whether that is because somebody was erased. */
function unprovenFault(entry: ChainedEntry, { erased, waiting }: Gone): Broken['kind'] | 'waits' | null {
  const { salt, accountId, actorId, detail } = entry
  if (accountId !== null && erased.has(accountId)) return isPersonal(entry) ? 'changed' : null
  // Of a row about somebody else the address stays: it is theirs.
  const theirs = { ...entry, detail: { ...detail, address: null } }
  if (salt === null && actorId !== null && erased.has(actorId)) return isPersonal(theirs) ? 'changed' : null
  if (waiting.has(accountId) || (salt === null && waiting.has(actorId))) return 'waits'
  return salt === null ? 'unsalted' : 'changed'
}

/** What was done to a row that does not follow the one before it, as far as its neighbours tell. */
function explained(entries: readonly ChainedEntry[], index: number, before: Reached): Broken {
  const entry = entries[index] as ChainedEntry
  const { id: entryId, place } = entry
  const next = entries[index + 1]
  const fits = (one: ChainedEntry, at: number, hash: string | null) =>
    hash !== null && one.proof !== null && hashOfLink(at, hash, one.proof, one) === one.hash
  const neighbours = entries.flatMap(({ place: at, hash }) => [{ at: at + 1, hash }])
  // Of two neighbours that changed places the second stands before the first.
  if (next) neighbours.push({ at: place + 1, hash: next.hash })
  const origin = neighbours.find(({ at, hash }) => at !== place && fits(entry, at, hash))
  if (origin) return { entryId, place, kind: 'moved', stoodAt: origin.at }
  if (next && fits(next, place, before.hash)) return { entryId, place, kind: 'inserted' }
  return { entryId, place, kind: 'changed' }
}
