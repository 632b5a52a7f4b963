import { Refusal } from '../base/index.ts'

/** How long somebody is asked to stay away whom the gate turned back. */
const RETRY_AFTER_SECONDS = 2
/** As long as one waits for a connection. */
const WAIT_MS = 5000
/** A page of the console asks for several things at once, a script for more. */
const WAITING_PER_PLACE = 8

/**
 * Lets so many pieces of work run at once, and some wait for their turn, five seconds at most; whoever waited in vain, or
 * comes when too many wait, is turned back with `Refusal('unavailable')`. So slow lists leave the connections of the pool to those who sign in (F-09).
 */
export function createGate(atOnceMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting = new Set<() => void>()
  let running = 0

  function leave(): void {
    const [next] = waiting
    if (next) {
      waiting.delete(next)
      next() // the place goes on without having been free
    } else running--
  }

  function turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const called = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(called)
        reject(turnedBack())
      }, WAIT_MS)
      waiting.add(called)
    })
  }

  return async (work) => {
    if (running < atOnceMax) running++
    else if (waiting.size < atOnceMax * WAITING_PER_PLACE) await turn()
    else throw turnedBack()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

function turnedBack(): Refusal {
  return new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
}
