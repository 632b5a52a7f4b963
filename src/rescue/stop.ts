import type { EventWho } from '../audit/index.ts'
import { addSeconds, type Tx } from '../base/index.ts'
import type { RescueDeps } from './deps.ts'
import type { Rescue } from './rescue.ts'
import type { Telling } from './tell.ts'

/** Who stopped it: the person in a session or a sign-in, somebody by a notice's link, or who the trail names so. */
export type StoppedBy = 'person' | 'notice' | (string & {})

/** How a rescue is stopped before it opens anything. */
export function createStop(deps: RescueDeps, tell: Telling) {
  const { store, policy, clock, audit, transact } = deps

  /** Stops the one that waits. Single winner; false when none waits, or another one than was named. */
  function cancel(of: { rescueId: string } | { accountId: string }, by: StoppedBy, where: EventWho): Promise<boolean> {
    return transact(async (tx) => {
      const ended = await ('rescueId' in of
        ? store.end(tx, of.rescueId, 'cancelled', by, clock.now())
        : store.endOf(tx, of.accountId, by, clock.now(), false))
      if (ended) await told(tx, ended, by, where)
      return ended !== null
    })
  }

  /** The same in the caller's transaction; `device`: what the notice names where it was no browser. */
  async function cancelIn(tx: Tx, accountId: string, by: StoppedBy, where: EventWho, device?: string): Promise<boolean> {
    return (await endOf(tx, accountId, by, where, device)) !== null
  }

  async function endOf(tx: Tx, accountId: string, by: StoppedBy, where: EventWho, device?: string): Promise<Rescue | null> {
    const ended = await store.endOf(tx, accountId, by, clock.now(), false)
    if (ended) await told(tx, ended, by, where, device)
    return ended
  }

  /** Nothing is lost: a sign-in was completed with a factor that the person has. What an administrator began goes on. */
  async function found(tx: Tx, accountId: string, where: EventWho): Promise<void> {
    const ended = await store.endOf(tx, accountId, 'person', clock.now(), true)
    if (ended) await told(tx, ended, 'person', where)
  }

  /**
   * It was somebody else: the rescue stops and none begins for a while, and whatever could be in other hands ends: every
   * session, sign-in under way and token, offline ones as well, remembered devices, changes of addresses that were to come.
   */
  function notMe(accountId: string, by: 'person' | 'notice', where: EventWho): Promise<boolean> {
    return transact(async (tx) => {
      await deps.sessions.endAllBut(tx, accountId, null, true)
      await store.lockAccount(tx, accountId)
      const stopped = await disown(tx, accountId, by, where)
      await deps.addresses.keepAll(tx, accountId)
      await deps.devices.forgetAll(tx, accountId)
      return stopped
    })
  }

  /** The part of it that is about the rescue. False when none waits; nor is one locked that an administrator began, by a link. */
  async function disown(tx: Tx, accountId: string, by: StoppedBy, where: EventWho): Promise<boolean> {
    const ended = await endOf(tx, accountId, by, where)
    if (!ended) return false
    // Whoever reads the mail could keep its owner out for ever so, from those who help them as well.
    if (ended.startedBy !== null && by === 'notice') return true
    await store.lockUntil(tx, accountId, addSeconds(clock.now(), policy.lockSeconds))
    await audit.record(tx, 'rescue.disowned', { ...where, accountId })
    return true
  }

  async function told(tx: Tx, rescue: Rescue, by: string, where: EventWho, device = where.device ?? undefined): Promise<void> {
    const account = await store.lockAccount(tx, rescue.accountId)
    const ends = by === 'person' || by === 'notice' ? by : 'administrator'
    await audit.record(tx, 'rescue.stopped', { ...where, accountId: rescue.accountId, detail: { by: ends } })
    await tell(tx, rescue, 'rescue_stopped', { locale: account?.locale ?? null, device })
  }

  return { cancel, cancelIn, found, notMe, disown }
}
