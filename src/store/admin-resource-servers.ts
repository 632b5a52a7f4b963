import type { AdminResourceServerStore, StoredResourceServer } from '../admin/index.ts'
import type { ResourceServer } from '../clients/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const ALL = `
  select id, name, scopes, token_format as "tokenFormat", signing_alg as "signingAlg",
    access_token_ttl_seconds as "accessTokenTtlSeconds", source,
    array(select client.id from client where client.policy -> 'resources' ? api.id and client.source <> 'try' order by 1) as clients,
    array(select client.id from client where client.policy -> 'introspects' ? api.id order by 1) as introspectors
  from resource_server api`

const LIST: Statement = { name: 'admin_apis_list', text: `${ALL} order by lower(name), id` }
const FIND: Statement = { name: 'admin_apis_find', text: `${ALL} where id = $1` }

const CLIENTS_OF: Statement = {
  name: 'admin_apis_clients_of',
  text: `select id from client where policy -> 'resources' ? $1 and source <> 'try' order by 1`,
}

const INSERT: Statement = {
  name: 'admin_apis_insert',
  text: `
    insert into resource_server
      (id, name, scopes, token_format, signing_alg, access_token_ttl_seconds, source, created_at, updated_at)
    values ($1, $2, $3::jsonb, $4, $5, $6, 'console', $7::timestamptz, $7::timestamptz)
    on conflict (id) do nothing returning 1`,
}

const UPDATE: Statement = {
  name: 'admin_apis_update',
  text: `
    update resource_server set name = $2, scopes = $3::jsonb, token_format = $4, signing_alg = $5,
      access_token_ttl_seconds = $6, updated_at = $7::timestamptz
    where id = $1`,
}

const REMOVE: Statement = { name: 'admin_apis_remove', text: 'delete from resource_server where id = $1' }

type Row = ResourceServer & Omit<StoredResourceServer, 'server'>

/** Rows of `resource_server` one by one, for whoever administers. */
export function createAdminResourceServerStore(db: Pick<Database, 'run'>): AdminResourceServerStore {
  return {
    list: async () => (await db.run<Row>(LIST, [])).map(storedOf),
    find: async (id) => firstOf(await db.run<Row>(FIND, [id])),
    clientsOf: async (id) => (await db.run<{ id: string }>(CLIENTS_OF, [id])).map((row) => row.id),
    findIn: async (tx, id) => firstOf(await runIn<Row>(tx, FIND, [id])),
    insert: async (tx, server, at) => (await runIn(tx, INSERT, valuesOf(server, at))).length === 1,
    update: async (tx, server, at) => {
      await runIn(tx, UPDATE, valuesOf(server, at))
    },
    remove: async (tx, id) => {
      await runIn(tx, REMOVE, [id])
    },
  }
}

function valuesOf(server: ResourceServer, at: Date): readonly unknown[] {
  const { id, name, scopes, tokenFormat, signingAlg, accessTokenTtlSeconds } = server
  return [id, name, JSON.stringify(scopes), tokenFormat, signingAlg, accessTokenTtlSeconds, at]
}

function firstOf(rows: readonly Row[]): StoredResourceServer | null {
  return rows[0] ? storedOf(rows[0]) : null
}

function storedOf({ source, clients, introspectors, ...server }: Row): StoredResourceServer {
  return { server, source, clients, introspectors }
}
