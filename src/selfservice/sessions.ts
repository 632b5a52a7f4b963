import type { Actor, AsActor, SelfserviceDeps } from './deps.ts'

/** Sessions, remembered devices and connected applications of one's own account: seen and ended. */
export function createSessionVerbs(deps: SelfserviceDeps, asActor: AsActor) {
  const { sessions, connections, devices, addresses, audit } = deps

  function endSession(actor: Actor, uid: string): Promise<void> {
    return asActor(actor, async (tx) => {
      if (await sessions.end(tx, actor.accountId, uid))
        await audit.record(tx, 'session.ended', { ...actor.who, detail: { reason: 'by the person' } })
    })
  }

  /** All but the actor's own. What is to come about addresses ends with them, and every device is forgotten. */
  function endOtherSessions(actor: Actor): Promise<number> {
    const { accountId, sessionUid } = actor
    return asActor(actor, async (tx) => {
      const ended = await sessions.endAll(tx, accountId, { except: sessionUid, offline: false })
      await addresses.keepAll(tx, accountId)
      await devices.forgetAll(tx, accountId)
      await audit.record(tx, 'session.ended', { ...actor.who, detail: { reason: 'all others, by the person' } })
      return ended
    })
  }

  function forgetDevice(actor: Actor, id: string): Promise<void> {
    return asActor(actor, async (tx) => {
      if (await devices.forget(tx, actor.accountId, id)) await audit.record(tx, 'device.forgotten', actor.who)
    })
  }

  /** What it was given ends: opaque and refresh tokens at once, JWT access tokens when they expire. */
  function endApp(actor: Actor, clientId: string): Promise<void> {
    return asActor(actor, async (tx) => {
      if (await connections.revoke(tx, actor.accountId, clientId))
        await audit.record(tx, 'consent.revoked', { ...actor.who, clientId })
    })
  }

  return {
    sessionsOf: sessions.ofAccount,
    appsOf: connections.ofAccount,
    endSession,
    endOtherSessions,
    forgetDevice,
    endApp,
  }
}
