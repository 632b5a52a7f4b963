import { createLog, createMetrics, createSecrets } from '../../src/base/index.ts'
import { createClients, ownClients } from '../../src/clients/index.ts'
import { createConnections, createSessions } from '../../src/oidc/index.ts'
import { createClientStore } from '../../src/store/clients.ts'
import { createConnectionStore } from '../../src/store/connections.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { query } from '../support/database.ts'
import type { Service } from '../support/service.ts'

/** What people can do about their own sessions and applications, on the service's database and by its clock. */
export function ownAccess(service: Service) {
  const clock = { now: () => new Date(Date.now() + service.clockSeconds * 1000) }
  const log = createLog('fatal')
  const db = openDatabase({ url: service.databaseUrl, poolSize: 5, log, metrics: createMetrics(), clock })
  const sessions = createSessions({ store: createSessionStore(db), clock })
  const own = ownClients({ issuer: service.issuer, secrets: createSecrets([service.env.SECRETS ?? '']) })
  const clients = createClients({ store: createClientStore(db), own, clock, log })
  const connections = createConnections({ store: createConnectionStore(db), clients, clock })

  async function accountOf(address: string): Promise<string> {
    const sql = 'select account_id as id from address where canonical = $1'
    const [row] = await query<{ id: string }>(service.databaseUrl, sql, [address])
    if (!row) throw new Error(`${address} has no account`)
    return row.id
  }

  return {
    accountOf,
    sessionsOf: async (address: string) => sessions.ofAccount(await accountOf(address)),
    appsOf: async (address: string) => connections.ofAccount(await accountOf(address)),
    async end(address: string, uid: string): Promise<boolean> {
      const accountId = await accountOf(address)
      return db.transact((tx) => sessions.end(tx, accountId, uid))
    },
    async endAll(address: string, which: { except: string | null; offline: boolean }): Promise<number> {
      const accountId = await accountOf(address)
      return db.transact((tx) => sessions.endAll(tx, accountId, which))
    },
    async revoke(address: string, clientId: string): Promise<boolean> {
      const accountId = await accountOf(address)
      return db.transact((tx) => connections.revoke(tx, accountId, clientId))
    },
    close: () => db.close(),
  }
}
