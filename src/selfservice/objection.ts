import type { EventWho } from '../audit/index.ts'
import type { Address, AddressKind, Tx } from '../base/index.ts'
import type { Notice } from '../notices/index.ts'
import type { SelfserviceDeps } from './deps.ts'

/**
 * "That was not me", by the token of a notice's mail, from whatever browser: takes back what the notice tells and ends
 * whatever could be in other hands. Every session and token, offline ones as well, remembered devices, changes that are
 * to come. It needs no session, since the person may be locked out by then; it gives none.
 */
export function createObjection(deps: SelfserviceDeps) {
  const { notices, addresses, closing, kept, sessions, devices, transact, audit } = deps

  /** Answers what was told; null when the token is unknown, out of time or used. */
  return async (token: string, where: EventWho): Promise<{ kind: Notice['kind'] } | null> => {
    const notice = await notices.byToken(token)
    if (!notice) return null
    const { accountId, kind } = notice
    return transact(async (tx) => {
      if (!(await notices.object(tx, notice.id))) return null
      await takeBack(tx, notice)
      await addresses.keepAll(tx, accountId)
      await sessions.endAll(tx, accountId, { except: null, offline: true })
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'notice.objected', { ...where, accountId, detail: { kind } })
      return { kind }
    })
  }

  async function takeBack(tx: Tx, { accountId, kind, undo }: Notice): Promise<void> {
    if (kind === 'factor_added' && undo.credentialId) await kept.remove(tx, accountId, undo.credentialId)
    if (kind === 'factor_removed' && undo.credentialId) await kept.restore(tx, accountId, undo.credentialId)
    if (kind === 'account_closing') await closing.keep(tx, accountId)
    if (kind === 'address_added' && undo.kind && undo.address) {
      await addresses.takeBack(tx, accountId, undo.kind as AddressKind, undo.address as Address)
    }
  }
}
