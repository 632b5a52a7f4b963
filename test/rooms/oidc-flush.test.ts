import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import type { AuditRow } from '../../src/audit/index.ts'
import { clock, createLog, createMetrics, newSecret } from '../../src/base/index.ts'
import type { Batch } from '../../src/oidc/index.ts'
import { createOidcRecordStore, type Database, openDatabase, type Statement } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'

const NOW = new Date('2030-01-01T10:00:00.000Z')
const LATER = new Date('2030-01-01T11:00:00.000Z')

let url: string
let db: Database
const heard = new Map<string, Statement>()

beforeAll(async () => {
  url = await freshDatabase()
  db = openDatabase({ url, poolSize: 4, log: createLog('fatal'), metrics: createMetrics(), clock })
  await query(url, `insert into account (id, created_at) values ('person', now())`)
  await query(
    url,
    `insert into client (id, metadata, policy, secret_hashes, source, created_at, updated_at)
    values ('app', '{}', '{}', '{}', 'file', now(), now())`,
  )
})
afterAll(() => db.close())

const run: Database['run'] = (statement, values) => {
  heard.set(statement.name, statement)
  return db.run(statement, values)
}
const flush = (batch: Partial<Batch<AuditRow>>) => createOidcRecordStore({ ...db, run }).flush({ ...NOTHING, ...batch })

const NOTHING: Batch<AuditRow> = {
  ...{ now: NOW, inserts: [], changes: [], destroys: [], revokedGrants: [], consume: null, required: [], agreed: null },
  ...{ entries: [], endedSession: null, logouts: [] },
}

function record(model: string, more: object = {}): Batch['inserts'][number] {
  const nobody = { uid: null, grantId: null, userCode: null, accountId: null, follows: null }
  return { model, id: newSecret(), payload: { kind: model }, expiresAt: LATER, ...nobody, ...more }
}

function entry(): AuditRow {
  const nobody = { accountId: null, clientId: null, attemptId: null, actorId: null, requestId: null, ip: null, device: null }
  return { at: NOW, event: 'token.issued', ...nobody, detail: {} }
}

/** What the tables hold: every member of every row. */
const held = async () => [
  await query(url, `select to_jsonb(r) - 'consumed_at' as record from oidc_record r order by model, id`),
  await query(url, 'select count(*) from audit_entry'),
]

/** Records as a request finds them, and all that it could want to do with them. */
async function everything() {
  const [code, changed, gone, revoked] = [
    record('AuthorizationCode'),
    record('Session', { payload: { authorizations: { old: {} }, kept: 1 } }),
    record('Interaction'),
    record('AccessToken', { grantId: newSecret() }),
  ]
  await query(
    url,
    `insert into consent (account_id, client_id, scopes, claims, granted_at, updated_at)
    values ('person', 'app', '{}', '{}', now(), now()) on conflict do nothing`,
  )
  await flush({ inserts: [code, changed, gone, revoked] })
  const change = {
    ...{ model: 'Session', id: changed.id, accountId: 'person', expiresAt: null, set: { place: 'here' }, unset: ['kept'] },
    ...{ setAuthorizations: { app: { grantId: 'g' } }, unsetAuthorizations: ['old'] },
  }
  const batch = {
    consume: { model: 'AuthorizationCode', id: code.id },
    required: [{ model: 'Session', id: changed.id }],
    agreed: { accountId: 'person', clientId: 'app' },
    inserts: [record('RefreshToken'), record('Grant')],
    changes: [change],
    destroys: [{ model: 'Interaction', id: gone.id }],
    revokedGrants: [revoked.grantId as string],
    entries: [entry(), entry()],
  }
  return { batch, code, changed, gone, revoked }
}

describe('the statement that writes a request', () => {
  test('does all of it: uses, adds, changes, ends, revokes and notes', async () => {
    const { batch, code, changed, gone, revoked } = await everything()
    const [before] = await query<{ n: number }>(url, 'select count(*)::int as n from audit_entry')
    expect(await flush(batch)).toBe('written')
    const rows = await query<{ id: string; payload: object; consumed_at: Date | null; expires_at: Date }>(
      url,
      'select id, payload, consumed_at, expires_at from oidc_record',
    )
    const found = (id: string) => rows.find((row) => row.id === id)
    expect(found(code.id)?.consumed_at).toEqual(NOW)
    expect(found(changed.id)).toMatchObject({
      payload: { place: 'here', authorizations: { app: { grantId: 'g' } } },
      expires_at: LATER,
    })
    expect(found(changed.id)?.payload).not.toHaveProperty('kept')
    for (const { id } of batch.inserts) expect(found(id)).toBeDefined()
    for (const { id } of [gone, revoked]) expect(found(id)).toBeUndefined()
    expect(await query(url, 'select count(*)::int as n from audit_entry')).toEqual([{ n: (before?.n ?? 0) + 2 }])
  })

  test.each<[string, string, (one: Awaited<ReturnType<typeof everything>>) => unknown[]]>([
    ['R-008 what works once was used', 'update oidc_record set consumed_at = now() where id = $1', ({ code }) => [code.id]],
    ['R-008 what works once is gone', 'delete from oidc_record where id = $1', ({ code }) => [code.id]],
    ['R-135 what it hangs on is gone', 'delete from oidc_record where id = $1', ({ changed }) => [changed.id]],
    ['R-023 what was agreed to was taken back', `delete from consent where account_id = 'person'`, () => []],
  ])('%s: nothing of it is written', async (_, sql, values) => {
    const one = await everything()
    await query(url, sql, values(one))
    const before = await held()
    expect(await flush(one.batch)).toBe('lost')
    expect(await held()).toEqual(before)
  })

  test('R-135 what somebody else is just ending is waited for: nothing is built on it', async () => {
    const grant = record('Grant')
    await flush({ inserts: [grant] })
    const other = new Client({ connectionString: url })
    await other.connect()
    await other.query('begin')
    await other.query('delete from oidc_record where id = $1', [grant.id])
    const key = { model: 'Grant', id: grant.id }
    let ended = false
    const flushed = flush({ required: [key], inserts: [record('AccessToken')] }).finally(() => {
      ended = true
    })
    const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while (!ended && (await query(url, waits)).length === 0) await new Promise(setImmediate)
    await other.query('commit')
    expect(await flushed).toBe('lost')
    await other.end()
  })

  test('what stands already is not added again, but for a Grant, which is written anew', async () => {
    const [grant, token] = [record('Grant'), record('AccessToken')]
    await flush({ inserts: [grant, token] })
    await flush({ inserts: [{ ...grant, payload: { openid: 'more' } }] })
    await expect(flush({ inserts: [token] })).rejects.toThrow()
    expect(await query(url, 'select payload from oidc_record where id = $1', [grant.id])).toEqual([
      { payload: { openid: 'more' } },
    ])
  })

  test('any number of records and grants end at once', async () => {
    const tokens = Array.from({ length: 11 }, () => record('AccessToken', { grantId: newSecret() }))
    await flush({ inserts: tokens })
    const [some, others] = [tokens.slice(0, 5), tokens.slice(5)]
    await flush({ destroys: some, revokedGrants: others.map(({ grantId }) => grantId as string) })
    const left = await query(url, 'select 1 from oidc_record where id = any($1)', [tokens.map(({ id }) => id)])
    expect(left).toEqual([])
  })

  test('a sign-out of any number of applications has a statement of its own name', async () => {
    const ends = (applications: number, told: number): Partial<Batch<AuditRow>> => ({
      destroys: Array.from({ length: applications }, () => ({ model: 'Grant', id: newSecret() })),
      revokedGrants: Array.from({ length: applications }, newSecret),
      entries: Array.from({ length: told }, entry),
    })
    heard.clear()
    for (const batch of [ends(17, 1), ends(17, 2), ends(60, 1), ends(60, 2)]) await flush(batch)
    expect(heard.size).toBe(4)
    for (const name of heard.keys()) expect(name.length).toBeLessThan(64) // PostgreSQL cuts longer ones
  })

  test('what a change leaves as it was is not written', async () => {
    const grant = record('Grant')
    await flush({ inserts: [grant] })
    const nothing = { set: {}, unset: [], setAuthorizations: {}, unsetAuthorizations: [] }
    heard.clear()
    const changes = [{ model: 'Grant', id: grant.id, accountId: null, expiresAt: null, ...nothing }]
    expect(await flush({ changes })).toBe('written')
    expect([...heard.keys()]).toEqual([])
  })

  // A plan that was made while a table was empty serves for as long as nobody analyzes it, whatever it has grown to.
  test('finds every record by an index, also by plans that were made for an empty table', async () => {
    const { batch } = await everything()
    heard.clear()
    await flush(batch)
    await flush({ ...batch, required: [...batch.required, ...batch.destroys], consume: null, agreed: null })
    const empty = await freshDatabase()
    expect(heard.size).toBe(2)
    for (const { text } of heard.values()) {
      const plan = await query<{ 'QUERY PLAN': string }>(empty, `explain (generic_plan) ${text}`)
      expect(plan.map((row) => row['QUERY PLAN']).filter((line) => line.includes('Seq Scan'))).toEqual([])
    }
  })
})
