import type { Clock, Tx } from '../base/index.ts'

/** What counting guesses needs from storage. `targetKey` is a keyed hash of the address. */
export interface GuessStore {
  /** Wrong codes in a row for this address, apart for browsers that signed in as it before and all others. */
  failures(targetKey: string, knownBrowser: boolean): Promise<number>
  /** Adds one, committed on its own; parallel calls must all count. Answers the new number. */
  record(targetKey: string, knownBrowser: boolean, now: Date): Promise<number>
  /** Forgets both counters of the address, in the transaction that makes the success true. */
  reset(tx: Tx, targetKey: string): Promise<void>
}

export interface Guesses {
  /**
   * Whether short codes are closed for this address. The link still works, and a stranger's
   * wrong codes do not close them for browsers that have signed in as it before.
   */
  closed(targetKey: string, knownBrowser: boolean): Promise<boolean>
  /** Counts one try before it is judged. It stays counted whatever happens to the request. */
  record(targetKey: string, knownBrowser: boolean): Promise<number>
  /** A success ends the row of failures, for known browsers and all others. */
  reset(tx: Tx, targetKey: string): Promise<void>
}

/**
 * Wrong codes in a row by address, over all attempts, clients and networks. `failuresMax` applies to each of
 * the two counters, so that half of what NIST SP 800-63B-4 §3.2.2 allows (100) is the most it may be.
 */
export function createGuesses(deps: { store: GuessStore; clock: Clock; failuresMax: number }): Guesses {
  const { store, clock, failuresMax } = deps
  return {
    closed: async (targetKey, knownBrowser) => (await store.failures(targetKey, knownBrowser)) >= failuresMax,
    record: (targetKey, knownBrowser) => store.record(targetKey, knownBrowser, clock.now()),
    reset: (tx, targetKey) => store.reset(tx, targetKey),
  }
}
