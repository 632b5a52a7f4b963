import { PROFILE_CLAIMS } from '../../accounts/index.ts'
import { countOf, secondFactorsOf } from '../../factors/index.ts'
import { AdminFault, type FieldFault } from '../fault.ts'
import type { ChangeCall, Handlers } from '../operation.ts'
import type { peopleOperations } from '../specs/people.ts'
import type { PeopleDeps } from './deps.ts'
import { about, changedPerson, lockPerson } from './locked.ts'
import type { PersonRow } from './stores.ts'

type Changes = Pick<typeof peopleOperations, 'accounts.update' | 'accounts.remove-authenticator' | 'accounts.revoke-app'>

/** What is wrong with a claim of that name, in words. */
const WORDS: Readonly<Record<string, string>> = {
  profile: 'must be a whole web address',
  picture: 'must be a whole web address',
  website: 'must be a whole web address',
  birthdate: 'must be a day such as 1990-01-31, a year, or 0000-01-31',
  zoneinfo: 'must be a time zone such as Europe/Berlin',
}
const LINE_WORDS = 'must be one line of at most 200 characters'

/** Faults of names that are no claims that a person may write; what is proven is never written by hand. */
export function faultsOfNames(profile: Readonly<Record<string, unknown>>, at = 'profile'): FieldFault[] {
  const unknown = Object.keys(profile).filter((name) => !PROFILE_CLAIMS.some((claim) => claim === name))
  return unknown.map((name) => ({ field: `${at}.${name}`, words: 'is no claim that a profile holds' }))
}

export function faultsOfValues(names: readonly string[], at = 'profile'): FieldFault[] {
  return names.map((name) => ({ field: `${at}.${name}`, words: WORDS[name] ?? LINE_WORDS }))
}

/** What is done to one person in their stead: what their profile says, a factor that was lost, an application's access. */
export function createChangeHandlers(deps: PeopleDeps): Handlers<Changes> {
  const { audit } = deps

  /** An administrator without any second factor would be whoever reads their mail. */
  async function mayBeWithout(call: ChangeCall, person: PersonRow): Promise<void> {
    if (person.role === null || call.actor.kind === 'local') return
    const by = await deps.demand.by(call.tx, person.id)
    if (secondFactorsOf(await deps.kept.ofAccountIn(call.tx, person.id), by) > 1) return
    throw new AdminFault(
      'conflict',
      'This is the last authenticator of somebody who administers: take their role back first, and give it again once they have set up another.',
    )
  }

  return {
    async 'accounts.update'(call, { account_id: id, profile }) {
      const unknown = faultsOfNames(profile)
      if (unknown.length > 0) throw new AdminFault('invalid_input', 'The profile cannot say this.', unknown)
      await lockPerson(deps, call, id, true)
      const { faults, changed } = await deps.profiles.save(call.tx, id, profile)
      if (faults.length > 0) throw new AdminFault('invalid_input', 'The profile cannot say this.', faultsOfValues(faults))
      if (changed) await audit.record(call.tx, 'profile.changed', about(call, id))
      return changedPerson(deps, call, id)
    },

    async 'accounts.remove-authenticator'(call, { account_id: id, authenticator_id }) {
      const { tx } = call
      const person = await lockPerson(deps, call, id)
      const own = await deps.kept.ofAccountIn(tx, id)
      const one = own.find((each) => each.id === authenticator_id && each.provenAt !== null)
      const passkey = one?.kind === 'passkey'
      if (!one || (!passkey && one.kind !== 'totp')) throw new AdminFault('not_found', 'This person has no such authenticator.')
      await mayBeWithout(call, person)
      if (!(await deps.kept.remove(tx, id, authenticator_id))) throw new AdminFault('not_found', 'It was removed meanwhile.')
      await deps.devices.forgetAll(tx, id)
      // Without the last one none is asked for any more; whoever objects has both again.
      const wished = passkey && countOf(own).passkeys === 1 && (await deps.demand.set(tx, id, false))
      await audit.record(tx, 'factor.removed', { ...about(call, id), detail: { method: one.kind } })
      const undo = { credentialId: one.id, ...(wished && { always: 'yes' }) }
      await tellOf(call, person, passkey ? 'passkey_removed' : 'factor_removed', { name: one.label }, undo)
      return { done: true }
    },

    async 'accounts.revoke-app'(call, { account_id: id, client_id }) {
      await lockPerson(deps, call, id)
      if (!(await deps.connections.revoke(call.tx, id, client_id)))
        throw new AdminFault('not_found', 'This application has no access to this person.')
      await audit.record(call.tx, 'consent.revoked', { ...about(call, id), clientId: client_id })
      return { done: true }
    },
  }

  async function tellOf(
    { tx }: ChangeCall,
    person: PersonRow,
    kind: 'factor_removed' | 'passkey_removed',
    values: Record<string, string>,
    undo: Record<string, string>,
  ): Promise<void> {
    const locale = person.locale ?? deps.defaultLocale
    await deps.notices.tell(tx, { accountId: person.id, kind, values, undo, device: deps.adminInWords(locale), locale })
  }
}
