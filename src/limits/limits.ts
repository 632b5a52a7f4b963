import { addSeconds, type Clock, counterIn, type Log, type Metrics, Refusal, type Secrets, secondsUntil } from '../base/index.ts'
import type { Limit, LimitName } from '../config/index.ts'
import { orUnavailable } from './or-unavailable.ts'

/** One thing to count: which limit, and for whom (an address, a network, a client's id, or `''` for all). */
export interface LimitRequest {
  limit: LimitName
  subject: string
}

/** Whether the request may go on; else which limit keeps it longest, and for how long. */
export type Taken = { ok: true } | { ok: false; limit: LimitName; retryAfterSeconds: number }

/** One counter as the store sees it. `resetsAt` is when a window that begins now would end. */
export interface LimitCount {
  id: string
  countMax: number
  resetsAt: Date
}

/** What limits need from storage. Both commit on their own: a later roll-back does not undo them (R-064). */
export interface LimitStore {
  /**
   * Counts one on every counter, or on none when one of them is full already. Each counter must be atomic over
   * all instances: of any number of parallel calls at most `countMax` are `counted` in one window. Two calls
   * may meet at the last free place: then a counter answers not `counted` and without `fullUntil`, while the
   * others were. Locks are taken in the order of the ids.
   */
  count(counts: readonly LimitCount[], now: Date): Promise<{ id: string; counted: boolean; fullUntil: Date | null }[]>
  /** Takes one off each counter whose window is open, never below zero. */
  uncount(ids: readonly string[], now: Date): Promise<void>
}

export interface Limits {
  /**
   * Counts a request on all its limits at once, in a transaction of its own, before the work. When one of them
   * is used up the request is refused and counts on none, so that who is refused uses up nobody else's share.
   * Throws `Refusal('unavailable')` when it cannot be counted: nothing is sent or guessed uncounted (R-154).
   */
  take(requests: readonly LimitRequest[]): Promise<Taken>
  /** Undoes one `take` of the same requests, where the work turned out not to happen. */
  giveBack(requests: readonly LimitRequest[]): Promise<void>
}

const ROUNDS_MAX = 3

/**
 * Limits with fixed windows that begin at the first hit, kept in the store and so shared by all instances.
 * Subjects are stored as keyed hashes. The hash follows the newest secret: a change of `SECRETS` begins new windows.
 */
export function createLimits(deps: {
  store: LimitStore
  secrets: Pick<Secrets, 'hmac'>
  clock: Clock
  log: Log
  metrics: Metrics
  limits: Readonly<Record<LimitName, Pick<Limit, 'count' | 'windowSeconds'>>>
}): Limits {
  const { store, secrets, clock, log, limits } = deps
  const refusals = counterIn(deps.metrics, 'doorward_limit_refusals_total')

  function idOf({ limit, subject }: LimitRequest): string {
    return `${limit}:${secrets.hmac('limit-subject', `${limit}\n${subject}`).toString('base64url')}`
  }

  async function round(byId: ReadonlyMap<string, LimitName>): Promise<Taken | 'met at the last place'> {
    const now = clock.now()
    const counts = [...byId].map(([id, name]) => {
      const { count, windowSeconds } = limits[name]
      return { id, countMax: count, resetsAt: addSeconds(now, windowSeconds) }
    })
    const results = await store.count(counts, now)
    if (results.every(({ counted }) => counted)) return { ok: true }
    const counted = results.filter((result) => result.counted).map(({ id }) => id)
    if (counted.length > 0) await store.uncount(counted, now)
    return longest(results, byId, now) ?? 'met at the last place'
  }

  async function take(requests: readonly LimitRequest[]): Promise<Taken> {
    const byId = new Map(requests.map((request) => [idOf(request), request.limit]))
    if (byId.size === 0) return { ok: true }
    for (let rounds = 1; ; rounds++) {
      const taken = await orUnavailable(log, round(byId))
      if (taken === 'met at the last place') {
        // The next look sees the full counter, with the end of its window.
        if (rounds < ROUNDS_MAX) continue
        throw new Refusal('unavailable', { retryAfterSeconds: 1 })
      }
      if (!taken.ok) refusals.inc({ limit: taken.limit })
      return taken
    }
  }

  async function giveBack(requests: readonly LimitRequest[]): Promise<void> {
    const ids = [...new Set(requests.map(idOf))]
    if (ids.length > 0) await orUnavailable(log, store.uncount(ids, clock.now()))
  }

  return { take, giveBack }
}

/** The refusal with the longest wait (R-155), at least a second; null when no counter was seen to be full. */
function longest(
  results: readonly { id: string; fullUntil: Date | null }[],
  byId: ReadonlyMap<string, LimitName>,
  now: Date,
): Taken | null {
  const waits = results.flatMap(({ id, fullUntil }) => {
    const limit = byId.get(id)
    return fullUntil && limit ? [{ limit, retryAfterSeconds: Math.max(1, secondsUntil(fullUntil, now)) }] : []
  })
  const last = waits.sort((a, b) => b.retryAfterSeconds - a.retryAfterSeconds)[0]
  return last ? { ok: false, ...last } : null
}
