import type { Clock } from '../base/index.ts'

/** Values that are kept in the process for a short time. */
export interface Memory<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  clear(): void
}

/** Keeps at most `keptMax` values for `keptMs` milliseconds each; the oldest makes room. */
export function createMemory<T>({ clock, keptMs, keptMax }: { clock: Clock; keptMs: number; keptMax: number }): Memory<T> {
  const entries = new Map<string, { value: T; at: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      const ageMs = clock.now().getTime() - entry.at
      // A clock that was set back makes the age negative: such an entry counts as old.
      if (ageMs >= 0 && ageMs < keptMs) return entry.value
      entries.delete(key)
      return undefined
    },
    set(key, value) {
      entries.delete(key)
      entries.set(key, { value, at: clock.now().getTime() })
      const oldest = entries.keys().next().value
      if (entries.size > keptMax && oldest !== undefined) entries.delete(oldest)
    },
    clear: () => entries.clear(),
  }
}
