import type { Tx } from '../base/index.ts'
import type { Client, ClientSecret, ClientStore, Ids, ResourceServer, StoredResourceServer } from '../clients/index.ts'
import { endClientTokens, endOwnTokens, LEFT, removeClients } from './client-endings.ts'
import { afterCommit, type Database, runIn, type Statement } from './database.ts'

/** The columns of a client, for `clientOf`. */
export const CLIENT_COLUMNS = `id, metadata, policy, secrets, secret_hashes as "secretHashes", source,
  disabled_at as "disabledAt", expires_at as "expiresAt", created_at as "createdAt"`

const API_COLUMNS =
  'id, name, scopes, token_format as "tokenFormat", signing_alg as "signingAlg", access_token_ttl_seconds as "accessTokenTtlSeconds"'

// A client that was deleted keeps its row, as 'removed', until nothing is left of what was granted to it.
const FIND: Statement = {
  name: 'clients_find',
  text: `select ${CLIENT_COLUMNS} from client where id = $1 and source <> 'removed'`,
}

const LIST_APIS: Statement = { name: 'clients_resource_servers', text: `select ${API_COLUMNS} from resource_server order by id` }

// The lock ends with the transaction.
const LOCK: Statement = { name: 'clients_lock', text: `select pg_advisory_xact_lock(hashtext('doorward/clients'))` }

const declaredOr = "source in ('file', 'trial') or id = any($1::text[])"

const DECLARED: Statement = {
  name: 'clients_declared',
  text: `select ${CLIENT_COLUMNS} from client where source <> 'removed' and (${declaredOr}) order by id`,
}

// Whoever changes one of them by itself is done by now, or waits for the file.
const DECLARED_LOCKED: Statement = { name: 'clients_declared_locked', text: `${DECLARED.text} for update` }

const DECLARED_APIS: Statement = {
  name: 'clients_declared_resource_servers',
  text: `select ${API_COLUMNS}, source from resource_server where ${declaredOr} order by id`,
}

const DECLARED_APIS_LOCKED: Statement = {
  name: 'clients_declared_resource_servers_locked',
  text: `${DECLARED_APIS.text} for update`,
}

// `secret_hashes` are for instances of the version before, which know nothing else.
const SAVE: Statement = {
  name: 'clients_save',
  text: `
    insert into client
      (id, metadata, policy, secrets, secret_hashes, source, disabled_at, expires_at, created_at, updated_at)
    select id, metadata, policy, secrets, "secretHashes", source, "disabledAt", "expiresAt", $2::timestamptz, $2::timestamptz
    from jsonb_to_recordset($1::jsonb) as r(id text, metadata jsonb, policy jsonb, secrets jsonb, "secretHashes" text[],
      source text, "disabledAt" timestamptz, "expiresAt" timestamptz)
    on conflict (id) do update set
      metadata = excluded.metadata, policy = excluded.policy, secrets = excluded.secrets,
      secret_hashes = excluded.secret_hashes, source = excluded.source, disabled_at = excluded.disabled_at,
      expires_at = excluded.expires_at, updated_at = excluded.updated_at`,
}

const SAVE_APIS: Statement = {
  name: 'clients_save_resource_servers',
  text: `
    insert into resource_server
      (id, name, scopes, token_format, signing_alg, access_token_ttl_seconds, source, created_at, updated_at)
    select id, name, scopes, "tokenFormat", "signingAlg", "accessTokenTtlSeconds", source, $2::timestamptz, $2::timestamptz
    from jsonb_to_recordset($1::jsonb) as r(id text, name text, scopes jsonb, "tokenFormat" text, "signingAlg" text,
      "accessTokenTtlSeconds" int, source text)
    on conflict (id) do update set
      name = excluded.name, scopes = excluded.scopes, token_format = excluded.token_format,
      signing_alg = excluded.signing_alg, access_token_ttl_seconds = excluded.access_token_ttl_seconds,
      source = excluded.source, updated_at = excluded.updated_at`,
}

const REMOVE_APIS: Statement = {
  name: 'clients_remove_resource_servers',
  text: 'delete from resource_server where id = any($1::text[])',
}

const RELEASE: Statement = {
  name: 'clients_release',
  text: `update client set source = 'console', updated_at = $1::timestamptz where source = 'file' returning id`,
}

const RELEASE_APIS: Statement = {
  name: 'clients_release_resource_servers',
  text: `update resource_server set source = 'console', updated_at = $1::timestamptz where source = 'file' returning id`,
}

const NOTE_APPLIED: Statement = {
  name: 'clients_note_applied',
  text: 'update deployment set clients_digest = $1, clients_applied_at = $2::timestamptz where id = 1',
}

const LAST_APPLIED: Statement = {
  name: 'clients_last_applied',
  text: 'select clients_digest as digest, clients_applied_at as at from deployment where id = 1',
}

/** The channel on which processes tell one another that clients or resource servers have changed. */
export const CLIENTS_CHANNEL = 'doorward_clients'

const NOTIFY: Statement = { name: 'clients_notify', text: `select pg_notify('${CLIENTS_CHANNEL}', '')` }

/** Whoever changes a client or a resource server, or applies a clients file, holds this until its transaction ends. */
export async function lockClients(tx: Tx): Promise<void> {
  await runIn(tx, LOCK, [])
}

/** Tells every process, once the transaction has committed, that clients or resource servers have changed. */
export async function notifyClients(tx: Tx): Promise<void> {
  await runIn(tx, NOTIFY, [])
}

/** A client as a row holds it. */
export interface ClientRow extends Omit<Client, 'secrets'> {
  secrets: readonly StoredSecret[]
  secretHashes: readonly string[]
  createdAt: Date
}

type StoredSecret = Omit<ClientSecret, 'createdAt' | 'expiresAt'> & { createdAt: string; expiresAt: string | null }

/** The client of a row that was read by `CLIENT_COLUMNS`. A row of the version before has hashes of secrets alone. */
export function clientOf({ secrets, secretHashes, createdAt, ...client }: ClientRow): Client {
  const kept = secrets.map((one) => ({
    ...one,
    createdAt: new Date(one.createdAt),
    expiresAt: one.expiresAt === null ? null : new Date(one.expiresAt),
  }))
  const { source: madeBy } = client
  const former = () =>
    secretHashes.map((hash, index) => ({ id: `${index + 1}`, hash, hint: '', createdAt, expiresAt: null, madeBy }))
  return { ...client, secrets: kept.length > 0 ? kept : former() }
}

/** Hashes of the secrets that have not ended by `at`. */
export function livingHashes({ secrets }: Pick<Client, 'secrets'>, at: Date): string[] {
  return secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > at).map(({ hash }) => hash)
}

/** The tables `client` and `resource_server`. */
export function createClientStore(db: Database): ClientStore {
  async function declared(
    ids: Ids,
    [clients, apis]: readonly [Statement, Statement],
    ask: <Row>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>,
  ) {
    const rows = await ask<ClientRow>(clients, [ids.clients])
    return { clients: rows.map(clientOf), resourceServers: await ask<StoredResourceServer>(apis, [ids.resourceServers]) }
  }

  return {
    findClient: async (id) => (await db.run<ClientRow>(FIND, [id])).map(clientOf)[0] ?? null,
    listResourceServers: () => db.run<ResourceServer>(LIST_APIS, []),
    findDeclared: (ids) => declared(ids, [DECLARED, DECLARED_APIS], db.run),
    async lockDeclared(tx, ids) {
      await lockClients(tx)
      return declared(ids, [DECLARED_LOCKED, DECLARED_APIS_LOCKED], (statement, values) => runIn(tx, statement, values))
    },
    async save(tx, { clients, resourceServers }, at) {
      const rows = clients.map((client) => ({ ...client, secretHashes: livingHashes(client, at) }))
      if (rows.length > 0) await runIn(tx, SAVE, [JSON.stringify(rows), at])
      if (resourceServers.length > 0) await runIn(tx, SAVE_APIS, [JSON.stringify(resourceServers), at])
      if (rows.length + resourceServers.length > 0) await notifyClients(tx)
    },
    async remove(tx, { clients, resourceServers }, at) {
      if (clients.length > 0) await removeClients(tx, clients, at)
      if (resourceServers.length > 0) await runIn(tx, REMOVE_APIS, [resourceServers])
      if (clients.length + resourceServers.length > 0) await notifyClients(tx)
    },
    async release(tx, at) {
      await lockClients(tx)
      const idsOf = async (statement: Statement) => (await runIn<{ id: string }>(tx, statement, [at])).map(({ id }) => id).sort()
      const released = { clients: await idsOf(RELEASE), resourceServers: await idsOf(RELEASE_APIS) }
      if (released.clients.length + released.resourceServers.length > 0) await notifyClients(tx)
      return released
    },
    endTokens: endClientTokens,
    endOwnTokens,
    ending: async (ids) => (await db.run<{ id: string }>(LEFT, [ids])).map(({ id }) => id),
    async noteApplied(tx, digest, at) {
      await runIn(tx, NOTE_APPLIED, [digest, at])
    },
    async lastApplied() {
      const [row] = await db.run<{ digest: string | null; at: Date | null }>(LAST_APPLIED, [])
      return row ?? { digest: null, at: null }
    },
    afterCommit,
  }
}
