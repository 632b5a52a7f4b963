import type { Clock } from '../base/index.ts'
import type { Limit, LimitName } from '../config/index.ts'

/** Limits of one process, for what costs a row or a guess but no money and no mail. */
export interface LocalLimits {
  /** Seconds until the subject may go on; null when it may now. Counts nothing. */
  closedFor(limit: LimitName, subject: string): number | null
  count(limit: LimitName, subject: string): void
  /** The same for one limit. */
  of(limit: LimitName): { closedFor(subject: string): number | null; count(subject: string): void }
}

interface Window {
  count: number
  resetsAtMs: number
}

const SUBJECTS_MAX = 50_000

/**
 * Fixed windows kept in memory: hot paths must not pay a statement, or wait for a row that everybody behind one
 * address writes. Several instances together let through as many times more.
 */
export function createLocalLimits(deps: {
  clock: Clock
  limits: Readonly<Record<LimitName, Pick<Limit, 'count' | 'windowSeconds'>>>
}): LocalLimits {
  const windows = new Map<string, Window>()
  const nowMs = () => deps.clock.now().getTime()

  function open(key: string): Window | undefined {
    const window = windows.get(key)
    if (window && window.resetsAtMs > nowMs()) return window
    windows.delete(key)
    return undefined
  }

  function makeRoom(): void {
    if (windows.size < SUBJECTS_MAX) return
    // The oldest windows stand first and end first.
    for (const key of windows.keys()) {
      windows.delete(key)
      if (windows.size < SUBJECTS_MAX / 2) return
    }
  }

  const limits: LocalLimits = {
    closedFor(limit, subject) {
      const window = open(`${limit}\n${subject}`)
      if (!window || window.count < deps.limits[limit].count) return null
      return Math.max(1, Math.ceil((window.resetsAtMs - nowMs()) / 1000))
    },
    count(limit, subject) {
      const key = `${limit}\n${subject}`
      const window = open(key)
      if (window) {
        window.count++
        return
      }
      makeRoom()
      windows.set(key, { count: 1, resetsAtMs: nowMs() + deps.limits[limit].windowSeconds * 1000 })
    },
    of: (limit) => ({
      closedFor: (subject) => limits.closedFor(limit, subject),
      count: (subject) => limits.count(limit, subject),
    }),
  }
  return limits
}
