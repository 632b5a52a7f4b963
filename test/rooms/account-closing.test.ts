import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Address, addSeconds, createLog } from '../../src/base/index.ts'
import { createSweep, type Database } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { type AccountsStage, email, phone, proofOf, START, startAccounts } from './accounts-stage.ts'

let stage: AccountsStage
let url: string
let both: Database[]

beforeAll(async () => {
  stage = await startAccounts()
  url = stage.url
  both = [stage.one, stage.two]
})
afterEach(async () => {
  stage.at(0)
  await query(url, 'delete from account')
})
afterAll(async () => {
  await stage.stop()
})

const DAY = 86_400
const GRACE_SECONDS = 14 * DAY
const named = (name: string) => email(`${name}@fabrikam.example`)
const grace = () => addSeconds(stage.clock.now(), GRACE_SECONDS)
const ask = (id: string, at = grace()) => stage.one.transact((tx) => stage.closingOn(stage.one).ask(tx, id, at))
const keep = (id: string) => stage.one.transact((tx) => stage.closingOn(stage.one).keep(tx, id))
const prove = (address: Address, db = stage.one) => db.transact((tx) => stage.accountsOn(db).prove(tx, proofOf(address)))
const idOf = (proven: Awaited<ReturnType<typeof prove>>) => ('account' in proven ? proven.account.id : null)
const accounts = () => stage.accountsOn(stage.one)
const sweepOn = (db: Database) => {
  const { erase } = stage.closingOn(db)
  return createSweep({ db, clock: stage.clock, log: createLog('silent'), eraseAccounts: erase })
}

/** What belongs to a person besides the account: a row in every table, in the engine's records and in the trail. */
async function withBelongings(id: string): Promise<void> {
  const later = `timestamptz '2035-01-01'`
  const now = `timestamptz '2030-01-01'`
  const client = `insert into client (id, metadata, policy, source, created_at, updated_at) values ('app', '{}', '{}', 'file', ${now}, ${now})`
  const own = {
    credential: `id, kind, data, label, proven_at, created_at) values ($1, 'c' || $1, 'totp', 's', 'l', ${now}, ${now}`,
    remembered_device: `id, label, created_at, last_used_at, expires_at) values ($1, 'd' || $1, 'l', ${now}, ${now}, ${later}`,
    consent: `client_id, granted_at, updated_at) values ($1, 'app', ${now}, ${now}`,
    notice: `id, kind, device, created_at) values ($1, 'n' || $1, 'device_new', 'Firefox', ${now}`,
    account_session: `id, sid, level, auth_time, id_token, created_at, last_seen_at, expires_at) values ($1, 's' || $1, 's', 1, ${now}, 't', ${now}, ${now}, ${later}`,
  }
  await query(url, `${client} on conflict do nothing`)
  for (const [table, row] of Object.entries(own)) await query(url, `insert into ${table} (account_id, ${row})`, [id])
  const delivery = `channel, message, target, locale, created_at, due_at, give_up_at) values ('m' || $1, 'n' || $1, 'email', 'notice', 'm', 'en', ${now}, ${now}, ${later}`
  await query(url, `insert into delivery (id, notice_id, ${delivery})`, [id])
  await query(url, `update account set profile = '{"name":"Maria"}' where id = $1`, [id])
  const record = `insert into oidc_record (model, id, payload, account_id, expires_at) values ($2, $1, '{}', $1, ${later})`
  for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'Grant', 'Session'])
    await query(url, record, [id, model])
}

const TABLES = ['account', 'address', 'credential', 'remembered_device', 'consent', 'notice', 'account_session']

/** How many rows of each table are a person's; the engine's records by their kinds. */
async function belongingsOf(id: string): Promise<{ rows: number[]; records: string[] }> {
  const rows = TABLES.map(async (table) => {
    const column = table === 'account' ? 'id' : 'account_id'
    return (await query(url, `select 1 from ${table} where ${column} = $1`, [id])).length
  })
  const records = await query<{ model: string }>(url, 'select model from oidc_record where account_id = $1', [id])
  return { rows: await Promise.all(rows), records: records.map(({ model }) => model) }
}

const ERASED = { rows: TABLES.map(() => 0), records: ['Session'] }

describe('an account that is to be deleted', () => {
  test('R-185 is open until its moment and closed for everybody from then on, to the second, before any sweep', async () => {
    const address = named('moment')
    const id = await stage.begun(address)
    expect(await ask(id)).toBe(true)
    const at = grace()
    stage.at(GRACE_SECONDS - 1)
    expect(await accounts().find(id)).toMatchObject({ state: 'active', closingAt: at })
    expect(await accounts().byEmail(address)).toMatchObject({ id, state: 'active' })
    expect(await prove(address)).toMatchObject({ outcome: 'existing' })
    expect(await stage.one.transact((tx) => accounts().signedIn(tx, id))).toBe(true)
    stage.at(GRACE_SECONDS)
    expect(await accounts().find(id)).toMatchObject({ state: 'closed', closingAt: at })
    expect(await accounts().byEmail(address)).toBeNull()
    expect(await accounts().byAddress(address)).toBeNull()
    expect(await stage.one.transact((tx) => accounts().signedIn(tx, id))).toBe(false)
  })

  test('can be kept until its moment, and not from then on', async () => {
    const id = await stage.begun(named('kept'))
    expect(await keep(id)).toBe(false)
    await ask(id)
    expect(await ask(id, addSeconds(grace(), DAY))).toBe(false)
    expect(await accounts().find(id)).toMatchObject({ closingAt: grace() })
    stage.at(GRACE_SECONDS - 1)
    expect(await keep(id)).toBe(true)
    expect(await accounts().find(id)).toMatchObject({ state: 'active', closingAt: null })
    stage.at(0)
    await ask(id)
    stage.at(GRACE_SECONDS)
    expect(await keep(id)).toBe(false)
  })

  test('R-095 is none that is suspended or closed already', async () => {
    const id = await stage.begun(named('suspended'))
    for (const state of ['suspended', 'closed']) {
      await query(url, 'update account set state = $2 where id = $1', [id, state])
      expect(await ask(id)).toBe(false)
    }
  })

  test('R-185 is erased with all that belongs to it, and not a second before', async () => {
    const id = await stage.begun(named('erased'))
    const other = await stage.begun(named('stays'))
    for (const each of [id, other]) await withBelongings(each)
    await ask(id)
    const before = await belongingsOf(id)
    expect(before).toEqual({ rows: TABLES.map(() => 1), records: expect.arrayContaining(['Grant', 'RefreshToken']) })
    stage.at(GRACE_SECONDS - 1)
    expect(await sweepOn(stage.one)()).not.toHaveProperty('account')
    expect(await belongingsOf(id)).toEqual(before)
    stage.at(GRACE_SECONDS)
    expect(await sweepOn(stage.one)()).toMatchObject({ account: 1 })
    expect(await belongingsOf(id)).toEqual(ERASED)
    expect(await query(url, 'select notice_id from delivery where notice_id is not null')).toEqual([{ notice_id: `n${other}` }])
    expect(await belongingsOf(other)).toEqual(before)
    expect(await accounts().find(id)).toBeNull()
    // A sign-in may be under way in the browser that it was deleted in: the engine's session ends within the hour.
    const [session] = await query<{ at: Date }>(url, `select expires_at as at from oidc_record where account_id = $1`, [id])
    expect(session?.at).toEqual(addSeconds(stage.clock.now(), 3600))
  })

  test('R-184, R-185 leaves its rows in the trail, with a subject that is nobody and nothing that leads to a person', async () => {
    const id = await stage.begun(named('trail'))
    const other = await stage.begun(named('trail-other'))
    const told = `insert into audit_entry (at, event, account_id, client_id, attempt_id, request_id, ip, device, detail)
      select $2, 'sign_in.proven', $1, 'app', 'a', 'r', '192.0.2.1', 'Firefox', '{"face":"code","address":"m"}' from generate_series(1, 4500)`
    for (const each of [id, other]) await query(url, told, [each, START])
    await ask(id)
    stage.at(GRACE_SECONDS)
    expect(await stage.closingOn(stage.one).erase(stage.clock.now())).toBe(1)
    const rowsOf = (who: string) =>
      query<{ detail: object }>(
        url,
        `select event, client_id, attempt_id, request_id, ip, device, detail, count(*)::int as count from audit_entry
         where account_id = $1 group by event, client_id, attempt_id, request_id, ip, device, detail order by event`,
        [who],
      )
    const nothing = { attempt_id: null, request_id: null, ip: null, device: null }
    expect(await rowsOf(id)).toEqual([
      { event: 'account.created', client_id: 'app', ...nothing, detail: {}, count: 1 },
      { event: 'account.erased', client_id: null, ...nothing, detail: {}, count: 1 },
      { event: 'address.proven', client_id: 'app', ...nothing, detail: { kind: 'email' }, count: 1 },
      { event: 'sign_in.proven', client_id: 'app', ...nothing, detail: { face: 'code' }, count: 4500 },
    ])
    expect((await rowsOf(other)).find(({ detail }) => 'face' in detail)).toMatchObject({ ip: '192.0.2.1', count: 4500 })
  })

  test('R-185 of many each is erased once, by two instances at once, a batch at a time', async () => {
    for (let n = 0; n < 12; n++) await ask(await stage.begun(named(`many-${n}`)))
    stage.at(GRACE_SECONDS)
    const now = stage.clock.now()
    const erased = await Promise.all(both.map((db) => stage.closingOn(db, 5).erase(now)))
    expect(erased.reduce((sum, count) => sum + count)).toBe(10)
    expect(await stage.closingOn(stage.one).erase(now)).toBe(2)
    expect(
      await query(
        url,
        `select 1 from audit_entry where event = 'account.erased' and at = $1 group by account_id having count(*) > 1`,
        [now],
      ),
    ).toEqual([])
  })
})

describe('an address whose account was to be deleted', () => {
  test('R-033, R-087 begins a new account at once: another subject, and nothing of the old one', async () => {
    const [address, second] = [named('again'), named('again-second')]
    const id = await stage.begun(address)
    await withBelongings(id)
    const pending = {
      kind: 'email',
      address: second,
      usableFrom: addSeconds(START, 2 * GRACE_SECONDS),
      primaryFrom: null,
    } as const
    await stage.one.transact((tx) => stage.addressesOn(stage.one).add(tx, id, pending))
    await ask(id)
    stage.at(GRACE_SECONDS)
    const proven = await prove(address)
    expect(proven.outcome).toBe('created')
    expect(idOf(proven)).not.toBe(id)
    expect(proven).toMatchObject({ account: { profile: {}, closingAt: null, authenticators: 0, phone: null } })
    expect(await belongingsOf(id)).toEqual(ERASED)
    expect(await belongingsOf(idOf(proven) ?? '')).toEqual({ rows: [1, 1, 0, 0, 0, 0, 0], records: [] })
    expect(
      await query(url, `select ip, device from audit_entry where account_id = $1 and event = 'account.erased'`, [id]),
    ).toEqual([{ ip: null, device: null }])
    // What was to come about the old account is nobody's.
    expect(await prove(second)).toMatchObject({ outcome: 'created' })
  })

  test('R-033 makes one account when it is proven by twenty at once, while the sweep erases', async () => {
    for (let round = 0; round < 5; round++) {
      const address = round % 2 ? named(`race-${round}`) : phone(`+49 1512 600000${round}`)
      const id = await stage.begun(address)
      await ask(id)
      stage.at(GRACE_SECONDS)
      const now = stage.clock.now()
      const [erased, ...proven] = await Promise.all([
        stage.closingOn(stage.one).erase(now),
        ...Array.from({ length: 20 }, (_, n) => prove(address, both[n % 2])),
      ])
      expect(erased).toBeLessThanOrEqual(1)
      expect(proven.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
      expect(new Set(proven.map(idOf)).size).toBe(1)
      expect(idOf(proven[0] as (typeof proven)[0])).not.toBe(id)
      expect(await query(url, `select 1 from audit_entry where event = 'account.erased' and account_id = $1`, [id])).toHaveLength(
        1,
      )
      stage.at(0)
    }
  })

  test('can be added to another account at once', async () => {
    const [address, other] = [named('moves'), await stage.begun(named('moves-to'))]
    const id = await stage.begun(address)
    await ask(id)
    const now = () => stage.clock.now()
    const add = () =>
      stage.one.transact((tx) =>
        stage.addressesOn(stage.one).add(tx, other, { kind: 'email', address, usableFrom: now(), primaryFrom: null }),
      )
    stage.at(GRACE_SECONDS - 1)
    expect(await add()).toBe('taken')
    stage.at(GRACE_SECONDS)
    expect(await add()).toBe('added')
    expect(await belongingsOf(id)).toMatchObject({ rows: ERASED.rows })
  })

  test('stays with it where nobody new may join', async () => {
    const address = named('closed-door')
    const id = await stage.begun(address)
    await ask(id)
    stage.at(GRACE_SECONDS)
    const closed = stage.accountsOn(stage.one, { kind: 'closed' })
    expect(await stage.one.transact((tx) => closed.prove(tx, proofOf(address)))).toEqual({
      outcome: 'refused',
      reason: 'signup_closed',
    })
    expect(await accounts().find(id)).toMatchObject({ state: 'closed' })
  })
})

describe('the sweep', () => {
  test('R-185 lets go of what has ended about accounts, each in its time, and of nothing else', async () => {
    const id = await stage.begun(named('swept'))
    await withBelongings(id)
    const put = (sql: string, values: unknown[]) => query(url, sql, values)
    await put(`update credential set removed_at = $2 where account_id = $1`, [id, START])
    await put(`update account_session set expires_at = $2 where account_id = $1`, [id, START])
    await put(`update notice set created_at = $2 where account_id = $1`, [id, START])
    const address = `insert into address (kind, canonical, account_id, usable_from, leaves_at, proven_at, created_at)`
    await put(`${address} values ('email', 'swept-left@fabrikam.example', $1, $2, $2, $2, $2)`, [id, START])
    const goes = async (seconds: number) => {
      stage.at(seconds)
      const { credential, account_session, notice, address: left } = await sweepOn(stage.one)()
      return { credential, account_session, notice, address: left }
    }
    expect(await goes(60)).toEqual({})
    expect(await goes(61)).toEqual({ account_session: 1, address: 1 })
    expect(await goes(38 * DAY)).toEqual({})
    expect(await goes(38 * DAY + 1)).toMatchObject({ notice: 1 })
    expect(await goes(61 * DAY)).not.toMatchObject({ credential: 1 })
    expect(await goes(61 * DAY + 1)).toMatchObject({ credential: 1 })
    expect(await query(url, 'select 1 from delivery where notice_id = $1', [`n${id}`])).toEqual([])
    stage.at(0)
    expect(await accounts().find(id)).toMatchObject({ state: 'active', email: named('swept') })
  })
})
