import type { Middleware } from 'koa'
import { ROLES } from '../../../admin/index.ts'
import { PATHS, queryOf, withQuery } from '../paths.ts'
import { may } from '../visit.ts'
import { personLine } from './called.ts'
import { choicesOf, chosenOf } from './choices.ts'
import type { ConsoleScreenDeps } from './deps.ts'
import { INVITATIONS } from './invitations.ts'

const STATES = ['active', 'suspended', 'closed'] as const

/** Everybody who has an account: found by an address, a number, a word of the name, or an id. */
export function createPeopleScreens({ visits, shell, admin }: ConsoleScreenDeps) {
  const list: Middleware = async (ctx) => {
    const visit = await visits.load(ctx)
    const q = queryOf(ctx, 'q').trim()
    const state = chosenOf(STATES, queryOf(ctx, 'state'))
    const role = chosenOf(ROLES, queryOf(ctx, 'role'))
    const cursor = queryOf(ctx, 'cursor')
    const filter = { ...(q && { q }), ...(state && { state }), ...(role && { role }) }
    const page = await admin.perform('accounts.list', visit.actor, { ...filter, ...(cursor && { cursor }) })
    visits.show(ctx, visit, 'console-people', {
      shell: shell.of(ctx, visit, 'people'),
      action: PATHS.people,
      q,
      states: choicesOf(STATES, state),
      roles: choicesOf(ROLES, role),
      people: page.items.map(personLine),
      filtered: Object.keys(filter).length > 0,
      moreUrl: page.next && withQuery(PATHS.people, { ...filter, cursor: page.next }),
      inviteUrl: may(visit, 'invitations.create') ? INVITATIONS.invite : null,
      invitationsUrl: INVITATIONS.list,
    })
  }

  return { list }
}
