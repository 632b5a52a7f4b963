import { setImmediate as others } from 'node:timers/promises'
import { type ChainEntry, hashOfLink, isPersonal, proofOf } from './chain-form.ts'

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

/** Follows the chain over one stretch of it. `erasedOf` answers which of the accounts were erased. */
export async function verifyStretch(
  entries: readonly ChainedEntry[],
  from: Reached,
  erasedOf: (accountIds: readonly string[]) => Promise<string[]>,
): Promise<{ broken: Broken | null; reached: Reached }> {
  const unsalted = entries.flatMap(({ salt, accountId }) => (salt === null && accountId !== null ? [accountId] : []))
  const erased = new Set(unsalted.length > 0 ? await erasedOf([...new Set(unsalted)]) : [])
  let reached = from
  for (const [index, entry] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await others()
    const kind = faultOf(entry, reached, erased)
    if (kind === 'removed') return { broken: { entryId: null, place: reached.place + 1, kind }, reached }
    if (kind === 'link') return { broken: explained(entries, index, reached), reached }
    if (kind) return { broken: { entryId: entry.id, place: entry.place, kind }, reached }
    reached = { place: entry.place, hash: entry.hash ?? '' }
  }
  return { broken: null, reached }
}

function faultOf(entry: ChainedEntry, before: Reached, erased: ReadonlySet<string>): Broken['kind'] | 'link' | null {
  const { place, salt, proof, hash, accountId } = entry
  if (place > before.place + 1) return 'removed'
  if (place <= before.place) return 'inserted' // places begin with 1
  if (proof === null || hash === null) return 'changed'
  if (salt !== null && proofOf(salt, entry) !== proof) return 'changed'
  if (hashOfLink(place, before.hash, proof, entry) !== hash) return 'link'
  if (salt !== null) return null
  if (accountId === null || !erased.has(accountId)) return 'unsalted'
  return isPersonal(entry) ? 'changed' : null
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
