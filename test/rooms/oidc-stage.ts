import { Client } from 'pg'
import { createLog, createMetrics, createSecrets, newSecret } from '../../src/base/index.ts'
import { createClients } from '../../src/clients/index.ts'
import { createAdapters } from '../../src/oidc/adapter.ts'
import { createConnections, createSessions } from '../../src/oidc/index.ts'
import { type Asked, createReadAhead } from '../../src/oidc/read-ahead.ts'
import { createStoredForm } from '../../src/oidc/stored-form.ts'
import { createUnitOfWork } from '../../src/oidc/unit-of-work.ts'
import { createAccountStore } from '../../src/store/accounts.ts'
import { createAttemptStore } from '../../src/store/attempts.ts'
import { createClientStore } from '../../src/store/clients.ts'
import { createConnectionStore } from '../../src/store/connections.ts'
import { createConsentStore } from '../../src/store/consents.ts'
import { type Database, openDatabase, type Statement } from '../../src/store/database.ts'
import { createOidcRecordStore } from '../../src/store/oidc-records.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { freshDatabase, query } from '../support/database.ts'

export const HOUR = 3600
export const NOTHING_ASKED: Asked = { anyToken: false, clientId: null, interactionUid: null }

/** SQL with its values. */
export type Change = [string, unknown[]]

export const SEEN_AT = '2030-01-01T00:00:00.000Z'

/** The engine's side with its storage, one request at a time, and the verbs of people, on a database of its own. */
export async function startOidcStage() {
  const around = { at: new Date(SEEN_AT), device: null as string | null, asked: NOTHING_ASKED }
  const clock = { now: () => around.at }
  const log = createLog('fatal')
  const url = await freshDatabase()
  const db = openDatabase({ url, poolSize: 10, log, metrics: createMetrics(), clock })
  const clients = createClients({ store: createClientStore(db), clock, log })
  const sessions = createSessions({ store: createSessionStore(db), clock })
  const connections = createConnections({ store: createConnectionStore(db), clients, clock })
  const heard: Statement[] = []
  const run: Database['run'] = (statement, values) => {
    heard.push(statement)
    return db.run(statement, values)
  }
  const heardDb: Database = Object.create(db, { run: { value: run } })
  const store = createOidcRecordStore(heardDb)
  const accounts = createAccountStore(heardDb)
  const work = createUnitOfWork({ store, clock, announce: () => {} })
  const form = createStoredForm(createSecrets([newSecret()]))
  const deviceOf = () => around.device
  const ahead = createReadAhead({
    ...{ store, form, clock },
    accounts: { find: (id) => accounts.find(id, clock.now()) },
    consents: createConsentStore(heardDb),
    known: () => work.current()?.known,
    asked: () => around.asked,
  })
  const adapterOf = createAdapters({ store, ahead, form, work, clock, deviceOf, findClient: async () => undefined })
  const engine = {
    work,
    run: (request: () => Promise<void>) => work.run(request),
    session: adapterOf('Session'),
    token: adapterOf('AccessToken'),
    code: adapterOf('AuthorizationCode'),
    grant: adapterOf('Grant'),
    interaction: adapterOf('Interaction'),
  }
  const exp = () => Math.floor(around.at.getTime() / 1000) + HOUR
  const client = `insert into client (id, metadata, policy, source, created_at, updated_at)
    values ('crm', '{"client_name": "Contoso CRM"}', '{"firstParty": false}', 'file', $1, $1)`
  await query(url, client, [around.at])

  /** Somebody who has agreed to let an application in, and is signed in with it. */
  async function person() {
    const [accountId, sessionId, uid, grantId] = [newSecret(), newSecret(), newSecret(), newSecret()]
    await query(url, 'insert into account (id, created_at) values ($1, $2)', [accountId, around.at])
    const agree = `insert into consent (account_id, client_id, scopes, claims, granted_at, updated_at)
      values ($1, 'crm', '{openid}', '{}', $2, $2)`
    await query(url, agree, [accountId, around.at])
    const times = { exp: exp(), iat: exp() - HOUR }
    const authorizations = { crm: { grantId, sid: newSecret() } }
    const session = { ...times, jti: sessionId, uid, accountId, loginTs: times.iat, authorizations }
    const granted = (more: Record<string, unknown> = {}) => {
      return { ...times, accountId, clientId: 'crm', grantId, scope: 'openid', ...more }
    }
    await engine.run(async () => {
      await engine.session.upsert(sessionId, session, HOUR)
      await engine.grant.upsert(grantId, { ...times, jti: grantId, accountId, clientId: 'crm' }, HOUR)
    })
    return { accountId, sessionId, uid, grantId, session, granted }
  }

  /** The kinds of what the engine keeps for this person. */
  async function left({ accountId }: { accountId: string }): Promise<string[]> {
    const sql = 'select model from oidc_record where account_id = $1 order by 1'
    return (await query<{ model: string }>(url, sql, [accountId])).map(({ model }) => model)
  }

  /** Resolves once another connection waits for a lock. */
  async function waits(): Promise<void> {
    const sql = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    while ((await query(url, sql)).length === 0);
  }

  /** Leaves a transaction with these changes open, starts `work`, makes `more` once that waits for them, and commits. */
  async function whileOpen<T>(changes: Change[], work: () => Promise<T>, more: Change[] = []): Promise<T> {
    const other = new Client({ connectionString: url })
    await other.connect()
    try {
      // Whoever looks first is the one to give way: never this one.
      await other.query(`set deadlock_timeout = '20s'`)
      await other.query('begin')
      for (const [sql, values] of changes) await other.query(sql, values)
      const result = work()
      await waits()
      for (const [sql, values] of more) await other.query(sql, values)
      await other.query('commit')
      return await result
    } finally {
      await other.end()
    }
  }

  return {
    around,
    url,
    db,
    /** What single statements the engine's side has asked the database. */
    heard,
    store,
    ahead,
    attempts: createAttemptStore(db),
    engine,
    sessions,
    connections,
    exp,
    person,
    left,
    waits,
    whileOpen,
    close: () => db.close(),
  }
}

export type OidcStage = Awaited<ReturnType<typeof startOidcStage>>
export type Person = Awaited<ReturnType<OidcStage['person']>>
