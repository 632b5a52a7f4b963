import type { AdminClientStore, ClientImpact, StoredClient } from '../admin/index.ts'
import type { Client, ClientContact } from '../clients/index.ts'
import { endClientTokens, endOwnTokens, GRANTED_TO, removeClients } from './client-endings.ts'
import { CLIENT_COLUMNS, type ClientRow, clientOf, livingHashes, lockClients, notifyClients } from './clients.ts'
import { afterCommit, type Database, runIn, type Statement } from './database.ts'

const COLUMNS = `${CLIENT_COLUMNS}, updated_at as "updatedAt"`
const LISTED = `source in ('file', 'trial', 'console')`
const NAME = `lower(metadata ->> 'client_name')`

// As `kindOf` in src/clients/templates.ts.
const KIND = `case
  when not metadata -> 'grant_types' ? 'authorization_code' then 'machine'
  when metadata ->> 'application_type' = 'native' then 'native'
  when metadata ->> 'token_endpoint_auth_method' = 'none' then 'spa'
  else 'web' end`

// Only since it is registered: an id may have been somebody else's before. A machine that takes nothing but JWTs leaves no
// row in the trail, but the networks that it asks from.
const LAST_USED = (client: string) => `
  left join lateral (
    select max(at) as at from (
      (select at from audit_entry
       where client_id = ${client}.id and at >= ${client}."createdAt"
         and event in ('sign_in.completed', 'token.issued', 'token.refreshed')
       order by at desc limit 1)
      union all
      (select last_at from client_network where client_id = ${client}.id and last_at >= ${client}."createdAt")
    ) either
  ) used on true`

const LIST: Statement = {
  name: 'admin_clients_list',
  text: `
    with page as (
      select ${COLUMNS}, ${NAME} as "sortName" from client
      where ${LISTED}
        and ($1::text is null or strpos(${NAME}, lower($1)) > 0 or strpos(lower(id), lower($1)) > 0 or exists (
          select from jsonb_array_elements_text(metadata -> 'redirect_uris') uri where strpos(lower(uri), lower($1)) > 0))
        and ($2::text is null or ${KIND} = $2)
        and ($3::boolean is null or (disabled_at is not null) = $3)
        and ($4::text is null or source = $4)
        and ($5::text is null or (${NAME}, id) > ($5, $6::text))
      order by ${NAME}, id limit $7
    )
    select page.*, used.at as "lastUsedAt" from page ${LAST_USED('page')} order by "sortName", id`,
}

const ONE = `
  with own as (select ${COLUMNS} from client where id = $1 and ${LISTED})
  select own.*, used.at as "lastUsedAt", coalesce((
    select jsonb_agg(jsonb_build_object('purpose', purpose, 'failures', failures, 'reason', reason,
      'lastOkAt', last_ok_at, 'failedAt', failed_at) order by purpose)
    from client_contact where client_id = own.id), '[]') as contacts
  from own ${LAST_USED('own')}`

const FIND: Statement = { name: 'admin_clients_find', text: ONE }

const IMPACT: Statement = {
  name: 'admin_clients_impact',
  text: `
    select
      (select count(distinct account_id)::int from audit_entry
        where client_id = $1 and at >= $2::timestamptz and event = 'sign_in.completed') as people,
      (select count(*)::int from consent where client_id = $1) as consents,
      (select count(*)::int from oidc_record
        where ${GRANTED_TO('= $1')} and model = 'RefreshToken' and consumed_at is null and expires_at > $3::timestamptz) as "refreshTokens"`,
}

const IS_PERSONS: Statement = {
  name: 'admin_clients_is_persons',
  text: `
    select 1 where exists (select from account where id = $1)
      or exists (select from audit_entry where account_id = $1 and event = 'account.erased')`,
}

const INSERT: Statement = {
  name: 'admin_clients_insert',
  text: `
    insert into client
      (id, metadata, policy, secrets, secret_hashes, source, disabled_at, expires_at, created_at, updated_at)
    values ($1, $2::jsonb, $3::jsonb, $4::jsonb, $5::text[], $6, $7::timestamptz, $8::timestamptz, $9::timestamptz, $9::timestamptz)
    on conflict (id) do nothing returning 1`,
}

const UPDATE: Statement = {
  name: 'admin_clients_update',
  text: `
    update client set metadata = $2::jsonb, policy = $3::jsonb, secrets = $4::jsonb, secret_hashes = $5::text[], source = $6,
      disabled_at = $7::timestamptz, expires_at = $8::timestamptz, updated_at = $9::timestamptz
    where id = $1`,
}

const IS_TRIAL: Statement = {
  name: 'admin_clients_is_trial',
  text: `select 1 from client where id = $1 and source = 'try' for update`,
}

const RESOURCE_IDS: Statement = { name: 'admin_clients_resource_ids', text: 'select id from resource_server order by id' }

interface Row extends ClientRow {
  updatedAt: Date
  lastUsedAt: Date | null
  contacts?: (Omit<ClientContact, 'lastOkAt' | 'failedAt'> & { lastOkAt: string | null; failedAt: string | null })[]
}

/** Rows of `client` one by one, and what hangs on them, for whoever administers. */
export function createAdminClientStore(db: Pick<Database, 'run'>): AdminClientStore {
  return {
    async list({ q, kind, disabled, source }, after, limit) {
      const values = [q, kind, disabled, source, after?.name ?? null, after?.id ?? null, limit]
      const rows = await db.run<Row & { sortName: string }>(LIST, values)
      return rows.map(({ sortName, ...row }) => ({ ...storedOf(row), mark: { name: sortName, id: row.id } }))
    },
    find: async (id) => firstOf(await db.run<Row>(FIND, [id])),
    impact: async (id, since, now) => {
      const [found] = await db.run<ClientImpact>(IMPACT, [id, since, now])
      return found ?? { people: 0, consents: 0, refreshTokens: 0 }
    },
    lock: lockClients,
    findIn: async (tx, id) => firstOf(await runIn<Row>(tx, FIND, [id])),
    isPersons: async (tx, id) => (await runIn(tx, IS_PERSONS, [id])).length === 1,
    insert: async (tx, client, at) => (await runIn(tx, INSERT, valuesOf(client, at))).length === 1,
    update: async (tx, client, at) => {
      await runIn(tx, UPDATE, valuesOf(client, at))
    },
    isTrial: async (tx, id) => (await runIn(tx, IS_TRIAL, [id])).length === 1,
    remove: (tx, id, at) => removeClients(tx, [id], at),
    endTokens: async (tx, id, at) => (await endClientTokens(tx, [id], at)).length === 0,
    endOwnTokens: (tx, id) => endOwnTokens(tx, [id]),
    notify: notifyClients,
    resourceIds: async (tx) => (await runIn<{ id: string }>(tx, RESOURCE_IDS, [])).map(({ id }) => id),
    afterCommit,
  }
}

function valuesOf(client: Client, at: Date): readonly unknown[] {
  const { id, metadata, policy, secrets, source, disabledAt, expiresAt } = client
  const json = [metadata, policy, secrets].map((value) => JSON.stringify(value))
  return [id, ...json, livingHashes(client, at), source, disabledAt, expiresAt, at]
}

function firstOf(rows: readonly Row[]): StoredClient | null {
  return rows[0] ? storedOf(rows[0]) : null
}

function storedOf({ updatedAt, lastUsedAt, contacts = [], ...row }: Row): StoredClient {
  const moment = (text: string | null) => (text === null ? null : new Date(text))
  return {
    ...{ client: clientOf(row), createdAt: row.createdAt, updatedAt, lastUsedAt },
    contacts: contacts.map((one) => ({ ...one, lastOkAt: moment(one.lastOkAt), failedAt: moment(one.failedAt) })),
  }
}
