import { type Address, type Clock, type Log, type Metrics, maskAddress, type Tx } from '../base/index.ts'
import type { AuditRow } from './audit-row.ts'
import type { DetailKind, EventEntry } from './event-entry.ts'
import { type EventFields, type EventName, events, type KeptEventName } from './events.ts'
import { createEventMeasures } from './measures.ts'

/** What the trail needs from storage: it is only ever added to. */
export interface AuditStore {
  /** Adds rows in the caller's transaction, in their order: all that it has to tell is written at once, right before its commit. */
  append(tx: Tx, rows: readonly AuditRow[]): Promise<void>
  /** Adds one row, committed on its own. */
  appendNow(row: AuditRow): Promise<void>
}

export interface Audit {
  /** Writes the event in the caller's transaction; it is counted and logged once that has been committed. */
  record<E extends KeptEventName>(tx: Tx, event: E, fields: EventFields<E>): Promise<void>
  /** Writes and tells an event at once, in a statement of its own: for tries and failures, which no roll-back undoes. */
  note<E extends EventName>(event: E, fields: EventFields<E>): Promise<void>
  /** The row of an event, for a caller who writes it in a statement of its own and then calls `announce`. */
  prepare<E extends KeptEventName>(event: E, fields: EventFields<E>): AuditRow
  /** Counts and logs rows that have been committed. */
  announce(rows: readonly AuditRow[]): void
}

/** Records events by the catalogue. `afterCommit` runs work when the transaction has been committed, and never else. */
export function createAudit(deps: {
  store: AuditStore
  afterCommit(tx: Tx, work: () => void): void
  clock: Clock
  log: Log
  metrics: Metrics
}): Audit {
  const { store, afterCommit, clock, log } = deps
  const measure = createEventMeasures(deps.metrics)

  function prepare<E extends EventName>(event: E, fields: EventFields<E>): AuditRow {
    return {
      at: clock.now(),
      event,
      accountId: idText(fields.accountId),
      clientId: idText(fields.clientId),
      attemptId: idText(fields.attemptId),
      actorId: idText(fields.actorId),
      requestId: idText(fields.requestId),
      ip: idText(fields.ip),
      device: fields.device ? safeText(fields.device) : null,
      detail: detailOf(event, fields.detail ?? {}),
    }
  }

  function announce(rows: readonly AuditRow[]): void {
    for (const row of rows) {
      measure(row)
      log[events[row.event].level](saidOf(row), row.event)
    }
  }

  async function record<E extends KeptEventName>(tx: Tx, event: E, fields: EventFields<E>): Promise<void> {
    const row = prepare(event, fields)
    await store.append(tx, [row])
    afterCommit(tx, () => announce([row]))
  }

  async function note<E extends EventName>(event: E, fields: EventFields<E>): Promise<void> {
    const row = prepare(event, fields)
    if (events[event].kept) await store.appendNow(row)
    announce([row])
  }

  return { record, note, prepare, announce }
}

/** The fields of each event, once for all that are told. */
const FIELDS: ReadonlyMap<EventName, readonly (readonly [string, DetailKind])[]> = new Map(
  Object.entries(events).map(([name, entry]: [string, EventEntry]) => [
    name as EventName,
    Object.entries({ ...entry.detail, ...entry.optional }),
  ]),
)

/** Only the fields that the catalogue names, each in its kind: nothing else can slip into the trail. */
function detailOf(event: EventName, given: object): AuditRow['detail'] {
  const detail: Record<string, string | number | boolean> = {}
  for (const [field, kind] of FIELDS.get(event) ?? []) {
    const value = kept(kind, (given as Readonly<Record<string, unknown>>)[field])
    if (value !== undefined) detail[field] = value
  }
  return detail
}

function kept(kind: DetailKind, value: unknown): string | number | boolean | undefined {
  if (kind === 'number') return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  if (kind === 'flag') return typeof value === 'boolean' ? value : undefined
  if (typeof value !== 'string') return undefined
  return kind === 'address' ? lineOf(maskAddress(value as Address)) : safeText(value)
}

const TEXT_MAX = 300
/** Printable ASCII without an @, too short for a bearer value: nothing below would change it, and most texts are such. */
const PLAIN = /^[ -?A-~]{0,39}$/

/** One line: no control, format or separator character can break a log line or a row, and none is a lone surrogate. */
function lineOf(text: string): string {
  if (PLAIN.test(text)) return text
  return text
    .slice(0, TEXT_MAX)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
}

/** A line in which nothing stands that looks like an address or a bearer value, whoever wrote it. */
function safeText(text: string): string {
  if (PLAIN.test(text)) return text
  const masked = text
    .slice(0, 4 * TEXT_MAX)
    .replace(/[^\s@]{1,64}@[^\s@]+/g, '[address]')
    .replace(/[A-Za-z0-9_-]{40,}/g, '[hidden]')
  return lineOf(masked)
}

function idText(value: string | null | undefined): string | null {
  return value ? lineOf(value) : null
}

const SAID = ['accountId', 'clientId', 'attemptId', 'actorId', 'requestId', 'ip', 'device', 'detail'] as const

/** What the log line of a row says: all but its time, which the line has, and what is not known. */
function saidOf(row: AuditRow): Record<string, unknown> {
  const said: Record<string, unknown> = { event: row.event }
  for (const field of SAID) if (row[field] !== null) said[field] = row[field]
  return said
}
