import type { Tx } from '../base/index.ts'
import type { RescueDeps } from './deps.ts'
import { standsOn } from './proven.ts'
import type { Rescue } from './rescue.ts'
import type { Telling } from './tell.ts'

/** What one look does at most; the next minute's goes on. */
const AT_ONCE_MAX = 500

/**
 * What happens by the clock. Each step is one transaction of mark and notice, so that over any number of instances and
 * through any death of a process each person is told each thing once. Moments that nobody looked at in time, because no
 * instance ran, are told late, and the half of a wait that is over not at all.
 */
export function createTick(deps: RescueDeps, tell: Telling) {
  const { store, policy, clock, audit, addresses, transact } = deps

  /**
   * One look at all that wait; none with a clock that is not to be trusted: what it would tell opens an account (F-36).
   */
  return async (): Promise<void> => {
    const skewSeconds = await deps.clockSkewSeconds()
    if (skewSeconds === null || Math.abs(skewSeconds) > policy.clockSkewMaxSeconds) return
    await repeat(lapseOne)
    if (!policy.on) return
    await repeat((tx) => tellOne(tx, 'opens'))
    await repeat((tx) => tellOne(tx, 'halfway'))
  }

  async function repeat(one: (tx: Tx) => Promise<boolean>): Promise<void> {
    for (let count = 0; count < AT_ONCE_MAX; count++) if (!(await transact(one))) return
  }

  async function lapseOne(tx: Tx): Promise<boolean> {
    const rescue = await store.takeLapsed(tx, clock.now())
    if (!rescue) return false
    await audit.record(tx, 'rescue.lapsed', { accountId: rescue.accountId })
    const account = await store.lockAccount(tx, rescue.accountId)
    await tell(tx, rescue, 'rescue_lapsed', { locale: account?.locale ?? null })
    return true
  }

  async function tellOne(tx: Tx, moment: 'halfway' | 'opens'): Promise<boolean> {
    const rescue = await store.takeDue(tx, moment, clock.now())
    if (!rescue) return false
    const account = await store.lockAccount(tx, rescue.accountId)
    const locale = account?.locale ?? null
    const own = await addresses.ofAccountIn(tx, rescue.accountId)
    // One that messages come back from may be proven again by the end of the wait.
    const then = moment === 'opens' ? own : own.map((one) => ({ ...one, deadSince: null }))
    const held = account && { ...policy, accountCreatedAt: account.createdAt }
    const stands = held !== null && standsOn(then, rescue, held, clock.now())
    if (!stands) await endWithAddress(tx, rescue, locale)
    else await tell(tx, rescue, moment === 'opens' ? 'rescue_open' : 'rescue_halfway', { locale })
    return true
  }

  // Whoever takes an address out of the account had a second factor to do it with.
  async function endWithAddress(tx: Tx, rescue: Rescue, locale: string | null): Promise<void> {
    if (!(await store.end(tx, rescue.id, 'cancelled', 'clock', clock.now()))) return
    await audit.record(tx, 'rescue.stopped', { accountId: rescue.accountId, detail: { by: 'clock' } })
    await tell(tx, rescue, 'rescue_stopped', { locale })
  }
}
