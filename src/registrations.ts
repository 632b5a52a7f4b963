import { readFileSync } from 'node:fs'
import { ADMIN_SCOPES } from './admin/index.ts'
import type { Audit } from './audit/index.ts'
import type { Clock, Log, Secrets, Transact } from './base/index.ts'
import {
  adminApi,
  type ClientsFile,
  createClients,
  createClientsFile,
  type DeclaredSource,
  ownClients,
  type ResourceServer,
} from './clients/index.ts'
import type { Config } from './config/index.ts'
import { CLIENTS_CHANNEL, createClientStore, createNotifications, type Database, KEYS_CHANNEL } from './store/index.ts'

/** What the rest of the house has built by then. */
export interface RegistrationNeeds {
  config: Config
  databaseDirectUrl: string
  db: Database
  /** What secrets of the clients file are looked up in. */
  env: Readonly<Record<string, string | undefined>>
  secrets: Secrets
  transact: Transact
  audit: Audit
  clock: Clock
  log: Log
  /** Another process has changed the signing keys, or may have. */
  keysChanged(): void
}

/** Builds what is known of applications and APIs, and keeps it up to date with the clients file and with other processes. */
export function registrations(needs: RegistrationNeeds) {
  const { config, db, secrets, transact, audit, clock, log } = needs
  const { issuer, trial } = config
  const api: ResourceServer = adminApi({ issuer, scopes: ADMIN_SCOPES })
  const store = createClientStore(db)
  const clients = createClients({ store, own: ownClients({ issuer, secrets }), ownApis: [api], clock, log })
  const rules = { trial, ttlMaxSeconds: ttlMaxOf(config) }

  /** The clients file of the settings, or another one. */
  const fileAt = (path: string | null) =>
    createClientsFile({
      ...{ path, clients, store, transact, audit, clock, log, ...rules, env: needs.env, adminApi: api },
      readFile: (file) => readFileSync(file, 'utf8'),
    })

  /** Makes the registrations equal to what is declared. */
  async function declare(file: ClientsFile, source: DeclaredSource): Promise<void> {
    await transact(async (tx) => {
      const { change } = await clients.apply(tx, file, source)
      if (change !== null) await audit.record(tx, 'client.applied', { detail: { source, change } })
    })
  }

  const changes = createNotifications({
    ...{ databaseUrl: needs.databaseDirectUrl, log },
    channels: { [CLIENTS_CHANNEL]: clients.forget, [KEYS_CHANNEL]: needs.keysChanged },
  })

  return { api, clients, clientsFile: fileAt(config.clientsFile), fileAt, rules, declare, changes }
}

export type Registrations = ReturnType<typeof registrations>

/** The lifetimes of the service, which no client exceeds, in seconds. */
function ttlMaxOf(config: Config) {
  return {
    access_token_ttl: config.accessTokenTtlSeconds,
    id_token_ttl: config.idTokenTtlSeconds,
    refresh_token_ttl: config.refreshTokenTtlSeconds,
  }
}
