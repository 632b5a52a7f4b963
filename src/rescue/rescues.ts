import type { EventWho } from '../audit/index.ts'
import { addSeconds, type Tx } from '../base/index.ts'
import { createBegin } from './begin.ts'
import { createComplete } from './complete.ts'
import type { RescueDeps } from './deps.ts'
import type { RescueStore, RescueView } from './rescue.ts'
import { createStop } from './stop.ts'
import { createTelling } from './tell.ts'
import { createTick } from './tick.ts'
import { viewOf } from './view.ts'

/**
 * Getting back in after a second factor was lost, by a wait in which the owner hears of it and can stop it. Everything
 * about it stands in one row, so that a restart loses nothing. What a person can cause is returned.
 */
export function createRescues(deps: RescueDeps) {
  const { store, policy, clock } = deps
  const tell = createTelling(deps)

  /** The one that waits for this account; null when none does. `from`: for whoever has connections of their own. */
  async function open(accountId: string, from: Pick<RescueStore, 'waiting'> = store): Promise<RescueView | null> {
    const rescue = await from.waiting(accountId)
    return rescue && viewOf(rescue, policy.on, clock.now())
  }

  /**
   * It opens at an earlier moment, and its person hears of that at once. False when none waits, or it opens before anyway.
   * The caller holds the account's row, and says who does it.
   */
  async function shorten(tx: Tx, accountId: string, opensAt: Date, where: EventWho, device: string): Promise<boolean> {
    const moments = { opensAt, lapsesAt: addSeconds(opensAt, policy.windowSeconds) }
    const rescue = await store.shorten(tx, accountId, moments, clock.now())
    if (!rescue) return false
    const account = await store.lockAccount(tx, accountId)
    await deps.audit.record(tx, 'rescue.shortened', { ...where, accountId })
    await tell(tx, rescue, 'rescue_halfway', { locale: account?.locale ?? null, device })
    return true
  }

  return {
    /** Whether people get back in so at all. */
    on: policy.on,
    /** In seconds: the wait, that of a remembered browser, how long it stays open after it, and the lock. */
    spans: {
      wait: policy.delaySeconds,
      knownWait: policy.knownDelaySeconds,
      window: policy.windowSeconds,
      lock: policy.lockSeconds,
    },
    open,
    ...createBegin(deps, tell),
    ...createStop(deps, tell),
    ...createComplete(deps, tell),
    shorten,
    /** Tells of what the clock has brought, each once, and ends what nobody took up. Called each minute. */
    tick: createTick(deps, tell),
  }
}

export type Rescues = ReturnType<typeof createRescues>
