import { type AdminActor, roleOf } from '../actor.ts'
import { operations } from '../catalogue.ts'
import { AdminFault } from '../fault.ts'
import type { OperationSpec } from '../operation.ts'
import type { AdminScope, Role } from '../scopes.ts'
import type { PersonRow } from './stores.ts'

/**
 * Throws where the person has a role and the actor may not decide who administers: whoever could suspend an administrator,
 * or take their second factor away, would be more than they are.
 */
export function mayTouch(actor: AdminActor, { role }: Pick<PersonRow, 'role'>): void {
  if (role === null) return
  if (roleOf(actor) !== 'admin')
    throw new AdminFault(
      'forbidden',
      'This person administers: only somebody with the role admin may change anything about them.',
    )
  if (!actor.scopes.has('administrators:write'))
    throw new AdminFault('insufficient_scope', 'This person administers: that needs the scope administrators:write as well.')
}

/** Whether the actor may decide who administers. */
export function mayDecide(actor: AdminActor): boolean {
  return roleOf(actor) === 'admin' && actor.scopes.has('administrators:write')
}

/** Throws where the actor is this very person. */
export function notOneself(actor: AdminActor, accountId: string, words: string): void {
  if (actor.kind === 'person' && actor.accountId === accountId) throw new AdminFault('conflict', words)
}

/** Throws where a role holds more than the actor was given: nobody gives what they do not have. */
export function mayGive(actor: AdminActor, role: Role): void {
  const missing = [...scopesOf(role)].filter((scope) => !actor.scopes.has(scope))
  if (missing.length > 0)
    throw new AdminFault('insufficient_scope', `The role ${role} holds more than you were given: ${missing.join(', ')}.`)
}

/** What a role may do, as scopes: those of its operations. */
function scopesOf(role: Role): Set<AdminScope> {
  const all: readonly OperationSpec[] = Object.values(operations)
  return new Set(all.filter(({ roles }) => roles.includes(role)).map(({ scope }) => scope))
}
