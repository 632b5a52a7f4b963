import { addSeconds, parseEmailAddress, type Tx } from '../../base/index.ts'
import { AdminFault } from '../fault.ts'
import type { Handlers } from '../operation.ts'
import type { invitationOperations } from '../specs/invitations.ts'
import type { PeopleDeps } from './deps.ts'
import { mayTouch } from './guard.ts'
import { createInviting, noSuchInvitation } from './inviting.ts'
import { keyOf, markOf } from './person-view.ts'

type Invitations = typeof invitationOperations

const DAY_SECONDS = 86_400

/** Invitations: by an email address, into this service or an application. None of them gives a role. */
export function createInvitationHandlers(deps: PeopleDeps): Handlers<Invitations> {
  const { invitations, cursors, audit } = deps
  const inviting = createInviting(deps)

  async function checkClient(tx: Tx, clientId: string | undefined): Promise<void> {
    if (clientId === undefined || (await invitations.hasClient(tx, clientId))) return
    throw new AdminFault('invalid_input', 'There is no such application.', [
      { field: 'client_id', words: 'is not registered, or is switched off' },
    ])
  }

  return {
    async 'invitations.list'({ now }, input) {
      const { limit, cursor } = input
      const after = cursor === undefined ? null : markOf(cursors.open('invitations.list', input, cursor))
      const rows = await invitations.list(after, limit + 1, now)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      return {
        items: items.map(({ id, address, role, createdAt, expiresAt }) => ({
          ...{ invitation_id: id, address, role, created_at: createdAt.toISOString(), expires_at: expiresAt.toISOString() },
        })),
        next: last ? cursors.seal('invitations.list', input, keyOf(last)) : null,
      }
    },

    async 'invitations.create'({ tx, actor, now }, { address: typed, client_id, expires_in_days }) {
      const address = parseEmailAddress(typed)
      if (!address)
        throw new AdminFault('invalid_input', 'This is no email address.', [{ field: 'address', words: 'is no email address' }])
      // The answer says whether somebody is here: whoever may not look that up would ask it so, address by address.
      if (!actor.scopes.has('accounts:read'))
        throw new AdminFault(
          'insufficient_scope',
          'Inviting tells who has an account: that needs the scope accounts:read as well.',
        )
      await checkClient(tx, client_id)
      await inviting.count(tx, { address, who: actor.who, now })
      if (await invitations.accountOf(tx, 'email', address, now))
        throw new AdminFault('conflict', 'Somebody has this address already: they need no invitation.')
      const before = await invitations.lockFor(tx, 'email', address)
      const stands = before !== null && before.expiresAt > now
      if (stands) mayTouch(actor, before)
      const expiresAt = addSeconds(now, expires_in_days * DAY_SECONDS)
      const role = stands ? before.role : null
      const id = await inviting.leave(tx, { address, role, clientId: client_id ?? null, expiresAt, who: actor.who, now })
      return { invitation_id: id, expires_at: expiresAt.toISOString() }
    },

    async 'invitations.delete'({ tx, actor, now }, { invitation_id: id }) {
      const row = await invitations.lockById(tx, id, now)
      if (!row) throw noSuchInvitation()
      mayTouch(actor, row)
      await invitations.remove(tx, id)
      await audit.record(tx, 'invitation.withdrawn', actor.who)
      return { done: true }
    },
  }
}
