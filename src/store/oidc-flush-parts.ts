import type { AuditRow } from '../audit/index.ts'
import type { Batch, RecordKey } from '../oidc/index.ts'

type AgreementKey = NonNullable<Batch['agreed']>
type NewRecord = Batch['inserts'][number]
type RecordChange = Batch['changes'][number]

/** One part of the statement that writes a batch: a member of its `with`. */
export interface Part {
  /** In the name of the statement: equal marks in equal order are an equal text. */
  mark: string
  values: readonly unknown[]
  /** The SQL; `at` is the number before that of the part's first parameter. `gate` holds where nothing was lost. */
  sql(at: number, gate: Gate): string
}

/** What each writing part hinges on: a condition to follow `where`. */
type Gate = 'true' | 'exists (select from won)'

// Every row is found by its whole key in plain parameters, or beside a subquery that is locked and thus never pulled up:
// so that no plan reads the table, not even one that was made while the table was empty and serves for long. Arrays and
// JSON hold as many rows as the planner likes to think, and are planned anew each time for that; rows of parameters are not.
const KEY = (at: number) => `model = $${at + 1}::text and id = $${at + 2}::text`

/** The parts of a batch in the order in which they are told, without those that it has nothing for. */
export function partsOf(batch: Batch<AuditRow>): { parts: readonly Part[]; gated: boolean } {
  const { now, agreed, consume, required, inserts, destroys, entries } = batch
  const changes = batch.changes.filter(changesAnything)
  const held = required.length + destroys.length > 0
  const gated = held || agreed !== null || consume !== null
  const parts = [
    ...(agreed ? [agreedPart(agreed)] : []),
    ...(held ? [heldPart(required, destroys, agreed !== null)] : []),
    ...(gated ? [wonPart(now, consume, required.length, { held, agreed: agreed !== null })] : []),
    ...(inserts.length > 0 ? [addedPart(inserts)] : []),
    ...changes.map(changedPart),
    ...padded(destroys).map(gonePart),
    ...padded(batch.revokedGrants).map(revokedPart),
    ...(entries.length > 0 ? [notedPart(entries)] : []),
  ]
  return { parts, gated }
}

function agreedPart({ accountId, clientId }: AgreementKey): Part {
  return {
    mark: 'a',
    values: [accountId, clientId],
    sql: (at) => `agreed as (select 1 from consent where account_id = $${at + 1} and client_id = $${at + 2} for key share)`,
  }
}

/**
 * Records that must still be there, since what ended meanwhile is not brought back, and those that end here: locked in
 * the order that `RecordStore.flush` tells of.
 */
function heldPart(required: readonly RecordKey[], destroys: readonly RecordKey[], agreed: boolean): Part {
  const also = destroys.filter((key) => !required.some(({ model, id }) => model === key.model && id === key.id))
  const keys = padded([...required, ...also])
  return {
    mark: `h${keys.length}`,
    values: keys.flatMap((key, at) => [key?.model ?? null, key?.id ?? null, at < required.length]),
    sql: (at) => `
      held as (
        select key.must, r.* from (
          select * from (values ${rowsOf(at, keys.length, ['text', 'text', 'bool'])}) as key(model, id, must)
          ${agreed ? 'where exists (select from agreed)' : ''}
          order by array_position(array['Session', 'Interaction', 'Grant'], model), model, id
        ) key cross join lateral (
          select model, id, account_id, payload from oidc_record as one
          where one.model = key.model and one.id = key.id for update
        ) r)`,
  }
}

/**
 * One row where all that is required stands, and what works once had not been used. Using it locks the row: a parallel
 * request waits for it, then sees `consumed_at` set and writes nothing.
 */
function wonPart(now: Date, use: RecordKey | null, requiredCount: number, from: { held: boolean; agreed: boolean }): Part {
  const standing = (count: number) =>
    [
      ...(from.agreed ? ['exists (select from agreed)'] : []),
      ...(from.held ? [`(select count(*) from held where must) = $${count}::int`] : []),
    ].join(' and ') || 'true'
  const counted = from.held ? [requiredCount] : []
  if (!use) return { mark: 's', values: counted, sql: (at) => `won as (select 1 where ${standing(at + 1)})` }
  return {
    mark: 'u',
    values: [use.model, use.id, now, ...counted],
    sql: (at) => `
      won as (
        update oidc_record set consumed_at = $${at + 3}::timestamptz
        where ${KEY(at)} and consumed_at is null and ${standing(at + 4)}
        returning 1)`,
  }
}

const RECORD = 'model, id, payload, uid, grant_id, user_code, account_id, expires_at'
const RECORD_TYPES = ['text', 'text', 'jsonb', 'text', 'text', 'text', 'text', 'timestamptz', 'text']

// A session under a new id takes over the applications that its predecessor has by now.
const TAKEN_OVER = `
  case when held.id is null then new.payload
    else new.payload || jsonb_build_object('authorizations',
      coalesce(held.payload -> 'authorizations', '{}') || coalesce(new.payload -> 'authorizations', '{}')) end`

function addedPart(inserts: readonly NewRecord[]): Part {
  const follows = inserts.some((row) => row.follows !== null)
  const anew = inserts.some(({ model }) => model === 'Grant')
  const payload = follows ? TAKEN_OVER : 'new.payload'
  return {
    mark: `i${inserts.length}${follows ? 'f' : ''}${anew ? 'g' : ''}`,
    values: inserts.flatMap((row) => [
      ...[row.model, row.id, JSON.stringify(row.payload), row.uid],
      ...[row.grantId, row.userCode, row.accountId, row.expiresAt, row.follows],
    ]),
    sql: (at, gate) => `
      added as (
        insert into oidc_record as old (${RECORD})
        select new.model, new.id, ${payload}, new.uid, new.grant_id, new.user_code, new.account_id, new.expires_at
        from (values ${rowsOf(at, inserts.length, RECORD_TYPES)}) as new(${RECORD}, follows)
        ${follows ? 'left join held on held.model = new.model and held.id = new.follows and held.account_id is not distinct from new.account_id' : ''}
        where ${gate}
        ${anew ? `on conflict (model, id) do update set payload = excluded.payload, expires_at = excluded.expires_at where old.model = 'Grant'` : ''})`,
  }
}

/** Only what the request touched is written; of a session's applications each by itself. */
function changedPart(change: RecordChange, index: number): Part {
  const { model, id, unset, set, accountId, expiresAt } = change
  const isSession = model === 'Session'
  const applications = isSession ? [change.unsetAuthorizations, JSON.stringify(change.setAuthorizations)] : []
  return {
    mark: isSession ? 'c' : 'o',
    values: [model, id, unset, JSON.stringify(set), accountId, expiresAt, ...applications],
    sql: (at, gate) => `
      changed${index} as (
        update oidc_record as old set
          payload = (old.payload - $${at + 3}::text[]) || $${at + 4}::jsonb ${isSession ? applicationsOf(at + 7) : ''},
          account_id = $${at + 5}::text, expires_at = coalesce($${at + 6}::timestamptz, old.expires_at)
        where ${KEY(at)} and ${gate})`,
  }
}

const applicationsOf = (at: number) => `|| jsonb_build_object('authorizations',
  (coalesce(old.payload -> 'authorizations', '{}') - $${at}::text[]) || $${at + 1}::jsonb)`

function changesAnything({ set, unset, setAuthorizations, unsetAuthorizations, expiresAt }: RecordChange): boolean {
  if (expiresAt !== null || unset.length > 0 || unsetAuthorizations.length > 0) return true
  return Object.keys(set).length > 0 || Object.keys(setAuthorizations).length > 0
}

function gonePart(key: RecordKey | null, index: number): Part {
  const sql: Part['sql'] = (at, gate) => `gone${index} as (delete from oidc_record where ${KEY(at)} and ${gate})`
  return { mark: 'd', values: [key?.model ?? null, key?.id ?? null], sql }
}

function revokedPart(grantId: string | null, index: number): Part {
  const sql: Part['sql'] = (at, gate) =>
    `revoked${index} as (delete from oidc_record where grant_id = $${at + 1}::text and ${gate})`
  return { mark: 'r', values: [grantId], sql }
}

const ENTRY = 'at, event, account_id, client_id, attempt_id, actor_id, request_id, ip, device, detail'
const ENTRY_TYPES = ['timestamptz', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'jsonb']

function notedPart(entries: readonly AuditRow[]): Part {
  return {
    mark: `n${entries.length}`,
    values: entries.flatMap((row) => [
      ...[row.at, row.event, row.accountId, row.clientId, row.attemptId],
      ...[row.actorId, row.requestId, row.ip, row.device, JSON.stringify(row.detail)],
    ]),
    sql: (at, gate) => `
      noted as (
        insert into audit_entry (${ENTRY})
        select new.* from (values ${rowsOf(at, entries.length, ENTRY_TYPES)}) as new(${ENTRY}) where ${gate})`,
  }
}

function rowsOf(at: number, count: number, types: readonly string[]): string {
  const row = (from: number) => `(${types.map((type, column) => `$${from + column + 1}::${type}`).join(', ')})`
  return Array.from({ length: count }, (_, index) => row(at + index * types.length)).join(', ')
}

// At a sign-out there may be any number of them: so that there are few texts, nulls fill up to 1, 2, 4, 8 …
function padded<T>(list: readonly T[]): readonly (T | null)[] {
  if (list.length === 0) return []
  return [...list, ...new Array<null>(2 ** Math.ceil(Math.log2(list.length)) - list.length).fill(null)]
}
