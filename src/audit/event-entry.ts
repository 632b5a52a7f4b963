/** What a field of an event holds. `address` takes an address in full and keeps it masked. */
export type DetailKind = 'text' | 'number' | 'flag' | 'address'

/** One event of the catalogue. */
export interface EventEntry {
  level: 'info' | 'warn'
  /** Whether a row is written. What strangers can cause without end is counted and logged only. */
  kept: boolean
  /** Fields beside who and where; those in `optional` may be left out. */
  detail: Readonly<Record<string, DetailKind>>
  optional?: Readonly<Record<string, DetailKind>>
  help: string
}
