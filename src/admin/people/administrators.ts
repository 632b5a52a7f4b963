import { secondFactorsOf } from '../../factors/index.ts'
import { AdminFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import type { Role } from '../scopes.ts'
import type { administratorOperations } from '../specs/administrators.ts'
import type { PeopleDeps } from './deps.ts'
import { mayGive } from './guard.ts'
import { about, lockPerson } from './locked.ts'
import { summaryOf } from './person-view.ts'

/** Who may administer. Changes come one after the other, over all instances, so that the last administrator stays. */
export function createAdministratorHandlers(deps: PeopleDeps): Handlers<typeof administratorOperations> {
  const { roles, audit } = deps

  async function lockToChange(call: ChangeCall, id: string, role: Role | null) {
    await roles.lock(call.tx)
    const person = await lockPerson(deps, call, id, true)
    if (person.role === 'admin' && role !== 'admin' && (await roles.otherAdmins(call.tx, id)) === 0)
      throw new AdminFault('last_administrator', 'This is the last person who may administer: make somebody else one first.')
    return person
  }

  /** Whoever reads the mail of somebody without one could set it up, and would be what is given here. */
  async function needsAuthenticator({ tx }: ChangeCall, id: string): Promise<void> {
    const by = await deps.demand.by(tx, id)
    if (secondFactorsOf(await deps.kept.ofAccountIn(tx, id), by) > 0) return
    throw new AdminFault(
      'conflict',
      'This person has no authenticator, and no passkey that is always asked for: they set one up on their account page first, and are given the role then.',
    )
  }

  return {
    async 'administrators.list'({ now }) {
      const rows = await roles.list(now)
      return { items: rows.map((row) => ({ ...summaryOf(row), second_factor: row.secondFactor })) }
    },

    async 'administrators.grant'(call, { account_id: id, role }) {
      const { tx, actor, now } = call
      mayGive(actor, role)
      const person = await lockToChange(call, id, role)
      if (person.state !== 'active' || person.closingAt)
        throw new AdminFault('conflict', 'This person is suspended, closed or about to be deleted: they cannot administer.')
      if (person.role === role) return { done: true }
      await needsAuthenticator(call, id)
      // Somebody who was more, or something else, begins anew with what they are now.
      if (person.role !== null) await roles.endAdministration(tx, id, deps.adminApi)
      // Whoever began it may not have been somebody who may rescue those who administer.
      await deps.rescues.cancelIn(
        tx,
        id,
        actor.who.actorId,
        about(call, id),
        deps.adminInWords(person.locale ?? deps.defaultLocale),
      )
      await roles.set(tx, id, role)
      if (role === 'admin') await roles.closeFirstLink(tx, now)
      await audit.record(tx, 'administrator.granted', { ...about(call, id), detail: { role } })
      return { done: true }
    },

    async 'administrators.revoke'(call, { account_id: id }) {
      const person = await lockToChange(call, id, null)
      if (person.role === null) throw new AdminFault('not_found', 'This person has no role.')
      await roles.endAdministration(call.tx, id, deps.adminApi)
      await roles.set(call.tx, id, null)
      await audit.record(call.tx, 'administrator.revoked', about(call, id))
      return { done: true }
    },
  }
}
