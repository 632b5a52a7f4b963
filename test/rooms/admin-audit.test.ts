import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuditHandlers, createEntriesAbout, createKeyHandlers, operations } from '../../src/admin/index.ts'
import { type AuditRow, createAuditReader } from '../../src/audit/index.ts'
import { addSeconds, createLog, createSecrets } from '../../src/base/index.ts'
import { createKeys } from '../../src/keys/index.ts'
import { createAuditReaderStore, createKeyStore } from '../../src/store/index.ts'
import { cursors, LOCAL, reading } from './admin-calls.ts'
import { type ChainStage, chainStage, closeAll, row, START } from './audit-chain-stage.ts'

const noted: Record<string, unknown>[] = []
let asked = 0
let stage: ChainStage
let handlers: ReturnType<typeof createAuditHandlers>
let reader: ReturnType<typeof createAuditReader>

const at = (seconds: number) => addSeconds(START, seconds)
const iso = (seconds: number) => at(seconds).toISOString()
const on = (who: string, nth: number, event: AuditRow['event'], more: Partial<AuditRow> = {}) =>
  row(event, { accountId: who, requestId: `r${nth}`, at: at(nth), ...more })

beforeAll(async () => {
  stage = await chainStage()
  reader = createAuditReader({ store: createAuditReaderStore(stage.db) })
  handlers = handlersOf(stage)
  await stage.happened(
    on('maria', 0, 'sign_in.started', { detail: { address: 'm•••a@fabrikam.example' } }),
    on('maria', 1, 'sign_in.completed'),
    on('otto', 1, 'sign_in.completed', { clientId: 'shop' }),
    on('otto', 2, 'client.created', { clientId: 'shop', actorId: 'anna' }),
    on('otto', 3, 'client.changed', { clientId: 'shop', actorId: 'anna', detail: { change: 'name' } }),
    on('maria', 4, 'session.ended', { actorId: 'local', clientId: null }),
  )
})
afterAll(closeAll)

function handlersOf(on: ChainStage) {
  const audit = { note: async (event: string, fields: object) => void noted.push({ event, ...fields }) }
  const chainSoon = async () => {
    asked += 1
    await on.chain.advance()
  }
  const reader = createAuditReader({ store: createAuditReaderStore(on.db) })
  return createAuditHandlers({ reader, chain: on.chain, chainSoon, cursors, audit: audit as never })
}

const list = (input: Record<string, unknown> = {}) =>
  reading(operations['audit.list'], handlers['audit.list'], () => START)(input)
const requests = async (input: Record<string, unknown> = {}) => (await list(input)).items.map(({ request_id }) => request_id)

describe('taking the audit log along', () => {
  const take = (input: Record<string, unknown>) =>
    reading(operations['audit.export'], handlers['audit.export'], () => START)(input)

  test('is told with its filter, once for all its pages; a cursor of the list is none of it', async () => {
    const first = await take({ event: 'client.*', limit: 1 })
    const second = await take({ event: 'client.*', limit: 1, cursor: first.next })
    expect([...first.items, ...second.items].map(({ event }) => event)).toEqual(['client.changed', 'client.created'])
    expect(noted.splice(0)).toEqual([{ event: 'audit.exported', ...LOCAL.who, detail: { filter: 'event=client.*' } }])
    const { next } = await list({ limit: 1 })
    await expect(take({ limit: 1, cursor: next })).rejects.toMatchObject({ code: 'bad_request' })
    await take({})
    expect(noted.splice(0)).toEqual([expect.objectContaining({ detail: { filter: '' } })])
  })
})

describe('reading the audit log', () => {
  test('the newest row comes first, with all that it holds', async () => {
    const { items, next } = await list()
    expect(items.map(({ event }) => event)).toEqual([
      'session.ended',
      'client.changed',
      'client.created',
      'sign_in.completed',
      'sign_in.completed',
      'sign_in.started',
    ])
    expect(next).toBeNull()
    expect(items.at(-1)).toEqual({
      ...{
        entry_id: expect.stringMatching(/^\d+$/),
        at: iso(0),
        event: 'sign_in.started',
        account_id: 'maria',
        client_id: 'app',
      },
      ...{ actor_id: null, attempt_id: 'attempt', request_id: 'r0', ip: '203.0.113.7', device: 'Firefox on Linux' },
      ...{ detail: { address: 'm•••a@fabrikam.example' }, chain: null },
    })
    expect(items[0]).toMatchObject({ actor_id: 'local', client_id: null })
  })

  test('by person, application, who did it, event or beginning of events, and time: all of it holds', async () => {
    expect(await requests({ account_id: 'maria' })).toEqual(['r4', 'r1', 'r0'])
    expect(await requests({ client_id: 'shop' })).toEqual(['r3', 'r2', 'r1'])
    expect(await requests({ actor_id: 'anna' })).toEqual(['r3', 'r2'])
    expect(await requests({ event: 'client.created' })).toEqual(['r2'])
    expect(await requests({ event: 'client.*' })).toEqual(['r3', 'r2'])
    expect(await requests({ event: 'sign_in.*', account_id: 'maria' })).toEqual(['r1', 'r0'])
    expect(await requests({ event: 'client' })).toEqual([])
    expect(await requests({ event: 'nothing.*' })).toEqual([])
    expect(await requests({ event: '*' })).toEqual([])
    expect(await requests({ from: iso(3) })).toEqual(['r4', 'r3'])
    expect(await requests({ to: iso(1) })).toEqual(['r0'])
    expect(await requests({ from: iso(1), to: iso(2), account_id: 'otto', client_id: 'shop', event: 'sign_in.*' })).toEqual([
      'r1',
    ])
    expect(await requests({ account_id: 'maria', actor_id: 'anna' })).toEqual([])
  })

  test('R-176 pages neither skip nor repeat a row of one moment, whatever the filter', async () => {
    const many = Array.from({ length: 23 }, (_, nth) =>
      on('paging', Math.floor(nth / 9), 'token.refreshed', { requestId: `p${nth}` }),
    )
    await stage.happened(...many, ...many.map((one) => ({ ...one, event: 'token.issued' as const })))
    for (const filter of [
      { account_id: 'paging' },
      { event: 'token.*' },
      { event: 'token.*', account_id: 'paging', from: iso(0) },
    ]) {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof list>> = await list({ ...filter, limit: 5, ...(cursor && { cursor }) })
        seen.push(...page.items.map(({ entry_id }) => entry_id))
        cursor = page.next
      } while (cursor)
      expect(seen).toHaveLength(46)
      expect(new Set(seen).size).toBe(46)
    }
  })

  test('R-176 a cursor that was forged, or belongs to another filter, is refused', async () => {
    const { next } = await list({ account_id: 'paging', limit: 2 })
    expect(next).not.toBeNull()
    await expect(list({ account_id: 'maria', cursor: next })).rejects.toMatchObject({ code: 'bad_request' })
    await expect(list({ account_id: 'paging', cursor: `x${next}` })).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('one row by its id; of none that is not there', async () => {
    const [first] = (await list()).items
    const get = reading(operations['audit.get'], handlers['audit.get'], () => START)
    expect(await get({ entry_id: first?.entry_id })).toEqual(first)
    await expect(get({ entry_id: '999999999999999999' })).rejects.toMatchObject({ code: 'not_found' })
    expect(operations['audit.get'].input.safeParse({ entry_id: '1 or 1=1' }).success).toBe(false)
  })

  test('what happened to one account leads on by a key of its own', async () => {
    const about = createEntriesAbout({ reader })
    const first = await about('maria', null, 2)
    expect(first.items.map(({ request_id }) => request_id)).toEqual(['r4', 'r1'])
    const second = await about('maria', first.next, 2)
    expect(second).toMatchObject({ items: [{ request_id: 'r0' }], next: null })
    expect(await about('nobody', null, 2)).toEqual({ items: [], next: null })
  })
})

describe('R-184 telling whether the audit log is as it was written', () => {
  test('in stretches, with the rows that wait on their way into the chain', async () => {
    const own = await chainStage()
    const { 'audit.verify': verifying, 'audit.chain': chaining } = handlersOf(own)
    const verify = reading(operations['audit.verify'], verifying, () => START)
    const chain = reading(operations['audit.chain'], chaining, () => START)
    await own.happened(...Array.from({ length: 7 }, (_, nth) => row('token.refreshed', { at: at(nth) })))
    expect(await chain()).toEqual({ rows: 0, head: null, head_at: null, waiting: 7 })
    asked = 0
    expect(await verify()).toMatchObject({ checked: 0, broken: null, next: null })
    expect(asked).toBe(1)
    expect(await chain()).toMatchObject({ rows: 7, waiting: 0, head_at: iso(6) })
    const first = await verify({ limit: 4 })
    expect(first).toMatchObject({ checked: 4, rows: 7, broken: null, next: expect.any(String) })
    const last = await verify({ limit: 4, cursor: first.next })
    expect(last).toMatchObject({ checked: 7, rows: 7, broken: null, next: null, head: (await chain()).head })
    expect(asked).toBe(1)
    expect(noted).toEqual([])
    await own.sql(`update audit_entry set client_id = 'x' where chain_seq = 6`)
    const [{ id } = { id: '' }] = await own.sql<{ id: string }>('select id::text from audit_entry where chain_seq = 6')
    expect(await verify({ limit: 4, cursor: first.next })).toMatchObject({
      ...{ checked: 5, next: null },
      broken: { entry_id: id, place: 6, kind: 'changed', words: 'This row is not as it was written.' },
    })
    expect(noted).toEqual([{ event: 'audit.broken', detail: { place: 6 } }])
    await own.sql('delete from audit_entry where chain_seq = 2')
    expect(await verify()).toMatchObject({ checked: 1, broken: { entry_id: null, place: 2, kind: 'removed' }, next: null })
  })

  test('R-176 a stretch begins where one before it ended, and nowhere else', async () => {
    const forged = Buffer.from(JSON.stringify(['5', '0'])).toString('base64url')
    const verify = reading(operations['audit.verify'], handlers['audit.verify'], () => START)
    await expect(verify({ cursor: `${forged}.${'A'.repeat(22)}` })).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('R-184 behind a head that was written down elsewhere, which the chain must lead on from', async () => {
    const own = await chainStage({ batchSize: 4 })
    await own.happened(...Array.from({ length: 9 }, () => row('token.refreshed')))
    await own.chain.advance()
    const verify = reading(operations['audit.verify'], handlersOf(own)['audit.verify'], () => START)
    const [sixth] = await own.sql<{ hash: string }>('select chain_hash as hash from audit_entry where chain_seq = 6')
    await own.sql('delete from audit_entry where chain_seq < 6')
    expect(await verify()).toMatchObject({ broken: { place: 1, kind: 'removed' } })
    const after = `6:${sixth?.hash}`
    const first = await verify({ after, limit: 2 })
    expect(first).toMatchObject({ broken: null, checked: 8 })
    expect(await verify({ after, limit: 2, cursor: first.next })).toMatchObject({ broken: null, checked: 9, next: null })
    expect(await verify({ after: `6:${'0'.repeat(64)}` })).toMatchObject({ broken: { place: 6, kind: 'changed' } })
    const head = `9:${first.head}`
    expect(await verify({ after: head })).toMatchObject({ broken: null, next: null })
    await own.sql('delete from audit_entry where chain_seq = 9')
    expect(await verify({ after: head })).toMatchObject({ broken: { place: 9, kind: 'removed' }, next: null })
    expect(operations['audit.verify'].input.safeParse({ after: '6' }).success).toBe(false)
  })

  test('R-184 while the row of an erasure has no place yet, it says to ask again', async () => {
    const own = await chainStage()
    await own.happened(row('token.refreshed'))
    await own.chain.advance()
    await own.sql(`update audit_entry set ip = null, device = null, attempt_id = null, request_id = null, chain_salt = null`)
    await own.happened(row('account.erased'))
    const verify = reading(operations['audit.verify'], handlersOf(own)['audit.verify'], () => START)
    asked = 0
    await own.db.transact(async (tx) => {
      await own.store.lock(tx)
      await expect(verify()).rejects.toMatchObject({ code: 'conflict' })
    })
    expect(asked).toBe(1)
    expect(await verify()).toMatchObject({ broken: null, checked: 2 })
  })

  test('a row says its place, so that whoever exported it can check it alone', async () => {
    await stage.chain.advance()
    const { items } = await list({ account_id: 'maria' })
    expect(items.at(-1)?.chain).toEqual({
      ...{ place: expect.any(Number), salt: expect.any(String) },
      ...{ proof: expect.stringMatching(/^[0-9a-f]{64}$/), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
  })
})

test('R-045, R-170 the list of signing keys shows no private part', async () => {
  const { db } = stage
  const clock = { now: () => START }
  const secrets = createSecrets(['of the tests, and long enough to be one'])
  const keys = createKeys({ store: createKeyStore(db), transact: db.transact, secrets, clock, log: createLog('silent') })
  await keys.ensure()
  const [key] = await keys.list()
  expect(key).toBeDefined()
  const state = async () => ({ publishedAt: null, mayActivateFrom: null, activateBy: null, active: [], waiting: [] })
  const never = async () => 'under_way' as const
  const desk = {
    ...{ keys, ofFile: () => null, rotation: { state, begin: never, activate: never } },
    policy: { everySeconds: 0, keepSeconds: 60, fromFile: false },
  }
  const { items } = await reading(operations['keys.list'], createKeyHandlers(desk)['keys.list'], () => START)()
  const facts = {
    ...{ kid: expect.any(String), state: 'current', source: 'service', retired_at: null, published_until: null },
    ...{ created_at: START.toISOString(), activated_at: START.toISOString() },
  }
  expect(items).toEqual([
    { ...facts, alg: 'ES256' },
    { ...facts, alg: 'RS256' },
  ])
})
