import { addSeconds } from '../base/index.ts'
import type { Actor, AsActor, SelfserviceDeps, Tell } from './deps.ts'

/** The end of an account: asked for, taken back until its moment, and then by the clock (see accounts). */
export function createClosingVerbs(deps: SelfserviceDeps, asActor: AsActor, tell: Tell) {
  const { closing, sessions, devices, addresses, audit, clock, graceSeconds } = deps

  /** From `at` on the account is closed. Every other session, and all that applications have, ends now. */
  function closeAccount(actor: Actor): Promise<{ at: Date }> {
    const { accountId, sessionUid } = actor
    const at = addSeconds(clock.now(), graceSeconds)
    return asActor(actor, async (tx) => {
      if (!(await closing.ask(tx, accountId, at))) return { at }
      await addresses.keepAll(tx, accountId)
      await sessions.endAll(tx, accountId, { except: sessionUid, offline: true })
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'account.closing', actor.who)
      await tell(tx, actor, { kind: 'account_closing', values: { at: at.toISOString() }, undo: {} })
      return { at }
    })
  }

  function keepAccount(actor: Actor): Promise<void> {
    return asActor(actor, async (tx) => {
      if (await closing.keep(tx, actor.accountId)) await audit.record(tx, 'account.kept', actor.who)
    })
  }

  return { closeAccount, keepAccount }
}
