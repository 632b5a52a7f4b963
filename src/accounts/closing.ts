import type { Audit } from '../audit/index.ts'
import type { Clock, Transact, Tx } from '../base/index.ts'

/** What the end of an account needs from storage. */
export interface ClosingStore {
  /** Writes the moment when the account is active and none is written yet. */
  ask(tx: Tx, accountId: string, at: Date): Promise<boolean>
  /** Takes the moment away while it is to come and the account is active. */
  keep(tx: Tx, accountId: string, now: Date): Promise<boolean>
  /** Locks one account whose moment has come and that nobody else holds, until the end of `tx`; null when there is none. */
  lockDue(tx: Tx, now: Date): Promise<string | null>
  /** Deletes a locked account and all that belongs to it. Its rows in the trail stay, without address, place and device. */
  erase(tx: Tx, accountId: string, now: Date): Promise<void>
}

/** The end of accounts: asked for, taken back until its moment, by the clock then, and erased soon after. */
export interface Closing {
  /** From `at` on the account is closed. False when that was asked for before, or the account is not active. */
  ask(tx: Tx, accountId: string, at: Date): Promise<boolean>
  /** It is not to end. False when that was not asked for, is too late, or an administrator has suspended the account. */
  keep(tx: Tx, accountId: string): Promise<boolean>
  /** Erases accounts whose moment has come by `now`, each in a transaction of its own; answers how many, at most a batch. */
  erase(now: Date): Promise<number>
}

const BATCH_SIZE = 100

export function createClosing(deps: {
  store: ClosingStore
  audit: Pick<Audit, 'record'>
  transact: Transact
  clock: Clock
  batchSize?: number
}): Closing {
  const { store, audit, transact, clock, batchSize = BATCH_SIZE } = deps

  function eraseOne(now: Date): Promise<boolean> {
    return transact(async (tx) => {
      const accountId = await store.lockDue(tx, now)
      if (!accountId) return false
      await store.erase(tx, accountId, now)
      await audit.record(tx, 'account.erased', { accountId })
      return true
    })
  }

  async function erase(now: Date): Promise<number> {
    for (let erased = 0; ; erased++) if (erased === batchSize || !(await eraseOne(now))) return erased
  }

  return {
    ask: (tx, accountId, at) => store.ask(tx, accountId, at),
    keep: (tx, accountId) => store.keep(tx, accountId, clock.now()),
    erase,
  }
}
