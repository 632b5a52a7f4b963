import type { OutputOf } from '../../../admin/index.ts'
import { meaningOf } from '../../../audit/index.ts'
import type { AuditLine } from '../../../text/index.ts'
import { clientPath, PATHS, personPath } from '../paths.ts'

export type Entry = OutputOf<'audit.get'>

/** Whether the reader may follow what a row names. */
export interface Follows {
  people: boolean
  clients: boolean
}

/** Ids of accounts, as `newId` makes them; other actors are machines and commands. */
const ACCOUNT_ID = /^[\w-]{22}$/
const SHORT = 8

/** One row as a list shows it, its ids cut short; `whole` leaves them as they are. */
export function auditLine(entry: Entry, follows: Follows, { whole = false } = {}): AuditLine {
  const person = (id: string) => ({
    id: whole || id.length <= SHORT + 1 ? id : `${id.slice(0, SHORT)}…`,
    url: follows.people ? personPath(id) : null,
  })
  const actor = (id: string) => (ACCOUNT_ID.test(id) ? person(id) : { id, url: null })
  const { account_id, actor_id, client_id } = entry
  return {
    url: entryPath(entry.entry_id),
    at: entry.at.replace('T', ' ').replace('Z', ''),
    event: entry.event,
    warn: meaningOf(entry.event)?.warn ?? false,
    person: account_id === null ? null : person(account_id),
    actor: actor_id === null || actor_id === account_id ? null : actor(actor_id),
    client: client_id === null ? null : { id: client_id, url: follows.clients ? clientPath(client_id) : null },
    ip: entry.ip ?? '',
    detail: detailOf(entry)
      .map(({ name, value }) => `${name}: ${value}`)
      .join(', '),
  }
}

export function detailOf({ detail }: Entry): { name: string; value: string }[] {
  return Object.entries(detail).map(([name, value]) => ({ name, value: String(value) }))
}

export function entryPath(id: string): string {
  return `${PATHS.audit}/entries/${encodeURIComponent(id)}`
}
