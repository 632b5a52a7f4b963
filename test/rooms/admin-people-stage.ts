import { join } from 'node:path'
import { rolesOf } from '../../src/account-page.ts'
import { createAccounts, createAddresses, createClosing, createProfiles } from '../../src/accounts/index.ts'
import {
  ADMIN_SCOPES,
  type Admin,
  AdminFault,
  type AdminScope,
  createAdmin,
  createCursors,
  createEntriesAbout,
  createInviting,
  createPeopleHandlers,
  type InputOf,
  type OperationName,
  type PeopleDeps,
  type PersonActor,
  type Role,
} from '../../src/admin/index.ts'
import { createAudit, createAuditReader, createTrail } from '../../src/audit/index.ts'
import {
  type Address,
  addSeconds,
  createLog,
  createMetrics,
  createSecrets,
  hashOf,
  newId,
  newSecret,
} from '../../src/base/index.ts'
import { createClients } from '../../src/clients/index.ts'
import type { Signup } from '../../src/config/index.ts'
import type { DueDelivery, MessageOrder } from '../../src/delivery/index.ts'
import { addressKey, createCredentialFactors, createKeptFactors } from '../../src/factors/index.ts'
import { createInvitationMail, createNotices } from '../../src/notices/index.ts'
import { createConnections, createSessions } from '../../src/oidc/index.ts'
import { createRescues } from '../../src/rescue/index.ts'
import { createExporter } from '../../src/selfservice/index.ts'
import * as stores from '../../src/store/index.ts'
import { createText } from '../../src/text/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { proofOf } from './accounts-stage.ts'

export const START = new Date('2030-01-01T10:00:00.000Z')
export const GRACE_SECONDS = 14 * 86_400
export const ISSUER = 'https://id.northwind.example'
const ADMIN_API = `${ISSUER}/admin/api/v1`
export const ALL_SCOPES = Object.keys(ADMIN_SCOPES) as AdminScope[]

/** Operations on people over one database, as two instances run them, with a clock that only `at` moves. */
export async function startPeople() {
  let now = START
  const clock = { now: () => now }
  const log = createLog('silent')
  const secrets = createSecrets(['a secret of the tests that is long enough'])
  const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })
  const url = await freshDatabase()
  await query(url, `insert into deployment (id, issuer, updated_at) values (1, $1, $2)`, [ISSUER, START])
  await query(
    url,
    `insert into client (id, metadata, policy, secret_hashes, source, created_at, updated_at)
     values ('crm', '{"client_name": "Contoso CRM", "client_uri": "https://crm.example/"}', '{"firstParty": false}', '{}', 'file', $1, $1)`,
    [START],
  )
  const orders: MessageOrder[] = []

  function roomsOn(signup: Signup = { kind: 'open' }) {
    const db = stores.openDatabase({ url, poolSize: 8, log, metrics: createMetrics(), clock })
    const audit = createAudit({
      store: stores.createAuditStore(db),
      afterCommit: stores.afterCommit,
      clock,
      log,
      metrics: createMetrics(),
    })
    const accountsOf = (policy: Signup) =>
      createAccounts({ store: stores.createAccountStore(db), audit, clock, signup: policy, phoneProofAgeSeconds: 180 * 86_400 })
    const accounts = accountsOf(signup)
    const addresses = createAddresses({ store: stores.createAddressStore(db), audit, clock, phoneProofAgeSeconds: 86_400 })
    const clients = createClients({ store: stores.createClientStore(db), clock, log })
    const kept = createKeptFactors({
      store: stores.createCredentialStore(db),
      ...createCredentialFactors({ secrets, clock }),
      clock,
    })
    const queue = async (_tx: unknown, order: MessageOrder) => void orders.push(order)
    const notices = createNotices({
      ...{ store: stores.createNoticeStore(db), addresses, secrets, text, texts: false, clock, issuer: ISSUER },
      ...{ queue, objectSeconds: 3 * 86_400, appNameOf: async () => null },
    })
    const sessions = createSessions({ store: stores.createSessionStore(db), clock })
    const connections = createConnections({ store: stores.createConnectionStore(db), clients, clock })
    const devices = stores.createDeviceStore(db)
    const trail = createTrail({ store: stores.createTrailStore(db) })
    const invitations = stores.createInvitationStore(db)
    const mails = createInvitationMail({
      ...{ store: invitations, queue, text, clock, issuer: ISSUER },
      appOf: async (id) => (id === 'crm' ? { name: 'Contoso CRM', letter: 'C', url: 'https://crm.example/' } : null),
    })
    const rescues = createRescues({
      ...{ accounts, addresses, notices, sessions, audit, clock, transact: db.transact, roles: rolesOf(db, ISSUER) },
      ...{ store: stores.createRescueStore(db), attempts: stores.createAttemptStore(db), startOnFile: async () => {} },
      limits: { take: async () => ({ ok: true }), giveBack: async () => {} },
      clockSkewSeconds: async () => 0,
      devices: { isRemembered: async () => false, forgetAll: devices.forgetAll },
      policy: {
        ...{ on: true, delaySeconds: 48 * 3600, knownDelaySeconds: 48 * 3600, windowSeconds: 24 * 3600, lockSeconds: 86_400 },
        ...{ endsOffline: true, settledSeconds: 3 * 86_400, phoneProofAgeSeconds: 180 * 86_400, texts: false },
        clockSkewMaxSeconds: 10,
      },
      defaultLocale: 'en',
    })
    const deps: PeopleDeps = {
      demand: { by: stores.demandedBy, set: stores.createCredentialStore(db).demand },
      ...{ accounts, addresses, kept, notices, rescues, sessions, connections, devices, invitations, audit },
      store: stores.createPeopleStore(db),
      roles: stores.createRoleStore(db),
      imports: stores.createImportStore(db),
      profiles: createProfiles({ store: stores.createProfileStore(), clock }),
      entriesAbout: createEntriesAbout({ reader: createAuditReader({ store: stores.createAuditReaderStore(db) }) }),
      messages: stores.createMessageReaderStore(db),
      exporter: createExporter({
        accounts,
        addresses,
        claimed: stores.createClaimedAddressStore(db),
        kept,
        sessions,
        connections,
        devices,
        rescues: stores.createRescueHistoryStore(db),
        trail,
        clock,
      }),
      mailInvitation: mails.send,
      adminInWords: (locale) => text.say('notice.by_admin', {}, locale),
      addressKey: (address) => addressKey(secrets, address),
      cursors: createCursors(secrets),
      ...{ adminApi: ADMIN_API, defaultLocale: 'en', phoneCountry: 'DE', graceSeconds: GRACE_SECONDS },
      rescueMinSeconds: 3600,
    }
    const admin: Admin = createAdmin({
      handlers: createPeopleHandlers(deps) as never,
      actors: stores.createActorStore(db),
      answers: stores.createIdempotentAnswerStore(),
      ...{ atOnceMax: 6, audit, transact: db.transact, secrets, clock },
    })
    const closing = createClosing({ store: stores.createClosingStore(), audit, transact: db.transact, clock })
    return { db, audit, closing, accounts, accountsOf, addresses, kept, deps, admin, mails, inviting: createInviting(deps) }
  }

  const [one, two] = [roomsOn(), roomsOn()]
  const sql = <Row = Record<string, unknown>>(statement: string, values: unknown[] = []) => query<Row>(url, statement, values)

  /** A person who signs in with this address. */
  async function person(address: Address): Promise<string> {
    const proven = await one.db.transact((tx) => one.accounts.prove(tx, proofOf(address)))
    if (!('account' in proven)) throw new Error(`${address} is refused`)
    return proven.account.id
  }

  /** A living session of the engine in which these clients are known, each with a grant; answers the grants by client. */
  async function engineSession(
    accountId: string,
    clients: Record<string, string>,
  ): Promise<{ uid: string; grants: Record<string, string> }> {
    const [uid, until] = [newId(), addSeconds(now, 86_400)]
    const grants = Object.fromEntries(Object.keys(clients).map((id) => [id, newSecret()]))
    const authorizations = Object.fromEntries(Object.entries(clients).map(([id, sid]) => [id, { sid, grantId: grants[id] }]))
    const record = `insert into oidc_record (model, id, payload, uid, grant_id, account_id, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`
    const iat = Math.floor(now.getTime() / 1000)
    await sql(record, [
      'Session',
      newId(),
      JSON.stringify({ uid, accountId, loginTs: iat, iat, authorizations }),
      uid,
      null,
      accountId,
      until,
    ])
    for (const [clientId, grantId] of Object.entries(grants)) {
      const resources = clientId === 'cli' ? { [ADMIN_API]: 'accounts:read' } : {}
      const payload = (more: object) => JSON.stringify({ iat, accountId, clientId, ...more })
      await sql(record, ['Grant', hashOf(grantId), payload({ resources }), null, null, accountId, until])
      await sql(record, ['RefreshToken', newId(), payload({ scope: 'openid offline_access' }), null, grantId, accountId, until])
    }
    return { uid, grants }
  }

  /** An administrator at the console, with an authenticator. */
  async function administrator(role: Role, address: Address): Promise<PersonActor> {
    const accountId = await person(address)
    await authenticator(accountId, 'Phone')
    await sql('update account set role = $2 where id = $1', [accountId, role])
    return actorOf(accountId, role)
  }

  /** Somebody of this role who has just signed in to the console. */
  async function actorOf(accountId: string, role: Role): Promise<PersonActor> {
    const [session, sid] = [newId(), newId()]
    await engineSession(accountId, { console: sid })
    await sql(
      `insert into account_session (id, account_id, client_id, sid, level, auth_time, id_token, created_at, last_seen_at, expires_at)
       values ($1, $2, 'console', $3, 2, $4, 't', $4, $4, $5)`,
      [session, accountId, sid, now, addSeconds(now, 86_400)],
    )
    return {
      ...{ kind: 'person', accountId, role, level: 2, authTime: now, standing: { session } },
      scopes: new Set(ALL_SCOPES),
      who: { actorId: accountId, ip: '192.0.2.7' },
    }
  }

  /** The code of the fault that ends an operation; `done` when none does. */
  async function faultOf(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'done',
      (error: unknown) => {
        if (error instanceof AdminFault) return error.code
        throw error
      },
    )
  }

  /** An authenticator that was proven. */
  async function authenticator(accountId: string, label: string): Promise<string> {
    const id = newId()
    await sql(
      `insert into credential (id, account_id, kind, data, label, proven_at, created_at) values ($1, $2, 'totp', 'sealed seed', $3, $4, $4)`,
      [id, accountId, label, now],
    )
    return id
  }

  /** A passkey; `always`: its person wants it asked for in every sign-in. */
  async function passkey(accountId: string, label: string, always = false): Promise<string> {
    const id = newId()
    await sql(
      `insert into credential (id, account_id, kind, data, external_id, label, proven_at, created_at)
       values ($1, $2, 'passkey', '{"backedUp": true}', $1, $3, $4, $4)`,
      [id, accountId, label, now],
    )
    await sql('update account set demands_second = $2 where id = $1', [accountId, always])
    return id
  }

  return {
    ...{ url, clock, one, two, sql, person, engineSession, administrator, actorOf, faultOf, authenticator, passkey, orders },
    perform: <N extends OperationName>(name: N, actor: Parameters<Admin['perform']>[1], input: InputOf<N>) =>
      one.admin.perform(name, actor, input),
    /** Names of the rows of the trail about this person, by the actor who did it. */
    trailOf: (accountId: string) =>
      sql<{ event: string; actor_id: string | null }>(
        'select event, actor_id from audit_entry where account_id = $1 and actor_id is not null order by id',
        [accountId],
      ),
    due: (target: Address, locale = 'en') => ({ target, locale }) as DueDelivery,
    /** Moves the clock to so many seconds after `START`. */
    at(seconds: number): void {
      now = addSeconds(START, seconds)
    },
    stop: () => Promise.all([one.db.close(), two.db.close()]),
  }
}

export type PeopleStage = Awaited<ReturnType<typeof startPeople>>
