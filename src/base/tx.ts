declare const transaction: unique symbol

/**
 * An open transaction. Only the store can make or open one; every other room passes it on, so that rows of
 * several rooms stand or fall together. Code that holds a `Tx` asks the pool for nothing else.
 */
export interface Tx {
  readonly [transaction]: true
}

/** Runs `work` in one transaction: commits when it resolves, rolls back when it throws. */
export type Transact = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
