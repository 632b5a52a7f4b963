import type { EventWho } from '../audit/index.ts'
import { type Address, type AddressKind, addSeconds, type Tx } from '../base/index.ts'
import { secondFactorsOf } from '../factors/index.ts'
import type { Notice, NoticeKind } from '../notices/index.ts'
import type { SelfserviceDeps } from './deps.ts'

const ADDED: readonly NoticeKind[] = ['factor_added', 'passkey_added']
const REMOVED: readonly NoticeKind[] = ['factor_removed', 'passkey_removed']
const OF_FACTORS: readonly NoticeKind[] = [...ADDED, ...REMOVED, 'second_always', 'second_no_longer']

/** Whether passkeys were no longer asked for from then on. */
const endsDemand = ({ kind, undo }: Pick<Notice, 'kind' | 'undo'>) =>
  kind === 'second_no_longer' || (kind === 'passkey_removed' && undo.always !== undefined)

/**
 * "That was not me", by the token of a notice's mail, from whatever browser: the account goes back to what it was before
 * the notice. All that it was told of since then is taken back, and whatever could be in other hands ends: every session,
 * sign-in under way and token, offline ones as well, remembered devices, changes that are to come. It needs no session,
 * since the person may be locked out by then; it gives none.
 *
 * Whoever reads somebody's mail can press it too. So it never leaves an account with less of a second factor than it had:
 * authenticators that were removed lately come back when the last one goes, and passkeys are asked for again that were
 * until lately. Where none does, a role goes with it: whoever
 * reads the mail could set up another one, and administer by it.
 */
export function createObjection(deps: SelfserviceDeps) {
  const { notices, addresses, closing, kept, roles, sessions, devices, transact, audit, holdSeconds } = deps
  const { demand, rescues } = deps

  async function takeBack(tx: Tx, { accountId, kind, undo }: Notice): Promise<void> {
    const { credentialId } = undo
    if (ADDED.includes(kind) && credentialId) await discardFactor(tx, accountId, credentialId)
    if (kind === 'passkey_added' && undo.always) await demand.set(tx, accountId, false)
    if (REMOVED.includes(kind) && credentialId) await kept.restore(tx, accountId, credentialId)
    if (endsDemand({ kind, undo })) await demand.set(tx, accountId, true)
    if (kind === 'second_always') await demand.set(tx, accountId, false)
    if (kind === 'second_always' && undo.codes) await kept.endCodes(tx, accountId)
    // The old ones are gone for good; these may have been seen by somebody else.
    if (kind === 'codes_replaced') await kept.endCodes(tx, accountId)
    if (kind === 'account_closing') await closing.keep(tx, accountId)
    if (kind === 'address_added' && undo.kind && undo.address) {
      await addresses.takeBack(tx, accountId, undo.kind as AddressKind, undo.address as Address)
    }
  }

  // For good: a later objection brings back what its person removed, never what a thief had added. Recovery codes that were
  // made since it counts came with it, or were made by whoever had it.
  async function discardFactor(tx: Tx, accountId: string, credentialId: string): Promise<void> {
    const own = await kept.ofAccountIn(tx, accountId)
    const since = own.find(({ id }) => id === credentialId)?.provenAt
    await kept.discard(tx, accountId, credentialId)
    const seen = since && own.some(({ kind, createdAt }) => kind === 'recovery' && createdAt >= since)
    if (seen) await kept.endCodes(tx, accountId)
  }

  async function left(tx: Tx, accountId: string): Promise<number> {
    const by = await demand.by(tx, accountId)
    return secondFactorsOf(await kept.ofAccountIn(tx, accountId), by)
  }

  async function mendFactors(tx: Tx, { accountId, at }: Notice): Promise<void> {
    const from = addSeconds(at, -holdSeconds)
    if ((await left(tx, accountId)) === 0) await kept.restoreBetween(tx, accountId, 'totp', from, at)
    if ((await left(tx, accountId)) === 0) await mendDemand(tx, accountId, from, at)
    // They stand for an authenticator; those that came with one that is gone have been seen by who added it.
    if ((await left(tx, accountId)) === 0) await kept.endCodes(tx, accountId)
  }

  // A passkey that was asked for until lately is asked for again, and is there again where that was how it ended.
  async function mendDemand(tx: Tx, accountId: string, from: Date, at: Date): Promise<void> {
    const before = (await notices.openSince(tx, accountId, from)).filter((one) => one.at < at)
    if (!before.some(endsDemand)) return
    await kept.restoreBetween(tx, accountId, 'passkey', from, at)
    await demand.set(tx, accountId, true)
  }

  // Also that of the last administrator: another one is made by whoever holds the database.
  async function endRole(tx: Tx, accountId: string, where: EventWho): Promise<void> {
    if ((await left(tx, accountId)) > 0) return
    await roles.takeAway(tx, accountId)
    await audit.record(tx, 'administrator.revoked', { ...where, accountId })
  }

  /** Answers what was told; null when the token is unknown, out of time or used. */
  return async (token: string, where: EventWho): Promise<{ kind: Notice['kind'] } | null> => {
    const notice = await notices.byToken(token)
    if (!notice) return null
    const { accountId, kind } = notice
    return transact(async (tx) => {
      await roles.lock(tx)
      const open = await notices.openSince(tx, accountId, notice.at)
      if (!open.some(({ id }) => id === notice.id)) return null
      // Before anything is looked at: what was under way has told of itself by then, or finds its session ended.
      await sessions.endAll(tx, accountId, { except: null, offline: true })
      const role = await roles.of(tx, accountId)
      const since = await notices.openSince(tx, accountId, notice.at)
      const factors = since.some((one) => OF_FACTORS.includes(one.kind))
      for (const one of since) {
        if (await notices.object(tx, one.id)) await takeBack(tx, one)
      }
      if (factors) await mendFactors(tx, notice)
      if (factors && role !== null) await endRole(tx, accountId, where)
      // Whoever says so of a rescue keeps others from being begun; with anything else it ends as what is to come does.
      if (since.some((one) => one.kind.startsWith('rescue_'))) await rescues.disown(tx, accountId, 'notice', where)
      else await rescues.cancelIn(tx, accountId, 'notice', where)
      await addresses.keepAll(tx, accountId)
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'notice.objected', { ...where, accountId, detail: { kind } })
      return { kind }
    })
  }
}
