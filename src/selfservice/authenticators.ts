import { addSeconds } from '../base/index.ts'
import { countOf, labelOf, secondFactorsOf } from '../factors/index.ts'
import type { Actor, AsActor, KeepCodes, SelfserviceDeps, Tell } from './deps.ts'
import type { FirstCodes } from './first-codes.ts'

/** How long an authenticator may take to be set up. */
const ENROLMENT_SECONDS = 15 * 60

/**
 * Authenticators and recovery codes of one's own account. Every change forgets the remembered devices and is told
 * by mail. Whoever calls has seen a fresh and strong enough proof.
 */
export function createAuthenticatorVerbs(deps: SelfserviceDeps, asActor: AsActor, tell: Tell, codes: FirstCodes) {
  const { kept, demand, devices, roles, audit, clock } = deps
  const begunBy = ({ sessionUid }: Actor) => `session ${sessionUid}`
  const enrolling = (actor: Actor) => kept.unproven(actor.accountId, begunBy(actor), addSeconds(clock.now(), -ENROLMENT_SECONDS))

  async function beginAuthenticator(actor: Actor): Promise<'begun' | 'too_many'> {
    const { accountId } = actor
    const { apps } = countOf(await kept.ofAccount(accountId))
    if (apps >= kept.authenticatorsMax) return 'too_many'
    await asActor(actor, (tx) => kept.begin(tx, accountId, begunBy(actor)))
    return 'begun'
  }

  /**
   * The first code. Recovery codes come with the first one: `codes` says whether they do.
   */
  async function confirmAuthenticator(
    actor: Actor,
    typed: string,
    label: string,
    keepCodes: KeepCodes,
  ): Promise<{ outcome: 'added'; codes: boolean } | { outcome: 'wrong' } | { outcome: 'ended' }> {
    const { accountId } = actor
    const credential = await enrolling(actor)
    if (!credential) return { outcome: 'ended' }
    const counter = await kept.judgeFirst(credential, accountId, typed)
    if (counter === null) return { outcome: 'wrong' }
    const spare = await codes.spare(accountId)
    return asActor(actor, async (tx) => {
      const before = await codes.factorsIn(tx, accountId)
      if (!(await kept.confirm(tx, accountId, credential.id, counter, label))) return { outcome: 'ended' }
      const made = await codes.place(tx, accountId, before, spare, keepCodes)
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'factor.added', { ...actor.who, detail: { method: 'totp' } })
      await tell(tx, actor, { kind: 'factor_added', values: { name: labelOf(label) }, undo: { credentialId: credential.id } })
      return { outcome: 'added', codes: made }
    })
  }

  function renameAuthenticator(actor: Actor, id: string, label: string): Promise<void> {
    return asActor(actor, (tx) => kept.rename(tx, actor.accountId, id, label))
  }

  /** `needed`: it is the last one of somebody who administers. Without it they would be whoever reads their mail. */
  function removeAuthenticator(actor: Actor, id: string): Promise<'removed' | 'needed' | 'gone'> {
    const { accountId } = actor
    return asActor(actor, async (tx) => {
      const role = await roles.of(tx, accountId)
      const by = await demand.by(tx, accountId)
      const own = await kept.ofAccountIn(tx, accountId)
      const one = own.find((each) => each.id === id && each.kind === 'totp')
      if (one?.provenAt && role !== null && secondFactorsOf(own, by) === 1) return 'needed'
      if (!one || !(await kept.remove(tx, accountId, id))) return 'gone'
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'factor.removed', { ...actor.who, detail: { method: 'totp' } })
      await tell(tx, actor, { kind: 'factor_removed', values: { name: one.label }, undo: { credentialId: id } })
      return 'removed'
    })
  }

  /** Ten new codes; the old ones end. */
  async function newRecoveryCodes(actor: Actor, keepCodes: KeepCodes): Promise<void> {
    const set = await kept.newCodes()
    await asActor(actor, async (tx) => {
      await codes.replace(tx, actor.accountId, set, keepCodes)
      await audit.record(tx, 'codes.replaced', actor.who)
      await tell(tx, actor, { kind: 'codes_replaced', values: {}, undo: {} })
    })
  }

  return {
    enrolling,
    beginAuthenticator,
    confirmAuthenticator,
    renameAuthenticator,
    removeAuthenticator,
    newRecoveryCodes,
  }
}
