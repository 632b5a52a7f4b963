import { addSeconds, type Clock, type Transact, type Tx } from '../base/index.ts'
import type { DeliveryStore, DueDelivery, NewDelivery } from './store.ts'

/**
 * So long a mail is claimed from its creation on by the process that was asked for it: 10 s for itself, and 20 by which the
 * clocks of two instances may differ, each by `CLOCK_SKEW_MAX` from the database's.
 */
export const HELD_SECONDS = 30
/** From then on the claim may end in the middle of the try: it is not begun any more. */
const BEGIN_SECONDS = 3
/** A try that takes longer claims its mail for as long as one may take. */
const USUAL_MS = 4000

/** The first try of a mail whose row was added under a claim. */
export function firstTry(row: NewDelivery, attemptId: string | null = null): DueDelivery {
  const { targetKey, ...message } = row
  return {
    ...message,
    attemptId,
    targetKey: targetKey ?? '',
    // What only the money of texts asks for.
    ...{ clientId: '', knownBrowser: false, unasked: false },
    ...{ suppressed: null, tries: 1, resumed: false, unanswered: false },
  }
}

interface HolderDeps {
  store: Pick<DeliveryStore, 'hold' | 'giveBack'>
  transact: Transact
  /** Adds the job that tries the message. */
  enqueue(tx: Tx, deliveryId: string): Promise<unknown>
  clock: Clock
  /** How long a try may take. */
  holdSeconds: number
  usualMs?: number
}

/**
 * Does the first try under the claim that the mail was added with. That is short: who died is soon found. Who is slow
 * claims anew, and whose turn came late leaves it to the queue.
 */
export function createHolder({ store, transact, enqueue, clock, holdSeconds, usualMs = USUAL_MS }: HolderDeps) {
  // Where this fails somebody else may send the mail as well: once more at most, like that of a process that died.
  const claimAnew = ({ id, tries }: DueDelivery) => store.hold(id, tries, addSeconds(clock.now(), holdSeconds)).catch(() => {})

  // It was never begun: whoever takes it does so for the first time.
  async function leave({ id, tries }: DueDelivery): Promise<void> {
    await transact(async (tx) => {
      if (await store.giveBack(tx, id, tries)) await enqueue(tx, id)
    })
  }

  return async (due: DueDelivery, work: (due: DueDelivery) => Promise<void>): Promise<void> => {
    if (clock.now() >= addSeconds(due.createdAt, BEGIN_SECONDS)) return leave(due)
    const slow = setTimeout(claimAnew, usualMs, due)
    try {
      await work(due)
    } finally {
      clearTimeout(slow)
    }
  }
}
