/** The one clock of the process: the engine reads `Date` too, so both always agree. */
export interface Clock {
  /** The present moment. Rooms take it from here; SQL takes it as a parameter and never calls `now()`. */
  now(): Date
}

export const clock: Clock = { now: () => new Date(Date.now()) }

/** `at` moved by `seconds`, which may be negative. */
export function addSeconds(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000)
}

/** Whole seconds from `from` until `to`, rounded up; 0 when `to` has passed. */
export function secondsUntil(to: Date, from: Date): number {
  return Math.max(0, Math.ceil((to.getTime() - from.getTime()) / 1000))
}
