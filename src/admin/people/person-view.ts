import type { z } from 'zod'
import { hashOf } from '../../base/index.ts'
import { canonical } from '../canonical.ts'
import type { Operations } from '../catalogue.ts'
import { AdminFault } from '../fault.ts'
import type { PersonRow } from './stores.ts'

type Summary = z.input<Operations['accounts.list']['output']>['items'][number]
export type PersonView = z.input<Operations['accounts.update']['output']>

/** One person as a line of a list. */
export function summaryOf(row: PersonRow): Summary {
  return {
    account_id: row.id,
    name: row.name,
    email: row.email,
    phone: row.phone,
    state: row.state,
    role: row.role,
    created_at: row.createdAt.toISOString(),
    last_sign_in_at: row.lastSignInAt?.toISOString() ?? null,
  }
}

/** The person itself, with the version that a change can be bound to. */
export function personView(row: PersonRow): PersonView {
  return {
    ...summaryOf(row),
    locale: row.locale,
    profile: profileOf(row),
    closing_at: row.closingAt?.toISOString() ?? null,
    version: versionOf(row),
  }
}

/** What the profile says, without what is ours. */
export function profileOf({ profile }: Pick<PersonRow, 'profile'>): Record<string, unknown> {
  const { updatedAt: _ours, ...claims } = profile
  return claims
}

/** A hash of what `personView` says; it moves with nothing that happens by itself. */
export function versionOf(row: PersonRow): string {
  const { state, role, locale, closingAt } = row
  return hashOf(canonical({ state, role, locale, closingAt: closingAt?.toISOString() ?? null, profile: profileOf(row) })).slice(
    0,
    22,
  )
}

export function noSuchPerson(): AdminFault {
  return new AdminFault('not_found', 'There is no such person.')
}

/** The key of a cursor behind this row. */
export function keyOf({ createdAt, id }: { createdAt: Date; id: string }): string[] {
  return [createdAt.toISOString(), id]
}

/** Where a page begins; the key was signed. */
export function markOf([at = '', id = '']: readonly string[]): { createdAt: Date; id: string } {
  return { createdAt: new Date(at), id }
}
