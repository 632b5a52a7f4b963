import type { AuditRow } from '../audit/index.ts'
import type { Tx } from '../base/index.ts'
import type { Batch, RecordKey } from '../oidc/index.ts'
import { appendEntries } from './audit.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { isRetryable } from './failures.ts'

// One statement, so that use, new records, changes, ended records and audit rows stand or fall together.
// `held` are records that must still be there, since what ended meanwhile is not brought back, and those that end here;
// with `agreed` before them they are locked in the order that `RecordStore.flush` tells of.
// `used` locks the row: a parallel request waits for it, then sees `consumed_at` set and writes nothing.
// A change writes only what its request touched, and a session under a new id takes over the applications that its
// predecessor has by now.
const flush: Statement = {
  name: 'oidc_flush',
  text: `
    with agreed as (
      select 1 from consent where account_id = $12::text and client_id = $13::text for key share
    ), held as (
      select model, id, account_id, payload from oidc_record
      where ($12::text is null or exists (select 1 from agreed)) and (model, id) in (
        select * from unnest($4::text[], $5::text[]) union select * from unnest($8::text[], $9::text[]))
      order by array_position(array['Session', 'Interaction', 'Grant'], model), model, id for update
    ), standing as (
      select 1 where ($12::text is null or exists (select 1 from agreed)) and cardinality($4::text[]) = (
        select count(*) from held where (model, id) in (select * from unnest($4::text[], $5::text[])))
    ), used as (
      update oidc_record set consumed_at = $1::timestamptz
      where model = $2::text and id = $3::text and consumed_at is null and exists (select 1 from standing)
      returning 1
    ), won as (
      select 1 from standing where $3::text is null or exists (select 1 from used)
    ), added as (
      insert into oidc_record as old (model, id, payload, uid, grant_id, user_code, account_id, expires_at)
      select new.model, new.id,
        case when held.id is null then new.payload
          else new.payload || jsonb_build_object('authorizations',
            coalesce(held.payload -> 'authorizations', '{}') || coalesce(new.payload -> 'authorizations', '{}')) end,
        new.uid, new."grantId", new."userCode", new."accountId", new."expiresAt"
      from won, jsonb_to_recordset($6::jsonb) as new(
        model text, id text, payload jsonb, uid text, "grantId" text, "userCode" text, "accountId" text, "expiresAt" timestamptz, follows text)
        left join held on held.model = new.model and held.id = new.follows and held.account_id is not distinct from new."accountId"
      on conflict (model, id) do update set payload = excluded.payload, expires_at = excluded.expires_at where old.model = 'Grant'
    ), changed as (
      update oidc_record as old set
        payload = (old.payload - change.unset) || change.set || case when old.model = 'Session'
          then jsonb_build_object('authorizations',
            (coalesce(old.payload -> 'authorizations', '{}') - change."unsetAuthorizations") || change."setAuthorizations")
          else '{}' end,
        account_id = change."accountId", expires_at = change."expiresAt"
      from won, jsonb_to_recordset($7::jsonb) as change(
        model text, id text, "accountId" text, "expiresAt" timestamptz, set jsonb, unset text[],
        "setAuthorizations" jsonb, "unsetAuthorizations" text[])
      where old.model = change.model and old.id = change.id
    ), gone as (
      delete from oidc_record using won, unnest($8::text[], $9::text[]) as key(model, id)
      where oidc_record.model = key.model and oidc_record.id = key.id
    ), revoked as (
      delete from oidc_record using won where grant_id = any($10::text[])
    ), noted as (${appendEntries('$11', 'won,')}
    )
    select 1 as won from won`,
}

/** Writes a batch as one statement, committed by itself. A statement that lost a race was undone as a whole: it is tried again. */
export async function flushAlone(db: Database, batch: Batch<AuditRow>): Promise<'written' | 'lost'> {
  const values = valuesOf(batch)
  try {
    return outcomeOf(await db.run(flush, values))
  } catch (error) {
    if (!isRetryable(error)) throw error
    return outcomeOf(await db.transact((tx) => runIn(tx, flush, values)))
  }
}

/** The same inside a transaction. */
export async function flushIn(tx: Tx, batch: Batch<AuditRow>): Promise<'written' | 'lost'> {
  return outcomeOf(await runIn(tx, flush, valuesOf(batch)))
}

function outcomeOf(rows: readonly unknown[]): 'written' | 'lost' {
  return rows.length === 1 ? 'written' : 'lost'
}

function valuesOf(batch: Batch<AuditRow>): readonly unknown[] {
  return [
    batch.now,
    batch.consume?.model ?? null,
    batch.consume?.id ?? null,
    ...columns(batch.required),
    JSON.stringify(batch.inserts),
    JSON.stringify(batch.changes),
    ...columns(batch.destroys),
    batch.revokedGrants,
    JSON.stringify(batch.entries),
    batch.agreed?.accountId ?? null,
    batch.agreed?.clientId ?? null,
  ]
}

function columns(keys: readonly RecordKey[]): [string[], string[]] {
  return [keys.map((key) => key.model), keys.map((key) => key.id)]
}
