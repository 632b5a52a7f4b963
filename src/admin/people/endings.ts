import { addSeconds } from '../../base/index.ts'
import { AdminFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import type { peopleOperations } from '../specs/people.ts'
import type { PeopleDeps } from './deps.ts'
import { notOneself } from './guard.ts'
import { about, changedPerson, lockPerson } from './locked.ts'
import type { PersonRow } from './stores.ts'

type Endings = Pick<
  typeof peopleOperations,
  'accounts.suspend' | 'accounts.resume' | 'accounts.end-sessions' | 'accounts.close' | 'accounts.keep'
>

/** Ends of access: of sessions, for a while, and for good. */
export function createEndingHandlers(deps: PeopleDeps): Handlers<Endings> {
  const { store, roles, audit } = deps

  /** The person, who is about to be shut out. Comes after whoever else changes who administers. */
  async function lockToShutOut(call: ChangeCall, id: string, bound: boolean): Promise<PersonRow> {
    await roles.lock(call.tx)
    const person = await lockPerson(deps, call, id, bound)
    if (person.role === 'admin' && (await roles.otherAdmins(call.tx, id)) === 0)
      throw new AdminFault('last_administrator', 'This is the last person who may administer.')
    return person
  }

  /** Everything that opens the account ends now: also what is under way, offline access, and changes that were to come. */
  async function shutOut({ tx }: ChangeCall, id: string): Promise<number> {
    await deps.addresses.keepAll(tx, id)
    const ended = await deps.sessions.endAll(tx, id, { except: null, offline: true })
    await store.endOwnSessions(tx, id)
    await deps.devices.forgetAll(tx, id)
    return ended
  }

  async function suspend(call: ChangeCall, { id, state }: PersonRow): Promise<void> {
    if (state !== 'active') return
    await store.setState(call.tx, id, 'suspended')
    await shutOut(call, id)
    await audit.record(call.tx, 'account.suspended', about(call, id))
  }

  async function resume(call: ChangeCall, { id, state }: PersonRow): Promise<void> {
    if (state !== 'suspended') return
    await store.setState(call.tx, id, 'active')
    await audit.record(call.tx, 'account.resumed', about(call, id))
  }

  return {
    async 'accounts.suspend'(call, { account_id: id }) {
      notOneself(call.actor, id, 'You cannot suspend yourself.')
      const person = await lockToShutOut(call, id, true)
      if (person.state === 'closed') throw new AdminFault('conflict', 'This person is closed already.')
      await suspend(call, person)
      return changedPerson(deps, call, id)
    },

    async 'accounts.resume'(call, { account_id: id }) {
      const person = await lockPerson(deps, call, id, true)
      if (person.state === 'closed') throw new AdminFault('conflict', 'This person is closed: nothing brings them back.')
      await resume(call, person)
      return changedPerson(deps, call, id)
    },

    async 'accounts.end-sessions'(call, { account_id: id, session_id }) {
      await lockPerson(deps, call, id)
      if (session_id === undefined) {
        const ended = await shutOut(call, id)
        await audit.record(call.tx, 'session.ended', { ...about(call, id), detail: { reason: 'all, by an administrator' } })
        return { ended }
      }
      if (!(await deps.sessions.end(call.tx, id, session_id)))
        throw new AdminFault('not_found', 'This person has no such session.')
      await audit.record(call.tx, 'session.ended', { ...about(call, id), detail: { reason: 'by an administrator' } })
      return { ended: 1 }
    },

    // Suspended until then: what an administrator asked for is taken back by an administrator, and not by the person.
    async 'accounts.close'(call, { account_id: id }) {
      const { tx, now } = call
      notOneself(call.actor, id, 'You cannot delete yourself here: your account page does it.')
      const person = await lockToShutOut(call, id, true)
      if (person.state === 'closed') throw new AdminFault('conflict', 'This person is closed already.')
      await suspend(call, person)
      if (person.closingAt) return { closing_at: person.closingAt.toISOString() }
      const at = addSeconds(now, deps.graceSeconds)
      await store.setClosing(tx, id, at)
      await audit.record(tx, 'account.closing', about(call, id))
      const locale = person.locale ?? deps.defaultLocale
      const said = { kind: 'account_closing_by_admin' as const, values: { at: at.toISOString() }, undo: {} }
      await deps.notices.tell(tx, { accountId: id, ...said, device: deps.adminInWords(locale), locale })
      return { closing_at: at.toISOString() }
    },

    async 'accounts.keep'(call, { account_id: id }) {
      const person = await lockPerson(deps, call, id, true)
      if (!person.closingAt || person.state === 'closed')
        throw new AdminFault('conflict', 'This person is not to be deleted, or the time to keep them is over.')
      await store.setClosing(call.tx, id, null)
      await audit.record(call.tx, 'account.kept', about(call, id))
      await resume(call, person)
      return { done: true }
    },
  }
}
