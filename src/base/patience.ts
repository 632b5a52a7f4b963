import { AsyncLocalStorage } from 'node:async_hooks'

/** How long one piece of work still waits for others; waiting for two of them at once counts once. */
interface Patience {
  leftMs: number
  waiting: number
  since: number
}

const scope = new AsyncLocalStorage<Patience>()

/**
 * Does `work`, which waits for its database no longer than `milliseconds` in all, however many things it asks for: each
 * may be slow and none of them too slow. What else takes time, such as a body that arrives slowly, does not count.
 */
export function withPatience<T>(milliseconds: number, work: () => T): T {
  return scope.run({ leftMs: milliseconds, waiting: 0, since: 0 }, work)
}

/** Milliseconds that the present work may still wait; `Infinity` where nobody set an end. */
export function patienceLeftMs(): number {
  const patience = scope.getStore()
  if (!patience) return Number.POSITIVE_INFINITY
  return patience.leftMs - (patience.waiting > 0 ? performance.now() - patience.since : 0)
}

/** Stands for the piece of work that this is part of: the same for all of it, and another for any other; null outside of one. */
export function presentWork(): object | null {
  return scope.getStore() ?? null
}

/** Waits for `work` at the cost of the present patience. */
export async function waitPatiently<T>(work: () => Promise<T>): Promise<T> {
  const patience = scope.getStore()
  if (!patience) return work()
  if (patience.waiting++ === 0) patience.since = performance.now()
  try {
    return await work()
  } finally {
    if (--patience.waiting === 0) patience.leftMs -= performance.now() - patience.since
  }
}
