import type { Attempt } from './attempt.ts'

/** What came of an answer. Everything here a person can cause; it is returned, never thrown. */
export type Outcome =
  /** Enough. The attempt with all that it proves; its challenges are as they were before. */
  | { outcome: 'proven'; attempt: Attempt }
  /** Right, and not enough by itself: another proof is asked for. */
  | { outcome: 'second' }
  /** Right, and what the application insists on cannot be had. */
  | { outcome: 'unmet' }
  /** Proven, and yet nobody may come in: sign-up is closed, the account is, or the address counts only later. */
  | { outcome: 'refused'; reason: 'signup_closed' | 'account_closed' | 'address_waits' }
  | { outcome: 'wrong'; triesLeft: number }
  /** Not an answer at all; nothing was counted. */
  | { outcome: 'unreadable' }
  /** The code takes no more tries; the link still works. */
  | { outcome: 'closed' }
  /** Expired, used or replaced meanwhile. */
  | { outcome: 'ended' }

/** What came of a factor's code; `token` is for the cookie of a browser that is to be remembered. */
export type FactorOutcome = Outcome & { token?: string }
