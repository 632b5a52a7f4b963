import type { EventWho } from '../audit/index.ts'
import { type Address, type AddressKind, addSeconds, type Tx } from '../base/index.ts'
import { countOf } from '../factors/index.ts'
import type { Notice } from '../notices/index.ts'
import type { SelfserviceDeps } from './deps.ts'

/**
 * "That was not me", by the token of a notice's mail, from whatever browser: the account goes back to what it was before
 * the notice. All that it was told of since then is taken back, and whatever could be in other hands ends: every session,
 * sign-in under way and token, offline ones as well, remembered devices, changes that are to come. It needs no session,
 * since the person may be locked out by then; it gives none.
 *
 * Whoever reads somebody's mail can press it too. So it never leaves an account with less of a second factor than it had:
 * authenticators that were removed lately come back when the last one goes. Where none does, a role goes with it: whoever
 * reads the mail could set up another one, and administer by it.
 */
export function createObjection(deps: SelfserviceDeps) {
  const { notices, addresses, closing, kept, roles, sessions, devices, transact, audit, holdSeconds } = deps
  const { rescues } = deps

  async function takeBack(tx: Tx, { accountId, kind, undo }: Notice): Promise<void> {
    if (kind === 'factor_added' && undo.credentialId) await discardFactor(tx, accountId, undo.credentialId)
    if (kind === 'factor_removed' && undo.credentialId) await kept.restore(tx, accountId, undo.credentialId)
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

  const left = async (tx: Tx, accountId: string) => countOf(await kept.ofAccountIn(tx, accountId)).apps

  async function mendFactors(tx: Tx, { accountId, at }: Notice): Promise<void> {
    if ((await left(tx, accountId)) === 0) await kept.restoreBetween(tx, accountId, addSeconds(at, -holdSeconds), at)
    // They stand for an authenticator; those that came with one that is gone have been seen by who added it.
    if ((await left(tx, accountId)) === 0) await kept.endCodes(tx, accountId)
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
      const factors = since.some((one) => one.kind === 'factor_added' || one.kind === 'factor_removed')
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
