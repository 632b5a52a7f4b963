import type { AuditRow } from '../audit/index.ts'
import { hashOf, type Tx } from '../base/index.ts'
import type { Batch, RecordKey, RecordStore, StoredRecord } from '../oidc/index.ts'
import { appendEntries } from './audit.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { isRetryable } from './failures.ts'
import { partiesOf, tellOfLogouts } from './logouts.ts'

const find: Statement = {
  name: 'oidc_find',
  text: `select payload, consumed_at as "consumedAt" from oidc_record where model = $1 and id = $2`,
}

const findByUid: Statement = {
  name: 'oidc_find_by_uid',
  text: `select payload, consumed_at as "consumedAt" from oidc_record
         where model = $1 and uid = $2 order by expires_at desc limit 1`,
}

const findByUserCode: Statement = {
  name: 'oidc_find_by_user_code',
  text: `select payload, consumed_at as "consumedAt" from oidc_record where model = $1 and user_code = $2`,
}

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

// A parallel request that has added an application by now is seen; one that comes later waits, and finds no session.
const lockSession: Statement = {
  name: 'oidc_lock_session',
  text: `select account_id as "accountId", coalesce(payload -> 'authorizations', '{}') as authorizations from oidc_record
         where model = $1 and id = $2 for update`,
}

// Whoever holds these rows has all that is granted by them: what another request was about to add is there by now, or
// never will be.
const lockGrants: Statement = {
  name: 'oidc_lock_grants',
  text: `select 1 from oidc_record where model = 'Grant' and id = any($1::text[]) order by id for update`,
}

const endOnline: Statement = {
  name: 'oidc_end_online',
  text: `delete from oidc_record
         where grant_id = any($1::text[]) and not ('offline_access' = any(string_to_array(coalesce(payload ->> 'scope', ''), ' ')))`,
}

const endEmptyGrants: Statement = {
  name: 'oidc_end_empty_grants',
  text: `delete from oidc_record as old using unnest($1::text[], $2::text[]) as known(grant_id, id)
         where old.model = 'Grant' and old.id = known.id
           and not exists (select 1 from oidc_record as left_over where left_over.grant_id = known.grant_id)`,
}

const lockClientsGrants: Statement = {
  name: 'oidc_lock_clients_grants',
  text: `
    select 1 from oidc_record
    where model = 'Grant' and account_id = $1 and ($2::text is null or payload ->> 'clientId' = $2) order by id for update`,
}

const endOfClient: Statement = {
  name: 'oidc_end_of_client',
  text: `
    delete from oidc_record
    where account_id = $1 and model not in ('Session', 'Interaction') and ($2::text is null or payload ->> 'clientId' = $2)
    returning 1`,
}

const claim: Statement = {
  name: 'oidc_claim',
  text: `update oidc_record set account_id = $2 where model = 'Interaction' and id = $1 returning 1`,
}

const unique: Statement = {
  name: 'oidc_unique',
  text: `insert into replay as old (id, expires_at) values ($1, $2::timestamptz)
         on conflict (id) do update set expires_at = excluded.expires_at where old.expires_at <= $3::timestamptz
         returning 1`,
}

/** The engine's records in PostgreSQL: one named statement for each thing it can ask. */
export function createOidcRecordStore(db: Database): RecordStore<AuditRow> {
  const one = async (statement: Statement, values: readonly unknown[]) =>
    (await db.run<StoredRecord>(statement, values))[0] ?? null

  // A statement that lost a race was undone as a whole: a transaction tries it again.
  const alone = (statement: Statement, values: readonly unknown[]) =>
    db.run(statement, values).catch((error) => {
      if (!isRetryable(error)) throw error
      return db.transact((tx) => runIn(tx, statement, values))
    })

  return {
    find: (model, id) => one(find, [model, id]),
    findByUid: (model, uid) => one(findByUid, [model, uid]),
    findByUserCode: (model, userCode) => one(findByUserCode, [model, userCode]),
    async flush(batch: Batch<AuditRow>) {
      const { endedSession, logouts, now } = batch
      if (!endedSession && logouts.length === 0) return outcomeOf(await alone(flush, valuesOf(batch)))
      return db.transact(async (tx) => {
        const [session] = endedSession ? await runIn<Locked>(tx, lockSession, [endedSession.model, endedSession.id]) : []
        const known = session?.authorizations ?? {}
        const outcome = outcomeOf(await runIn(tx, flush, valuesOf(batch)))
        if (outcome === 'lost') return outcome
        await endGranted(
          tx,
          Object.values(known).flatMap(({ grantId }) => grantId ?? []),
        )
        await tellOfLogouts(tx, [...partiesOf(session?.accountId ?? null, known), ...logouts], now)
        return outcome
      })
    },
    async claim(tx, interactionId, accountId) {
      return (await runIn(tx, claim, [interactionId, accountId])).length === 1
    },
    async unique(id, expiresAt, now) {
      return (await db.run(unique, [id, expiresAt, now])).length === 1
    },
  }
}

/** Ends codes and tokens of these grants, but for offline access, and the grants of which nothing is left. */
export async function endGranted(tx: Tx, grants: readonly string[]): Promise<void> {
  if (grants.length === 0) return
  const ids = grants.map(hashOf)
  await runIn(tx, lockGrants, [ids])
  await runIn(tx, endOnline, [grants])
  await runIn(tx, endEmptyGrants, [grants, ids])
}

/** Ends all codes, tokens and grants of an account, or of one client there; answers how many. */
export async function endClientsGrants(tx: Tx, accountId: string, clientId: string | null): Promise<number> {
  await runIn(tx, lockClientsGrants, [accountId, clientId])
  return (await runIn(tx, endOfClient, [accountId, clientId])).length
}

function columns(keys: readonly RecordKey[]): [string[], string[]] {
  return [keys.map((key) => key.model), keys.map((key) => key.id)]
}

interface Locked {
  accountId: string | null
  authorizations: Record<string, { grantId?: string; sid?: string }>
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
