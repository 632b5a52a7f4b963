import { addSeconds } from '../base/index.ts'
import type { ClientSight } from './sightings.ts'
import { ALGS, type SigningAlg, type SigningKeyRow } from './signing-key.ts'

/** How keys are exchanged; all in seconds. */
export interface RotationPolicy {
  /** A key that has signed for so long is exchanged; 0: only when somebody asks. */
  everySeconds: number
  /** A next key signs after so long, whoever has seen it. */
  waitSeconds: number
  /** A previous key is published for so long: longer than what it signed can live. */
  keepSeconds: number
  /** An instance whose clock differs by more from the database's exchanges nothing. */
  skewMaxSeconds: number
  /** The keys come from a file: those of the service itself sign nothing. */
  fromFile: boolean
}

/** What is due. */
export type Step =
  | { kind: 'publish'; alg: SigningAlg }
  | { kind: 'activate'; key: SigningKeyRow; reason: 'all_seen' | 'deadline' }
  | { kind: 'retire'; key: SigningKeyRow }
  | { kind: 'remove'; key: SigningKeyRow; reason: 'aged_out' | 'from_file' }

/** How long caches may keep the published keys (RFC 9111 §5.2.2.1: `max-age`). */
export const JWKS_MAX_AGE_SECONDS = 300

/** Until every instance that reaches the database publishes a new key: it looks every five seconds, and hears of it before. */
const SPREAD_SECONDS = 30

/**
 * What was read so long ago is not handed to caches any more: a key may have been published since. Shorter than
 * `SPREAD_SECONDS` by what lies between the date of a key and the commit that publishes it.
 */
export const FRESH_SECONDS = SPREAD_SECONDS - 10

/** From then on a next key may sign: every instance has it, and no cache that obeys holds an answer without it. */
export function mayActivateFrom({ createdAt }: Pick<SigningKeyRow, 'createdAt'>): Date {
  return addSeconds(createdAt, JWKS_MAX_AGE_SECONDS + SPREAD_SECONDS)
}

/** Of these clients those that have not fetched the keys since this one was published everywhere. */
export function clientsWaiting({ createdAt }: Pick<SigningKeyRow, 'createdAt'>, active: readonly ClientSight[]): ClientSight[] {
  const everywhereFrom = addSeconds(createdAt, SPREAD_SECONDS)
  return active.filter(({ fetchedAt }) => fetchedAt === null || fetchedAt < everywhereFrom)
}

/** What is due now, each step for itself: of one that was done in between nothing is done twice. */
export function nextSteps(
  rows: readonly SigningKeyRow[],
  { policy, everybodyHasSeen, now }: { policy: RotationPolicy; everybodyHasSeen: boolean; now: Date },
): Step[] {
  const aged = rows.filter((row) => row.state === 'previous' && addSeconds(retiredAt(row), policy.keepSeconds) <= now)
  const removals = aged.map((key): Step => ({ kind: 'remove', key, reason: 'aged_out' }))
  if (policy.fromFile) {
    const retired = rows.filter(({ state }) => state === 'current').map((key): Step => ({ kind: 'retire', key }))
    // It has signed nothing.
    const dropped = rows
      .filter(({ state }) => state === 'next')
      .map((key): Step => ({ kind: 'remove', key, reason: 'from_file' }))
    return [...retired, ...dropped, ...removals]
  }
  return [...ALGS.flatMap((alg) => exchangeOf(alg, rows, { policy, everybodyHasSeen, now })), ...removals]
}

function exchangeOf(
  alg: SigningAlg,
  rows: readonly SigningKeyRow[],
  { policy, everybodyHasSeen, now }: Parameters<typeof nextSteps>[1],
): Step[] {
  const next = rows.find((row) => row.alg === alg && row.state === 'next')
  if (next) {
    if (now < mayActivateFrom(next)) return []
    if (everybodyHasSeen) return [{ kind: 'activate', key: next, reason: 'all_seen' }]
    return next.activateBy === null || next.activateBy <= now ? [{ kind: 'activate', key: next, reason: 'deadline' }] : []
  }
  const current = rows.find((row) => row.alg === alg && row.state === 'current')
  const signsSince = current && (current.activatedAt ?? current.createdAt)
  const isDue = policy.everySeconds > 0 && signsSince && addSeconds(signsSince, policy.everySeconds) <= now
  return isDue ? [{ kind: 'publish', alg }] : []
}

// A key that stopped signing before this was written down has stopped at some time after it began.
function retiredAt({ retiredAt: at, activatedAt, createdAt }: SigningKeyRow): Date {
  return at ?? activatedAt ?? createdAt
}
