import type { Client, ClientStore, ResourceServer } from '../clients/index.ts'
import { afterCommit, type Database, runIn, type Statement } from './database.ts'

const CLIENT_COLUMNS = 'id, metadata, policy, secret_hashes as "secretHashes"'
const RESOURCE_SERVER_COLUMNS =
  'id, name, scopes, token_format as "tokenFormat", signing_alg as "signingAlg", access_token_ttl_seconds as "accessTokenTtlSeconds"'

const FIND: Statement = { name: 'clients_find', text: `select ${CLIENT_COLUMNS} from client where id = $1` }

const LIST_RESOURCE_SERVERS: Statement = {
  name: 'clients_resource_servers',
  text: `select ${RESOURCE_SERVER_COLUMNS} from resource_server order by id`,
}

// One process at a time applies a file; the lock ends with the transaction.
const LOCK: Statement = { name: 'clients_lock', text: `select pg_advisory_xact_lock(hashtext('doorward/clients'))` }

const DECLARED: Statement = {
  name: 'clients_declared',
  text: `select ${CLIENT_COLUMNS} from client where source in ('file', 'trial') order by id`,
}

const DECLARED_RESOURCE_SERVERS: Statement = {
  name: 'clients_declared_resource_servers',
  text: `select ${RESOURCE_SERVER_COLUMNS} from resource_server where source in ('file', 'trial') order by id`,
}

const SAVE: Statement = {
  name: 'clients_save',
  text: `
    insert into client (id, metadata, policy, secret_hashes, source, created_at, updated_at)
    select id, metadata, policy, "secretHashes", $2, $3, $3
    from jsonb_to_recordset($1::jsonb) as r(id text, metadata jsonb, policy jsonb, "secretHashes" text[])
    on conflict (id) do update set
      metadata = excluded.metadata, policy = excluded.policy, secret_hashes = excluded.secret_hashes,
      source = excluded.source, updated_at = excluded.updated_at`,
}

const SAVE_RESOURCE_SERVERS: Statement = {
  name: 'clients_save_resource_servers',
  text: `
    insert into resource_server
      (id, name, scopes, token_format, signing_alg, access_token_ttl_seconds, source, created_at, updated_at)
    select id, name, scopes, "tokenFormat", "signingAlg", "accessTokenTtlSeconds", $2, $3, $3
    from jsonb_to_recordset($1::jsonb) as r(
      id text, name text, scopes jsonb, "tokenFormat" text, "signingAlg" text, "accessTokenTtlSeconds" int)
    on conflict (id) do update set
      name = excluded.name, scopes = excluded.scopes, token_format = excluded.token_format,
      signing_alg = excluded.signing_alg, access_token_ttl_seconds = excluded.access_token_ttl_seconds,
      source = excluded.source, updated_at = excluded.updated_at`,
}

const REMOVE: Statement = { name: 'clients_remove', text: 'delete from client where id = any($1::text[])' }

const REMOVE_RESOURCE_SERVERS: Statement = {
  name: 'clients_remove_resource_servers',
  text: 'delete from resource_server where id = any($1::text[])',
}

/** The tables `client` and `resource_server`. */
export function createClientStore(db: Database): ClientStore {
  return {
    findClient: async (id) => (await db.run<Client>(FIND, [id]))[0] ?? null,
    listResourceServers: () => db.run<ResourceServer>(LIST_RESOURCE_SERVERS, []),
    async lockDeclared(tx) {
      await runIn(tx, LOCK, [])
      return {
        clients: await runIn<Client>(tx, DECLARED, []),
        resourceServers: await runIn<ResourceServer>(tx, DECLARED_RESOURCE_SERVERS, []),
      }
    },
    async save(tx, { clients, resourceServers }, source, at) {
      if (clients.length > 0) await runIn(tx, SAVE, [JSON.stringify(clients), source, at])
      if (resourceServers.length > 0) await runIn(tx, SAVE_RESOURCE_SERVERS, [JSON.stringify(resourceServers), source, at])
    },
    async remove(tx, { clients, resourceServers }) {
      if (clients.length > 0) await runIn(tx, REMOVE, [clients])
      if (resourceServers.length > 0) await runIn(tx, REMOVE_RESOURCE_SERVERS, [resourceServers])
    },
    afterCommit,
  }
}
