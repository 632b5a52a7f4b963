import type { z } from 'zod'
import type { AuditEntry, AuditReader, TrailMark } from '../../audit/index.ts'
import type { auditEntry } from '../specs/audit.ts'

type AuditEntryView = z.input<typeof auditEntry>

/** A row of the trail as operations answer it. */
export function entryView(entry: AuditEntry): AuditEntryView {
  return {
    entry_id: entry.id,
    at: entry.at.toISOString(),
    event: entry.event,
    account_id: entry.accountId,
    client_id: entry.clientId,
    actor_id: entry.actorId,
    attempt_id: entry.attemptId,
    request_id: entry.requestId,
    ip: entry.ip,
    device: entry.device,
    detail: detailView(entry.detail),
    chain: entry.link,
  }
}

// Of a row that a hand in the database wrote, `detail` may be anything: it is shown as text.
function detailView(detail: unknown): AuditEntryView['detail'] {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return { detail: JSON.stringify(detail) }
  return Object.fromEntries(Object.entries(detail).map(([member, value]) => [member, plain(value)]))
}

function plain(value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return Number.isFinite(value) ? (value as number) : JSON.stringify(value)
}

/** Where a page of the trail begins, as the key of a cursor. */
export function keyOfMark({ at, id }: TrailMark): string[] {
  return [at.toISOString(), id]
}

/** The mark again; what it reads was signed. */
export function markOfKey([at = '', id = '']: readonly string[]): TrailMark {
  return { at: new Date(at), id }
}

/** Reads what happened to one account: rows newest first, and the key of the next page; null on the last one. */
export function createEntriesAbout(deps: { reader: Pick<AuditReader, 'list'> }) {
  return async (accountId: string, before: readonly string[] | null, limit: number) => {
    const { entries, older } = await deps.reader.list({ accountId }, before && markOfKey(before), limit)
    return { items: entries.map(entryView), next: older && keyOfMark(older) }
  }
}

export type EntriesAbout = ReturnType<typeof createEntriesAbout>
