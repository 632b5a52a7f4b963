import { addSeconds } from '../base/index.ts'
import { countOf } from '../factors/index.ts'
import type { Actor, SelfserviceDeps, Tell } from './deps.ts'

/** How long an authenticator may take to be set up. */
export const ENROLMENT_SECONDS = 15 * 60

/**
 * Authenticators and recovery codes of one's own account. Every change forgets the remembered devices and is told
 * by mail. Whoever calls has seen a fresh and strong enough proof.
 */
export function createAuthenticatorVerbs(deps: SelfserviceDeps, tell: Tell) {
  const { kept, devices, transact, audit, clock } = deps
  const unproven = (accountId: string) => kept.unproven(accountId, addSeconds(clock.now(), -ENROLMENT_SECONDS))

  async function beginAuthenticator({ accountId }: Actor): Promise<'begun' | 'too_many'> {
    const { authenticators } = countOf(await kept.ofAccount(accountId))
    if (authenticators >= kept.authenticatorsMax) return 'too_many'
    await transact((tx) => kept.begin(tx, accountId))
    return 'begun'
  }

  /**
   * The first code. `codes` are recovery codes that came with it, where there were none; they are seen by nobody again.
   */
  async function confirmAuthenticator(
    actor: Actor,
    typed: string,
    label: string,
  ): Promise<{ outcome: 'added'; codes: string[] | null } | { outcome: 'wrong' } | { outcome: 'ended' }> {
    const { accountId } = actor
    const credential = await unproven(accountId)
    if (!credential) return { outcome: 'ended' }
    const counter = await kept.judgeFirst(credential, accountId, typed)
    if (counter === null) return { outcome: 'wrong' }
    const set = countOf(await kept.ofAccount(accountId)).recoveryCodes > 0 ? null : await kept.newCodes()
    return transact(async (tx) => {
      if (!(await kept.confirm(tx, accountId, credential.id, counter, label))) return { outcome: 'ended' }
      if (set) await kept.replaceCodes(tx, accountId, set)
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'factor.added', { ...actor.who, detail: { method: 'totp' } })
      await tell(tx, actor, { kind: 'factor_added', values: { name: label.trim() }, undo: { credentialId: credential.id } })
      return { outcome: 'added', codes: set?.codes ?? null }
    })
  }

  function renameAuthenticator({ accountId }: Actor, id: string, label: string): Promise<void> {
    return transact((tx) => kept.rename(tx, accountId, id, label))
  }

  function removeAuthenticator(actor: Actor, id: string): Promise<'removed' | 'gone'> {
    const { accountId } = actor
    return transact(async (tx) => {
      const one = (await kept.ofAccountIn(tx, accountId)).find((own) => own.id === id && own.kind === 'totp')
      if (!one || !(await kept.remove(tx, accountId, id))) return 'gone'
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'factor.removed', { ...actor.who, detail: { method: 'totp' } })
      await tell(tx, actor, { kind: 'factor_removed', values: { name: one.label }, undo: { credentialId: id } })
      return 'removed'
    })
  }

  /** Ten new codes; the old ones end. */
  async function newRecoveryCodes(actor: Actor): Promise<string[]> {
    const set = await kept.newCodes()
    await transact(async (tx) => {
      await kept.replaceCodes(tx, actor.accountId, set)
      await audit.record(tx, 'codes.replaced', actor.who)
      await tell(tx, actor, { kind: 'codes_replaced', values: {}, undo: {} })
    })
    return set.codes
  }

  return {
    enrolling: unproven,
    beginAuthenticator,
    confirmAuthenticator,
    renameAuthenticator,
    removeAuthenticator,
    newRecoveryCodes,
  }
}
