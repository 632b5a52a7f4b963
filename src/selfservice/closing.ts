import { addSeconds, type Tx } from '../base/index.ts'
import type { Actor, AsActor, SelfserviceDeps, Tell } from './deps.ts'

/** The end of an account: asked for, taken back until its moment, and then by the clock (see accounts). */
export function createClosingVerbs(deps: SelfserviceDeps, asActor: AsActor, tell: Tell) {
  const { closing, roles, sessions, devices, addresses, audit, clock, graceSeconds } = deps

  /**
   * From now on until its moment the account can be kept, and then it is closed. Every other session, and all that
   * applications have, ends now. `last_administrator`: nobody else may do all, so this person stays.
   */
  function closeAccount(actor: Actor): Promise<'closing' | 'last_administrator'> {
    const at = addSeconds(clock.now(), graceSeconds)
    return asActor(actor, (tx) => closeAs(tx, actor, at), roles.lock)
  }

  async function closeAs(tx: Tx, actor: Actor, at: Date): Promise<'closing' | 'last_administrator'> {
    const { accountId, sessionUid } = actor
    const admin = (await roles.of(tx, accountId)) === 'admin'
    if (admin && (await roles.otherAdmins(tx, accountId)) === 0) return 'last_administrator'
    if (await closing.ask(tx, accountId, at)) {
      await addresses.keepAll(tx, accountId)
      await sessions.endAll(tx, accountId, { except: sessionUid, offline: true })
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'account.closing', actor.who)
      await tell(tx, actor, { kind: 'account_closing', values: { at: at.toISOString() }, undo: {} })
    }
    return 'closing'
  }

  function keepAccount(actor: Actor): Promise<void> {
    return asActor(actor, async (tx) => {
      if (await closing.keep(tx, actor.accountId)) await audit.record(tx, 'account.kept', actor.who)
    })
  }

  return { closeAccount, keepAccount }
}
