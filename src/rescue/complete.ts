import type { EventWho } from '../audit/index.ts'
import type { Tx } from '../base/index.ts'
import type { Attempt, CompleteRescue } from '../signin/index.ts'
import type { RescueDeps } from './deps.ts'
import { isProvenAgain, isUnderWay } from './proven.ts'
import type { Rescue, RescueView } from './rescue.ts'
import type { Telling } from './tell.ts'
import { viewOf } from './view.ts'

/** What a rescue opens when its wait is over: another factor, in place of all there were. */
export function createComplete(deps: RescueDeps, tell: Telling) {
  const { store, policy, clock, audit, addresses, attempts, transact, roles } = deps

  /** The one whose wait is over, where this attempt has proven what it was begun with; null in every other case. */
  async function readyFor(attempt: Attempt): Promise<RescueView | null> {
    const { accountId } = attempt
    if (!accountId || !mayTakeUp(attempt)) return null
    const rescue = await store.waiting(accountId)
    const account = rescue && (await deps.accounts.find(accountId))
    if (!rescue || !isOpen(rescue) || account?.state !== 'active' || account.closingAt !== null) return null
    const held = { ...policy, accountCreatedAt: account.createdAt }
    const again = isProvenAgain(await addresses.ofAccount(accountId), rescue, attempt, held, clock.now())
    return again ? viewOf(rescue, policy.on, clock.now()) : null
  }

  /** The attempt goes on to set up another factor; false when it may not. */
  async function takeUp(attempt: Attempt): Promise<boolean> {
    if (!(await readyFor(attempt))) return false
    const { id, accountId, proofs } = attempt
    return transact(async (tx) => {
      const goesOn = await attempts.prove(tx, id, { accountId, proofs, asks: 'enrol', sealed: null, state: 'open' })
      if (goesOn) await attempts.endOthers(tx, id, [])
      return goesOn
    })
  }

  /**
   * The same as `readyFor` in the transaction that sets the factor up, and what then completes the rescue. Until `tx` ends
   * nobody ends it, and nobody changes who administers. Comes before anything else of the account is locked.
   */
  async function readyIn(tx: Tx, attempt: Attempt): Promise<CompleteRescue | null> {
    const { accountId } = attempt
    if (!accountId || !mayTakeUp(attempt)) return null
    const there = await store.waitingIn(tx, accountId, 'looked-at')
    if (!there || !isOpen(there)) return null
    await roles.lock(tx)
    const account = await store.lockAccount(tx, accountId)
    const rescue = await store.waitingIn(tx, accountId, 'locked')
    if (!account?.stays || !rescue || !isOpen(rescue)) return null
    const own = await addresses.ofAccountIn(tx, accountId)
    const held = { ...policy, accountCreatedAt: account.createdAt }
    if (!isProvenAgain(own, rescue, attempt, held, clock.now())) return null
    return (credentialId, where) => complete(tx, rescue, attempt, credentialId, where)
  }

  /**
   * The new factor stands alone. Every other credential is gone for good, those that were added during the wait as well;
   * sessions end, and what outlives them as policy says; nothing that was to come about addresses comes. A role
   * stays only where an administrator began the rescue: else whoever holds the mailbox and waits could administer. A
   * passkey that was set up so is asked for from now on, as the factor was that it stands for.
   */
  async function complete(tx: Tx, rescue: Rescue, attempt: Attempt, credentialId: string, where: EventWho): Promise<void> {
    const { accountId } = rescue
    const now = clock.now()
    const kind = await store.kindOf(tx, accountId, credentialId)
    // Its row is locked: whoever comes here has won. Anything else takes back what has been done.
    if (kind === null || !(await store.end(tx, rescue.id, 'completed', 'person', now)))
      throw new Error('a rescue was to be completed that is none, or with no factor')
    await deps.sessions.endAllBut(tx, accountId, attempt, policy.endsOffline)
    await store.keepOnly(tx, accountId, credentialId)
    await store.recovered(tx, accountId, now, rescue.startedAt, kind === 'passkey')
    await deps.devices.forgetAll(tx, accountId)
    await addresses.keepAll(tx, accountId)
    const who = { ...where, clientId: attempt.clientId, attemptId: attempt.id, accountId }
    await audit.record(tx, 'rescue.completed', { ...who, detail: { method: kind } })
    if (rescue.startedBy === null) await endRole(tx, accountId, who)
    const account = await store.lockAccount(tx, accountId)
    await tell(tx, rescue, 'rescue_completed', { locale: account?.locale ?? attempt.locale, device: attempt.device })
  }

  async function endRole(tx: Tx, accountId: string, who: EventWho): Promise<void> {
    if ((await roles.of(tx, accountId)) === null) return
    await roles.takeAway(tx, accountId)
    await audit.record(tx, 'administrator.revoked', who)
  }

  function mayTakeUp(attempt: Attempt): boolean {
    return policy.on && isUnderWay(attempt, clock.now()) && (attempt.asks === 'second' || attempt.asks === 'enrol')
  }

  function isOpen({ opensAt, lapsesAt, opensTold }: Rescue): boolean {
    const now = clock.now()
    return opensTold && opensAt <= now && now < lapsesAt
  }

  return { readyFor, takeUp, readyIn }
}
