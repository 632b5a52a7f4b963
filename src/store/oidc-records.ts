import type { AuditRow } from '../audit/index.ts'
import { hashOf, type Tx } from '../base/index.ts'
import type { Batch, RecordStore, StoredRecord } from '../oidc/index.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { partiesOf, tellOfLogouts } from './logouts.ts'
import { flushAlone, flushIn } from './oidc-flush.ts'
import { createAheadStore, sessionOf } from './oidc-reads.ts'

const find: Statement = {
  name: 'oidc_find',
  text: `select payload, consumed_at as "consumedAt" from oidc_record where model = $1 and id = $2`,
}

const findSession: Statement = {
  name: 'oidc_find_session',
  text: sessionOf('$1'),
}

const findByUserCode: Statement = {
  name: 'oidc_find_by_user_code',
  text: `select payload, consumed_at as "consumedAt" from oidc_record where model = $1 and user_code = $2`,
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

  return {
    ...createAheadStore(db),
    find: (model, id) => one(find, [model, id]),
    findSession: (uid) => one(findSession, [uid]),
    findByUserCode: (model, userCode) => one(findByUserCode, [model, userCode]),
    async flush(batch, tx) {
      if (batch.endedSession || batch.logouts.length > 0)
        return tx ? flushEnding(tx, batch) : db.transact((own) => flushEnding(own, batch))
      return tx ? flushIn(tx, batch) : flushAlone(db, batch)
    },
    async claim(tx, interactionId, accountId) {
      return (await runIn(tx, claim, [interactionId, accountId])).length === 1
    },
    async unique(id, expiresAt, now) {
      return (await db.run(unique, [id, expiresAt, now])).length === 1
    },
  }
}

/** A batch by which sessions end: with them what is granted to them, and whoever knows of them is told. */
async function flushEnding(tx: Tx, batch: Batch<AuditRow>): Promise<'written' | 'lost'> {
  const { endedSession, logouts, now } = batch
  const [session] = endedSession ? await runIn<Locked>(tx, lockSession, [endedSession.model, endedSession.id]) : []
  const known = session?.authorizations ?? {}
  const outcome = await flushIn(tx, batch)
  if (outcome === 'lost') return outcome
  await endGranted(
    tx,
    Object.values(known).flatMap(({ grantId }) => grantId ?? []),
  )
  await tellOfLogouts(tx, [...partiesOf(session?.accountId ?? null, known), ...logouts], now)
  return outcome
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

interface Locked {
  accountId: string | null
  authorizations: Record<string, { grantId?: string; sid?: string }>
}
