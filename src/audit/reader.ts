import type { ChainEntry } from './chain-form.ts'
import { type EventName, events } from './events.ts'

/** A row of the trail as it is read back. Of two rows of one moment the later one has the larger `id`. */
export interface TrailEntry {
  id: string
  at: Date
  event: string
  clientId: string | null
  device: string | null
  detail: Readonly<Record<string, unknown>>
}

/** Where a page of the trail begins: below this row. */
export interface TrailMark {
  at: Date
  id: string
}

/** What reading the trail needs from storage. Both answer newest first. */
export interface TrailStore {
  /** Rows of the account with one of these events; of `sign_in.proven` only those by a recovery code. */
  told(accountId: string, events: readonly EventName[], before: TrailMark | null, limit: number): Promise<TrailEntry[]>
  /** All rows of the account. */
  all(accountId: string, before: TrailMark | null, limit: number): Promise<TrailEntry[]>
}

/**
 * Events that a person is told about on the account page. Left out are steps of a sign-in that its end tells of,
 * messages, tokens, and what says the same twice.
 */
export const TOLD = [
  'account.closing',
  'account.created',
  'account.exported',
  'account.kept',
  'address.added',
  'address.change_asked',
  'address.died',
  'address.kept',
  'address.removed',
  'address.revived',
  'codes.replaced',
  'consent.granted',
  'consent.revoked',
  'device.forgotten',
  'device.new',
  'factor.added',
  'factor.removed',
  'notice.objected',
  'profile.changed',
  'rescue.completed',
  'rescue.disowned',
  'rescue.lapsed',
  'rescue.shortened',
  'rescue.started',
  'rescue.stopped',
  'second.always',
  'second.no_longer',
  'session.ended',
  'sign_in.code_closed',
  'sign_in.code_wrong',
  'sign_in.completed',
  'sign_in.proven',
] as const satisfies readonly EventName[]

export type ToldEvent = (typeof TOLD)[number]

/** An entry that a person is told about. */
export type ToldEntry = TrailEntry & { event: ToldEvent }

const ENTRIES_AT_ONCE = 1000
const MARK = /^(\d{1,13})-(\d{1,18})$/

/** What is recorded about one account, for its person alone. */
export function createTrail(deps: { store: TrailStore }) {
  const { store } = deps

  /**
   * What happened, newest first, `limit` entries at most. `before` is the `older` of the page above it; anything else
   * answers the first page. `older` is null on the last page.
   */
  async function activityOf(
    accountId: string,
    before: string | null,
    limit: number,
  ): Promise<{ entries: ToldEntry[]; older: string | null }> {
    const found = await store.told(accountId, TOLD, markOf(before), limit + 1)
    const entries = found.slice(0, limit) as ToldEntry[]
    const last = entries.at(-1)
    return { entries, older: found.length > limit && last ? `${last.at.getTime()}-${last.id}` : null }
  }

  /** All of it, newest first. */
  async function entriesOf(accountId: string): Promise<TrailEntry[]> {
    const entries: TrailEntry[] = []
    for (let before: TrailMark | null = null; ; ) {
      const found: TrailEntry[] = await store.all(accountId, before, ENTRIES_AT_ONCE)
      entries.push(...found)
      before = found.at(-1) ?? null
      if (found.length < ENTRIES_AT_ONCE) return entries
    }
  }

  return { activityOf, entriesOf }
}

export type Trail = ReturnType<typeof createTrail>

function markOf(before: string | null): TrailMark | null {
  const [, at, id] = MARK.exec(before ?? '') ?? []
  return at === undefined || id === undefined ? null : { at: new Date(Number(at)), id }
}

/** A row of the trail in full, for those who may read all of it, with its place in the chain. */
export interface AuditEntry extends ChainEntry {
  /** Null while it waits for the chain. The salt is gone when the person was erased. */
  link: { place: number; salt: string | null; proof: string; hash: string } | null
}

/** Which rows are wanted: those for which all of it holds. */
export interface AuditFilter {
  accountId?: string | undefined
  clientId?: string | undefined
  actorId?: string | undefined
  /** One of these. */
  events?: readonly string[] | undefined
  /** From this moment on. */
  from?: Date | undefined
  /** Before this moment. */
  to?: Date | undefined
}

/** What reading all of the trail needs from storage. */
export interface AuditReaderStore {
  /** Newest first: by `at`, then by `id`. */
  list(filter: AuditFilter, before: TrailMark | null, limit: number): Promise<AuditEntry[]>
  find(id: string): Promise<AuditEntry | null>
}

const BEGINNING = /^([a-z_]+\.)\*$/

/** The trail as administrators read it. */
export function createAuditReader(deps: { store: AuditReaderStore }) {
  const { store } = deps

  /** Rows newest first, at most `limit`; `older` is where the next page begins, and null on the last one. */
  async function list(
    filter: AuditFilter,
    before: TrailMark | null,
    limit: number,
  ): Promise<{ entries: AuditEntry[]; older: TrailMark | null }> {
    const found = await store.list(filter, before, limit + 1)
    const entries = found.slice(0, limit)
    const last = entries.at(-1)
    return { entries, older: found.length > limit && last ? { at: last.at, id: last.id } : null }
  }

  /** The events that a name, or a beginning such as `client.*`, stands for. */
  function eventsOf(name: string): string[] {
    const beginning = BEGINNING.exec(name)?.[1]
    if (beginning === undefined) return [name]
    return Object.entries(events).flatMap(([event, { kept }]) => (kept && event.startsWith(beginning) ? [event] : []))
  }

  return { list, eventsOf, find: (id: string) => store.find(id) }
}

export type AuditReader = ReturnType<typeof createAuditReader>
