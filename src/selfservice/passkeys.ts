import type { Account } from '../accounts/index.ts'
import type { Tx } from '../base/index.ts'
import { type CreationOptions, countOf, secondFactorsOf } from '../factors/index.ts'
import type { Actor, AsActor, KeepCodes, SelfserviceDeps, Tell } from './deps.ts'
import type { FirstCodes } from './first-codes.ts'

/** What became of a new passkey. `codes`: recovery codes came with it. `known`: it is here already, or somebody else's. */
export type PasskeyAdded = { outcome: 'added'; asked: boolean; codes: boolean } | { outcome: 'wrong' | 'known' | 'full' }

/** What became of a wish. `needed`: it is the last second factor of somebody who administers. */
export type PasskeyGone = 'removed' | 'needed' | 'gone'

/**
 * Passkeys of one's own account. One is a way in, and no more, until its person wants it asked for always, or administers:
 * then it is a second factor as an app is. Every change forgets the remembered devices and is told. Whoever
 * calls has seen a fresh and strong enough proof.
 */
export function createPasskeyVerbs(deps: SelfserviceDeps, asActor: AsActor, tell: Tell, codes: FirstCodes) {
  const { kept, passkeys, demand, devices, audit } = deps
  const begunBy = ({ accountSessionId }: Actor) => `account-session ${accountSessionId}`

  /** What the browser makes a passkey with, as `navigator.credentials.create` takes it; null where passkeys are off. */
  async function passkeyOptions(actor: Actor, account: Account): Promise<CreationOptions | null> {
    return passkeys ? passkeys.enrolOptions(begunBy(actor), account) : null
  }

  /** `response` is `RegistrationResponseJSON` as text (R-110: of this session, once). */
  async function addPasskey(actor: Actor, response: string, label: string, keepCodes: KeepCodes): Promise<PasskeyAdded> {
    const { accountId } = actor
    const verified = passkeys && (await passkeys.verifyEnrolment(begunBy(actor), accountId, response))
    if (!passkeys || !verified) return { outcome: 'wrong' }
    const spare = await codes.spare(accountId)
    return asActor(actor, async (tx): Promise<PasskeyAdded> => {
      const before = await codes.factorsIn(tx, accountId)
      const added = await passkeys.addPasskey(tx, accountId, verified, label)
      if (added.outcome !== 'added') return { outcome: added.outcome === 'ended' ? 'wrong' : added.outcome }
      const asked = (await demand.by(tx, accountId)) !== 'nobody'
      const made = asked && (await codes.place(tx, accountId, before, spare, keepCodes))
      await changed(tx, actor, 'factor.added')
      await tell(tx, actor, { kind: 'passkey_added', values: { name: added.label }, undo: { credentialId: added.credentialId } })
      return { outcome: 'added', asked, codes: made }
    })
  }

  /** Without its last passkey an account is asked for none: then the wish for it ends as well. */
  function removePasskey(actor: Actor, id: string): Promise<PasskeyGone> {
    const { accountId } = actor
    return asActor(actor, async (tx): Promise<PasskeyGone> => {
      const by = await demand.by(tx, accountId)
      const own = await kept.ofAccountIn(tx, accountId)
      const one = own.find((each) => each.id === id && each.kind === 'passkey')
      if (one && (await deps.roles.of(tx, accountId)) !== null && secondFactorsOf(own, by) === 1) return 'needed'
      if (!one || !(await kept.remove(tx, accountId, id))) return 'gone'
      const wished = countOf(own).passkeys === 1 && (await demand.set(tx, accountId, false))
      await changed(tx, actor, 'factor.removed')
      const undo = { credentialId: id, ...(wished && { always: 'yes' }) }
      await tell(tx, actor, { kind: 'passkey_removed', values: { name: one.label }, undo })
      return 'removed'
    })
  }

  /** From now on mail alone opens nothing. Recovery codes come with it where they are not there for an app. */
  async function alwaysAsk(actor: Actor, keepCodes: KeepCodes): Promise<{ outcome: 'on'; codes: boolean } | { outcome: 'none' }> {
    const { accountId } = actor
    const spare = await codes.spare(accountId)
    return asActor(actor, async (tx) => {
      const before = await codes.factorsIn(tx, accountId)
      if (countOf(await kept.ofAccountIn(tx, accountId)).passkeys === 0) return { outcome: 'none' }
      if (!(await demand.set(tx, accountId, true))) return { outcome: 'on', codes: false }
      const made = await codes.place(tx, accountId, before, spare, keepCodes)
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'second.always', actor.who)
      await tell(tx, actor, { kind: 'second_always', values: {}, undo: made ? { codes: 'yes' } : {} })
      return { outcome: 'on', codes: made }
    })
  }

  /** A passkey is a way in again, and no more. Whoever administers is asked for it all the same. */
  function askNoLonger(actor: Actor): Promise<'off' | 'needed'> {
    const { accountId } = actor
    return asActor(actor, async (tx) => {
      await demand.by(tx, accountId) // locks the account
      const role = await deps.roles.of(tx, accountId)
      if (role !== null && countOf(await kept.ofAccountIn(tx, accountId)).apps === 0) return 'needed'
      if (!(await demand.set(tx, accountId, false))) return 'off'
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'second.no_longer', actor.who)
      await tell(tx, actor, { kind: 'second_no_longer', values: {}, undo: {} })
      return 'off'
    })
  }

  async function changed(tx: Tx, { accountId, who }: Actor, event: 'factor.added' | 'factor.removed'): Promise<void> {
    await devices.forgetAll(tx, accountId)
    await audit.record(tx, event, { ...who, detail: { method: 'passkey' } })
  }

  return { passkeyOptions, addPasskey, removePasskey, alwaysAsk, askNoLonger }
}
