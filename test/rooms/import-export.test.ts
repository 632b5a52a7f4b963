import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { PersonActor } from '../../src/admin/index.ts'
import { newId } from '../../src/base/index.ts'
import { email, phone } from './accounts-stage.ts'
import { type PeopleStage, START, startPeople } from './admin-people-stage.ts'
import { CLOSED, importingOn, type Line } from './importing.ts'

let stage: PeopleStage
let ada: PersonActor

beforeAll(async () => {
  stage = await startPeople()
})
beforeEach(async () => {
  for (const table of ['account', 'invitation', 'audit_entry']) await stage.sql(`delete from ${table}`)
  ada = await stage.administrator('admin', email('ada@northwind.example'))
})
afterAll(async () => {
  await stage.stop()
})

const named = (name: string) => email(`${name}@fabrikam.example`)
const { send, outcomes, prove, idOf } = importingOn(() => ({ stage, ada }))

describe('an address that was not proven', () => {
  const imported = async (line: Line) => (await send([line]))[0]?.account_id ?? ''

  test('R-034 is told to no application, sent nothing, and shown to administrators as what it is', async () => {
    const id = await imported({ sub: 'waits', email: named('waits'), profile: { name: 'Wanda' } })
    const account = await stage.one.accounts.find(id)
    expect(account && stage.one.accounts.claimsOf(account)).not.toHaveProperty('email')
    expect(await stage.one.accounts.byAddress(named('waits'))).toBeNull()
    expect(await stage.perform('accounts.get', ada, { account_id: id })).toMatchObject({
      email: 'waits@fabrikam.example',
      addresses: [{ address: 'waits@fabrikam.example', primary: false, proven_at: null, usable_from: null }],
    })
    for (const q of ['waits@', '@fabrikam', 'wanda', 'waits']) {
      const { items } = await stage.perform('accounts.list', ada, { q })
      expect([q, items.map(({ account_id }) => account_id)]).toEqual([q, [id]])
    }
    stage.orders.length = 0
    await stage.perform('accounts.close', ada, { account_id: id })
    expect(stage.orders).toEqual([])
  })

  test('opens its account to whoever proves it, whatever the sign-up policy, with subject and all', async () => {
    const id = await imported({ sub: 'legacy-7', email: named('legacy'), profile: { name: 'Lena' } })
    expect(await stage.one.accountsOf(CLOSED).doorFor(named('legacy'))).toBe('open')
    const proven = await prove(named('legacy'))
    expect(proven).toMatchObject({ outcome: 'existing', account: { id, email: named('legacy'), profile: { name: 'Lena' } } })
    expect('account' in proven && stage.one.accounts.claimsOf(proven.account)).toMatchObject({
      sub: 'legacy-7',
      email_verified: true,
    })
    expect(await stage.sql('select 1 from claimed_address')).toEqual([])
    expect(idOf(await prove(named('legacy')))).toBe(id)
    const events = await stage.sql<{ event: string }>('select event from audit_entry where account_id = $1 order by id', [id])
    expect(events.map(({ event }) => event)).toEqual(['account.imported', 'address.proven'])
  })

  test('opens nothing where the account has another one that was proven: who named it may be somebody else', async () => {
    const number = phone('+49 1512 7000002')
    const id = await imported({ email: named('victim'), phone: number, phone_proven: true })
    expect(idOf(await prove(number))).toBe(id)
    expect(await stage.one.accountsOf(CLOSED).doorFor(named('victim'))).toBe('none')
    expect(await prove(named('victim'))).toEqual({ outcome: 'refused', reason: 'signup_closed' })
    const own = idOf(await prove(named('victim'), { kind: 'open' }))
    expect(own).not.toBeNull()
    expect(own).not.toBe(id)
    expect((await stage.perform('accounts.get', ada, { account_id: id })).addresses).toMatchObject([{ address: number }])
  })

  test('of two the first that is proven opens the account, also when both are in one moment', async () => {
    for (let round = 0; round < 5; round++) {
      const [address, number] = [named(`both${round}`), phone(`+49 1512 710000${round}`)]
      const id = await imported({ email: address, phone: number })
      const proven = await Promise.all([
        prove(address, { kind: 'open' }, 'one'),
        prove(number, { kind: 'open' }, 'two'),
        prove(address, { kind: 'open' }, 'two'),
      ])
      expect(proven.map(idOf).filter((each) => each === id).length).toBeGreaterThanOrEqual(1)
      expect(idOf(proven[0])).toBe(idOf(proven[2]))
      expect(idOf(proven[0])).not.toBe(idOf(proven[1]))
      expect(await stage.sql('select 1 from address where account_id = $1', [id])).toHaveLength(1)
    }
  })

  test('belongs to the one account that proved it first, and is nothing to the other any more', async () => {
    const id = await imported({ email: named('wanted'), sub: 'said' })
    const other = await stage.person(named('finder'))
    const added = { kind: 'email', address: named('wanted'), usableFrom: START, primaryFrom: null } as const
    expect(await stage.one.db.transact((tx) => stage.one.addresses.add(tx, other, added))).toBe('added')
    expect(await stage.sql('select 1 from claimed_address')).toEqual([])
    expect(idOf(await prove(named('wanted')))).toBe(other)
    expect((await stage.perform('accounts.get', ada, { account_id: id })).addresses).toEqual([])
  })

  test('of somebody suspended opens nothing, and says that the account is closed', async () => {
    await imported({ email: named('shut'), suspended: true })
    expect(await stage.one.accountsOf(CLOSED).doorFor(named('shut'))).toBe('closed')
    expect(await prove(named('shut'), { kind: 'open' })).toEqual({ outcome: 'refused', reason: 'account_closed' })
  })

  test('R-033 begins a new account from the moment on that its own is closed, and goes with it', async () => {
    const [id, rest] = [await imported({ email: named('gone') }), await imported({ email: named('rest') })]
    for (const each of [id, rest]) await stage.sql('update account set closing_at = $2 where id = $1', [each, START])
    expect(await stage.one.accountsOf(CLOSED).doorFor(named('gone'))).toBe('none')
    const proven = await prove(named('gone'), { kind: 'open' })
    expect([proven.outcome, idOf(proven) === id]).toEqual(['created', false])
    await stage.sql('delete from account where id = $1', [rest])
    expect(await stage.sql('select 1 from claimed_address')).toEqual([])
  })
})

describe('people who are exported', () => {
  test('come out as they went in, oldest first, page by page', async () => {
    const file = [
      {
        sub: 'e-1',
        email: named('e1'),
        email_proven: true,
        phone: '+4915127000003',
        phone_proven: false,
        locale: 'de',
        profile: { name: 'Eins', website: 'https://e.example/' },
        suspended: false,
        created_at: '2020-01-01T00:00:00.000Z',
      },
      {
        sub: 'e-2',
        email: named('e2'),
        email_proven: false,
        phone_proven: false,
        profile: {},
        suspended: true,
        created_at: '2021-01-01T00:00:00.000Z',
      },
      {
        sub: 'e-3',
        phone: '+4915127000004',
        email_proven: false,
        phone_proven: true,
        profile: { birthdate: '1990' },
        suspended: false,
        created_at: '2022-01-01T00:00:00.000Z',
      },
    ]
    await stage.sql('delete from account')
    ada = await stage.administrator('admin', email('ada@northwind.example'))
    expect(await outcomes(file)).toEqual(['created', 'created', 'created'])
    const first = await stage.perform('accounts.export', ada, { limit: 2 })
    expect(first.items).toEqual(file.slice(0, 2))
    const told = `select actor_id from audit_entry where event = 'account.all_exported'`
    expect(await stage.sql(told)).toEqual([{ actor_id: ada.accountId }])
    const second = await stage.perform('accounts.export', ada, { limit: 2, cursor: first.next ?? '' })
    expect(await stage.sql(told)).toHaveLength(1)
    expect(second).toMatchObject({ items: [file[2], { sub: ada.accountId }], next: null })
    await stage.sql(`delete from account where id like 'e-%'`)
    expect(await outcomes(first.items)).toEqual(['created', 'created'])
    expect((await stage.perform('accounts.export', ada, { limit: 2 })).items).toEqual(first.items)
  })

  test('leave out who is closed', async () => {
    const id = await stage.person(named(newId()))
    await stage.sql('update account set closing_at = $2 where id = $1', [id, START])
    const { items } = await stage.perform('accounts.export', ada, {})
    expect(items.map(({ sub }) => sub)).toEqual([ada.accountId])
  })
})
