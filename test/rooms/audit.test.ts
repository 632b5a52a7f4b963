import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { events } from '../../src/audit/events.ts'
import { type Audit, createAudit, eventsManual } from '../../src/audit/index.ts'
import { createLog, createMetrics, type EmailAddress, type Metrics, parseEmailAddress } from '../../src/base/index.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { afterCommit, type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase, query } from '../support/database.ts'

const clock = { now: () => new Date('2030-01-01T00:00:00.123Z') }
const maria = parseEmailAddress('maria@fabrikam.example') as EmailAddress

let url: string
let db: Database
let audit: Audit
let metrics: Metrics
const lines: string[] = []

beforeAll(async () => {
  url = await freshDatabase()
  metrics = createMetrics()
  const log = createLog('info', { write: (line) => lines.push(line) })
  db = await openDatabase({
    url,
    poolSize: 5,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 2000,
    idleInTransactionTimeoutMs: 5000,
    log: createLog('silent'),
    metrics: createMetrics(),
    clock,
  })
  audit = createAudit({ store: createAuditStore(db), afterCommit, clock, log, metrics })
})

afterAll(async () => {
  await db.close()
})

async function counted(event: string): Promise<number> {
  const metric = await metrics.getSingleMetric('doorward_events_total')?.get()
  return metric?.values.find(({ labels }) => labels.event === event)?.value ?? Number.NaN
}

function logged(event: string): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.event === event)
}

describe('the trail', () => {
  test('R-184 an event is a row of the transaction it tells about, and is counted and logged after it', async () => {
    await db.transact(async (tx) => {
      await audit.record(tx, 'account.created', {
        accountId: 'a-1',
        clientId: 'app',
        ip: '203.0.113.7',
        device: 'Firefox on Linux',
      })
      expect(logged('account.created')).toEqual([])
      expect(await counted('account.created')).toBe(0)
    })
    const rows = await query(url, `select * from audit_entry where event = 'account.created'`)
    expect(rows).toEqual([
      {
        id: expect.any(String),
        at: clock.now(),
        event: 'account.created',
        account_id: 'a-1',
        client_id: 'app',
        attempt_id: null,
        request_id: null,
        actor_id: null,
        ip: '203.0.113.7',
        device: 'Firefox on Linux',
        detail: {},
        ...{ chain_seq: null, chain_salt: null, chain_proof: null, chain_hash: null },
      },
    ])
    expect(logged('account.created')).toMatchObject([{ level: 'info', accountId: 'a-1', ip: '203.0.113.7' }])
    expect(await counted('account.created')).toBe(1)
  })

  test('R-184 what was rolled back left no row, no count and no line', async () => {
    const failing = db.transact(async (tx) => {
      await audit.record(tx, 'consent.granted', { accountId: 'a-2', detail: { scopes: 'openid email' } })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await query(url, `select 1 from audit_entry where event = 'consent.granted'`)).toEqual([])
    expect(logged('consent.granted')).toEqual([])
    expect(await counted('consent.granted')).toBe(0)
  })

  test('a try that is noted stays when the request fails', async () => {
    const failing = db.transact(async () => {
      await audit.note('sign_in.code_wrong', { attemptId: 'at-1', detail: { method: 'email', tries: 2 } })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    const rows = await query(url, `select detail from audit_entry where event = 'sign_in.code_wrong'`)
    expect(rows).toEqual([{ detail: { method: 'email', tries: 2 } }])
    expect(logged('sign_in.code_wrong')).toMatchObject([{ level: 'warn', detail: { tries: 2 } }])
  })

  test('R-156 what strangers can cause without end is counted and logged without a row', async () => {
    await audit.note('limit.reached', { ip: '203.0.113.7', detail: { limit: 'ip', retryAfterSeconds: 60 } })
    expect(await query(url, `select 1 from audit_entry where event = 'limit.reached'`)).toEqual([])
    expect(await counted('limit.reached')).toBe(1)
  })

  test('rows that a larger statement writes are told once they are announced', async () => {
    const rows = [
      audit.prepare('token.issued', { clientId: 'app', detail: { grantType: 'authorization_code', scopes: 'openid' } }),
      audit.prepare('token.revoked', { clientId: 'app', detail: { kind: 'refresh_token' } }),
    ]
    await db.transact((tx) => createAuditStore(db).append(tx, rows))
    expect(logged('token.issued')).toEqual([])
    audit.announce(rows)
    const events = await query(url, `select event, at, detail from audit_entry where event like 'token.%' order by id`)
    expect(events).toEqual([
      { event: 'token.issued', at: clock.now(), detail: { grantType: 'authorization_code', scopes: 'openid' } },
      { event: 'token.revoked', at: clock.now(), detail: { kind: 'refresh_token' } },
    ])
    expect(logged('token.issued')).toHaveLength(1)
  })

  test('R-184 rows of one transaction are written before it commits, in their order; where they cannot be, nothing stays', async () => {
    const field = (attemptId: string) => ({ attemptId, detail: { method: 'email', address: maria, knownBrowser: false } })
    await db.transact(async (tx) => {
      for (const id of ['order-1', 'order-2', 'order-3']) await audit.record(tx, 'sign_in.started', field(id))
    })
    const written = `select attempt_id as id from audit_entry where attempt_id like $1 order by id`
    const ids = async (like: string) => (await query<{ id: string }>(url, written, [like])).map(({ id }) => id)
    expect(await ids('order-%')).toEqual(['order-1', 'order-2', 'order-3'])

    const broken = db.transact(async (tx) => {
      await audit.record(tx, 'sign_in.started', field('lost-1'))
      const row = audit.prepare('sign_in.started', field('lost-2'))
      await createAuditStore(db).append(tx, [{ ...row, at: new Date(Number.NaN) }])
    })
    await expect(broken).rejects.toThrow()
    expect([
      await ids('lost-%'),
      logged('sign_in.started').filter(({ attemptId }) => String(attemptId).startsWith('lost')),
    ]).toEqual([[], []])
  })

  test('R-177 no full address, no token and no field that the catalogue lacks reaches row, log or metric', async () => {
    const token = 'tok_0123456789abcdefghijklmnopqrstuvwxyzABCDEF'
    const said = { kind: 'email', address: maria, code: '123456', link: `https://id.example/${token}` }
    await db.transact((tx) => audit.record(tx, 'address.proven', { device: `maria@fabrikam.example ${token}`, detail: said }))
    await audit.note('session.ended', { detail: { reason: `asked by maria@fabrikam.example with ${token}` } })
    // Texts that hold nothing else, as short as they can be.
    await audit.note('session.ended', { device: 'maria@fabrikam.example', detail: { reason: token.slice(0, 40) } })
    const [dump] = await query<{ all: string }>(url, 'select json_agg(a)::text as all from audit_entry a')
    for (const output of [dump?.all, lines.join(''), await metrics.metrics()]) {
      expect(output).not.toMatch(/maria@|123456|tok_0123/)
    }
    expect(dump?.all).toContain('m•••a@fabrikam.example')
  })

  test('R-177 no text breaks a line, a row or the database', async () => {
    const nasty = 'a\r\nb\u2028c\u0000d\ud800e\u202ef\u001b[31m'
    await audit.note('session.ended', { clientId: nasty, requestId: nasty, detail: { reason: nasty.repeat(100) } })
    const [row] = await query<{ client_id: string; detail: { reason: string } }>(
      url,
      `select client_id, detail from audit_entry where client_id is not null and event = 'session.ended'`,
    )
    for (const text of [row?.client_id ?? '\n', row?.detail.reason ?? '\n'])
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Cs}]/u)
    expect(row?.detail.reason.length).toBeLessThanOrEqual(300)
    expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true)
  })
})

describe('the catalogue', () => {
  test('every event has words in the manual and a series that begins at zero', async () => {
    const manual = eventsManual()
    for (const [name, { help }] of Object.entries(events)) {
      expect(manual).toContain(`| \`${name}\` |`)
      expect(help).toMatch(/^[A-Z].+\.$/)
      expect(await counted(name)).toBeGreaterThanOrEqual(0)
    }
  })
})
