import { Refusal } from '../base/index.ts'

/** How long somebody is asked to stay away whom the gate turned back. */
const RETRY_AFTER_SECONDS = 2
/** A page of the console asks for several things at once, a script for more. */
const WAITING_PER_PLACE = 8

/**
 * Lets so many pieces of work run at once, and some wait for their turn; whoever comes then is turned back with
 * `Refusal('unavailable')`. So slow lists leave the connections of the pool to those who sign in (F-09).
 */
export function createGate(atOnceMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0

  function leave(): void {
    const next = waiting.shift()
    if (next)
      next() // the place goes on without having been free
    else running--
  }

  return async (work) => {
    if (running < atOnceMax) running++
    else if (waiting.length < atOnceMax * WAITING_PER_PLACE) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
