import { addSeconds, type Clock } from '../base/index.ts'

const FAILURES_MAX = 5
const HALF_OPEN_AFTER_SECONDS = 30

/**
 * Keeps messages from a route that fails: after five failures in a row it is open, and nothing is asked of the route.
 * Half a minute later one message at a time may try; the first that does not fail closes it again.
 */
export interface Breaker {
  /** Takes leave to try. False: ask another route. Every leave is followed by `worked` or `failed`. */
  enter(): boolean
  worked(): void
  failed(): void
}

/** A closed breaker. `changed` hears of every opening and closing. */
export function createBreaker(clock: Clock, changed: (open: boolean) => void): Breaker {
  let failures = 0
  let shutUntil: Date | null = null
  let trying = false

  function enter(): boolean {
    if (shutUntil === null) return true
    if (trying || clock.now() < shutUntil) return false
    trying = true
    return true
  }

  function worked(): void {
    const wasOpen = shutUntil !== null
    failures = 0
    shutUntil = null
    trying = false
    if (wasOpen) changed(false)
  }

  function failed(): void {
    failures++
    trying = false
    if (failures < FAILURES_MAX) return
    const wasOpen = shutUntil !== null
    shutUntil = addSeconds(clock.now(), HALF_OPEN_AFTER_SECONDS)
    if (!wasOpen) changed(true)
  }

  return { enter, worked, failed }
}
