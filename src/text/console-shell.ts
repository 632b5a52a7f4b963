import type { FormView } from './parts.ts'
import type { RescueBanner } from './rescue-views.ts'

/** The entries of the rail. */
export type ConsoleEntry = 'start' | 'clients' | 'apis' | 'people' | 'messages' | 'keys' | 'audit' | 'administrators'

/** What every page of the console shows around its own. */
export interface ConsoleShell {
  /** Who is signed in, two letters for it, and as what. */
  name: string
  initials: string
  role: 'admin' | 'support' | 'auditor'
  here: ConsoleEntry | null
  /** What the role may see. */
  rail: { entry: ConsoleEntry; url: string }[]
  /** Times of today are told by the clock alone. */
  now: Date
  /** Looks for everything; `query` is what was looked for last. */
  search: { url: string; query: string }
  signOut: FormView
  /** Somebody asked to get in as this administrator without the second proof. */
  rescue: RescueBanner | null
  /** What was just done: the key of a sentence, and what it names; said once. */
  said: { key: string; values: Readonly<Record<string, string>> } | null
  /** Why something was not done; said once. */
  fault: string | null
}
