import {
  ADMIN_SCOPES,
  type AdminActor,
  AdminFault,
  type AdminFaultCode,
  type AdminScope,
  createClientHandlers,
  createCursors,
  type InputOf,
  type OperationName,
  type OutputOf,
  operations,
} from '../../src/admin/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import { addSeconds, createMetrics, createSecrets, type Tx } from '../../src/base/index.ts'
import { adminApi, createClients } from '../../src/clients/index.ts'
import {
  afterCommit,
  createAdminClientStore,
  createAdminResourceServerStore,
  createAuditStore,
  createClientStore,
} from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { open, silent } from './store-support.ts'

export const ISSUER = 'https://id.example'
export const ADMIN_API = adminApi({ issuer: ISSUER, scopes: ADMIN_SCOPES })
export const START = new Date('2030-01-01T12:00:00Z')
const ALL_SCOPES = Object.keys(ADMIN_SCOPES) as AdminScope[]

/** An administrator at the console. */
export const ADMIN: AdminActor = {
  kind: 'person',
  accountId: 'person-1',
  role: 'admin',
  level: 2,
  authTime: START,
  standing: { session: 's' },
  scopes: new Set(ALL_SCOPES),
  who: { actorId: 'person-1', requestId: 'request-1' },
}

/** A machine with these scopes alone. */
export function machine(...scopes: AdminScope[]): AdminActor {
  return { kind: 'client', clientId: 'machine', scopes: new Set(scopes), who: { actorId: 'machine' } }
}

type Names = Extract<OperationName, `clients.${string}` | `resource-servers.${string}` | 'clients-file.show'>

/** The handlers on a database of their own, each change in a transaction of its own. */
export async function clientStage(options: { trial?: boolean } = {}) {
  const url = await freshDatabase()
  const db = open(url, { poolSize: 10 })
  const time = { now: START }
  const clock = { now: () => time.now }
  const secrets = createSecrets(['a-secret-for-tests-of-at-least-32-characters'])
  const audit = createAudit({ store: createAuditStore(db), afterCommit, clock, log: silent, metrics: createMetrics() })
  const clients = createClients({ store: createClientStore(db), clock, log: silent })
  const handlers = createClientHandlers({
    ...{ store: createAdminClientStore(db), resourceServers: createAdminResourceServerStore(db) },
    ...{ clients, audit, cursors: createCursors(secrets), issuer: ISSUER, adminApi: ADMIN_API },
    clientsFile: { show: async () => ({ declared: false, applied_at: null, faults: [], waiting: [], drift: [] }) },
    rules: { trial: options.trial ?? false, ttlMaxSeconds: null },
  })

  /** Runs one operation as `createAdmin` does: input and output by their shapes. */
  async function perform<N extends Names>(
    name: N,
    given: InputOf<N>,
    { actor = ADMIN, ifMatch = null as string | null, meanwhile = async (_tx: Tx) => {} } = {},
  ): Promise<OutputOf<N>> {
    const spec = operations[name]
    const input = spec.input.parse(given)
    const run = handlers[name] as (call: object, input: unknown) => Promise<unknown>
    const output =
      spec.method === 'GET'
        ? await run({ actor, now: time.now }, input)
        : await db.transact(async (tx) => {
            const check = (version: string) => {
              if (ifMatch !== null && ifMatch !== version) throw new AdminFault('precondition_failed', 'another version')
            }
            const answer = await run({ actor, now: time.now, tx, ifMatch: check }, input)
            await meanwhile(tx)
            return answer
          })
    return spec.output.parse(output) as OutputOf<N>
  }

  return {
    url,
    db,
    clients,
    perform,
    ask: <Row>(sql: string, values: readonly unknown[] = []) => query<Row>(url, sql, values),
    pass: (seconds: number) => {
      time.now = addSeconds(time.now, seconds)
    },
    /** What the trail says, oldest first. */
    told: () =>
      query<{ event: string; client_id: string | null; actor_id: string; detail: Record<string, string> }>(
        url,
        'select event, client_id, actor_id, detail from audit_entry order by id',
      ),
  }
}

/** The fault that the work ends with, or null where it does not. */
export async function faultOf(work: Promise<unknown>): Promise<(AdminFault & { code: AdminFaultCode }) | null> {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof AdminFault) return error
    throw error
  }
}

export type ClientStage = Awaited<ReturnType<typeof clientStage>>

/** A server's application, as somebody would register it. */
export const WEB_APP = {
  template: 'web' as const,
  client_name: 'Team wiki',
  redirect_uris: ['https://wiki.example/callback'],
}
