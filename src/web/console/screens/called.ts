import type { OutputOf } from '../../../admin/index.ts'
import type { PersonLine } from '../../../text/index.ts'
import { lettersOf } from '../../own-client/letters.ts'
import { personPath } from '../paths.ts'

type Summary = OutputOf<'accounts.list'>['items'][number]

/** The name, else an address, else the id. */
export function calledOf({ name, email, phone, account_id }: Pick<Summary, 'name' | 'email' | 'phone' | 'account_id'>): string {
  return name?.trim() || email || phone || account_id
}

/** A person as lists and headings show them. */
export function personLine(one: Summary): PersonLine {
  const called = calledOf(one)
  return {
    called,
    initials: initialsOf(called),
    address: [one.email, one.phone].find((address) => address && address !== called) ?? null,
    url: personPath(one.account_id),
    state: one.state,
    role: one.role,
    since: new Date(one.created_at),
    lastSignInAt: momentOf(one.last_sign_in_at),
  }
}

/** A moment as an operation tells it. */
export function momentOf(iso: string | null): Date | null {
  return iso === null ? null : new Date(iso)
}

// Of an address its first letters, of a number its last digits.
function initialsOf(called: string): string {
  if (called.includes('@')) return called.slice(0, 2).toUpperCase()
  return called.startsWith('+') ? called.slice(-2) : lettersOf(called)
}
