import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type AdminActor, operations, type PersonActor } from '../../src/admin/index.ts'
import type { Signup } from '../../src/config/index.ts'
import { email, proofOf } from './accounts-stage.ts'
import { type PeopleStage, START, startPeople } from './admin-people-stage.ts'
import { importingOn, type Line } from './importing.ts'

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
const { send, outcomes, words, prove } = importingOn(() => ({ stage, ada }))

describe('people who are imported', () => {
  test('R-028 what the database cannot hold is refused: half of a character, NUL, and years that not everything can write', async () => {
    const lines: Line[] = [
      { email: named('odd'), profile: { name: 'a\ud800b' } },
      { email: named('odd'), profile: { 'x\udc00': 'b' } },
      { email: 'odd\ud800@fabrikam.example' },
      { email: named('odd'), profile: { name: 'a\0b' } },
      { email: named('odd'), created_at: '0000-01-01T00:00:00Z' },
      { email: named('odd'), created_at: '1969-12-31T23:59:59Z' },
    ]
    for (const line of lines) expect([line, await stage.faultOf(send([line]))]).toEqual([line, 'invalid_input'])
    for (const from of ['0000-01-01T00:00:00Z', '1969-01-01T00:00:00Z'])
      expect(operations['audit.list'].input.safeParse({ from }).success).toBe(false)
    const whole = { email: named('whole'), profile: { name: '\ud83d\ude00' }, created_at: '1970-01-01T00:00:00Z' }
    expect(await outcomes([whole])).toEqual(['created'])
  })

  test('R-175 with proven addresses only by who may decide who administers, and never by an address that waits for a role', async () => {
    const scopes = new Set(['accounts:read', 'accounts:write'] as const)
    const by = async (actor: AdminActor, accounts: Line[]) =>
      (await stage.one.admin.perform('accounts.import', actor, { accounts })).results.map(
        ({ outcome, words }) => words ?? outcome,
      )
    const planted = { email: named('planted'), email_proven: true }
    const numbered = { phone: '+49 1512 7000077', phone_proven: true }
    const refused = 'email_proven, phone_proven: only somebody with the role admin and the scope administrators:write may say so'
    expect(await by({ ...ada, scopes }, [planted, numbered, { email: named('planted') }])).toEqual([refused, refused, 'created'])
    const who = { actorId: 'local' }
    await stage.one.db.transact((tx) =>
      stage.one.inviting.inviteWithRole(tx, { address: named('boss'), role: 'admin', who, now: stage.clock.now() }),
    )
    const waits = 'an invitation with a role waits for its address: whoever proves it makes the account'
    expect(await by(ada, [{ email: named('boss'), email_proven: true }, { email: named('boss') }])).toEqual([waits, waits])
  })

  test('keep subject, name, language and age, and sign in by what was proven elsewhere', async () => {
    const line = {
      ...{ sub: 'auth0|42', email: 'Maria@Fabrikam.example', email_proven: true, locale: 'pt-BR' },
      ...{ profile: { name: 'Maria' }, created_at: '2020-05-01T00:00:00.000Z' },
    }
    expect(await send([line])).toEqual([{ outcome: 'created', account_id: 'auth0|42', words: null }])
    const proven = await prove(named('maria'))
    expect(proven).toMatchObject({
      outcome: 'existing',
      account: { id: 'auth0|42', locale: 'pt-BR', profile: { name: 'Maria' } },
    })
    expect('account' in proven && stage.one.accounts.claimsOf(proven.account)).toMatchObject({
      ...{ sub: 'auth0|42', email: 'maria@fabrikam.example', email_verified: true, name: 'Maria' },
    })
    expect(await stage.sql('select created_at as at from account where id = $1', ['auth0|42'])).toEqual([
      { at: new Date('2020-05-01T00:00:00.000Z') },
    ])
    expect(await stage.trailOf('auth0|42')).toEqual([{ event: 'account.imported', actor_id: ada.accountId }])
  })

  test('are left as they are when the file comes again, by subject or by address', async () => {
    const file: Line[] = [
      { sub: 'one', email: named('one'), email_proven: true, profile: { name: 'One' } },
      { email: named('two') },
      { phone: '+49 1512 7000001', phone_proven: true },
    ]
    const first = await send(file)
    expect(first.map(({ outcome }) => outcome)).toEqual(['created', 'created', 'created'])
    const again = await send(file.map((line) => ({ ...line, profile: { name: 'Other' } })))
    expect(again).toEqual(first.map(({ account_id }) => ({ outcome: 'there_already', account_id, words: null })))
    expect(await stage.sql(`select 1 from account where profile ->> 'name' = 'Other'`)).toEqual([])
    expect(await outcomes([{ sub: 'one', email: named('new') }])).toEqual(['there_already'])
  })

  test('are refused one by one, each with the reason, and the others are there', async () => {
    await stage.sql(`insert into audit_entry (at, event, account_id) values ($1, 'account.erased', 'erased')`, [START])
    const bad: [Line, RegExp][] = [
      [{ sub: 'x' }, /neither an email address nor a number/],
      [{ email: 'a@b@c' }, /^email: /],
      [{ phone: '+49 30 123456' }, /^phone: /],
      [{ email: named('l'), locale: 'de_DE;x' }, /^locale: /],
      [{ email: named('p'), profile: { email_verified: true } }, /^profile.email_verified: /],
      [{ email: named('p'), profile: { website: 'javascript:alert(1)' } }, /^profile.website: /],
      [{ email: named('p'), profile: { name: 7 } }, /^profile.name: /],
      [{ email: named('c'), created_at: '2031-01-01T00:00:00Z' }, /^created_at: /],
      [{ sub: 'local', email: named('s') }, /^sub: /],
      [{ sub: 'console', email: named('s') }, /^sub: /],
      [{ sub: 'crm', email: named('s') }, /^sub: /],
      [{ sub: 'erased', email: named('s') }, /^sub: /],
    ]
    const results = await send([{ email: named('good') }, ...bad.map(([line]) => line), { email: named('fine') }])
    expect(results.map(({ outcome }) => outcome)).toEqual(['created', ...bad.map(() => 'refused'), 'created'])
    for (const [n, [, reason]] of bad.entries())
      expect(results[n + 1]).toMatchObject({ account_id: null, words: expect.stringMatching(reason) })
  })

  test('R-175 bring neither a role nor anything else that no file may say', async () => {
    for (const more of [{ role: 'admin' }, { state: 'closed' }, { proven_at: START.toISOString() }])
      expect(await stage.faultOf(send([{ email: named('eve'), ...more } as Line]))).toBe('invalid_input')
    const sam = await stage.administrator('support', email('sam@northwind.example'))
    const asked = stage.one.admin.perform('accounts.import', sam, { accounts: [{ email: named('eve') }] })
    expect(await stage.faultOf(asked)).toBe('forbidden')
  })

  test("never get somebody else's address, within a file or against who is here", async () => {
    const here = await stage.person(named('here'))
    expect(await words({ sub: 'thief', email: named('here'), email_proven: true })).toMatch(/somebody else/)
    const results = await send([
      { sub: 'a', email: named('a') },
      { sub: 'b', email: named('a') },
      { email: named('a') },
      { email: named('a'), phone: '+49 1512 7000001' },
      { email: named('here'), phone: '+49 1512 7000001' },
      { sub: 'a', email: named('here') },
    ])
    expect(results.map(({ outcome }) => outcome)).toEqual([
      'created',
      'refused',
      'there_already',
      'there_already',
      'there_already',
      'refused',
    ])
    expect(results[4]?.account_id).toBe(here)
    expect(await stage.sql('select 1 from account where id = any($1)', [['thief', 'b']])).toEqual([])
  })

  test('are each there once when a file is sent by two at once, while others prove their addresses', async () => {
    const names = Array.from({ length: 40 }, (_, n) => named(`race${n}`))
    const file = names.map((address) => ({ email: address, email_proven: true }))
    const open: Signup = { kind: 'open' }
    const [one, two, ...proven] = await Promise.all([
      send(file, 'one'),
      send([...file].reverse(), 'two'),
      ...names.slice(0, 8).map((address, n) => prove(address, open, n % 2 ? 'one' : 'two')),
    ])
    const rows = await stage.sql<{ id: string; address: string }>(
      `select account_id as id, canonical as address from address where canonical like 'race%'`,
    )
    expect(rows).toHaveLength(40)
    expect(await stage.sql('select 1 from account where not exists (select from address where account_id = id)')).toEqual([])
    const results = [...one, ...two]
    expect(results.filter(({ outcome }) => outcome === 'created').length).toBeGreaterThanOrEqual(32)
    for (const { outcome, account_id } of results)
      if (outcome !== 'refused') expect(rows.map(({ id }) => id)).toContain(account_id)
    expect(proven.every(({ outcome }) => outcome !== 'refused')).toBe(true)
  })
})

test('F-25 who is imported gives way to somebody who proves the address in the same moment, and nothing is left of them', async () => {
  const [address, other] = [named('moment'), named('moment-other')]
  const held = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const proof = stage.two.db.transact(async (tx) => {
    await stage.two.accounts.prove(tx, proofOf(address))
    held.resolve()
    await goOn.promise
  })
  await held.promise
  const asked = send([
    { sub: 'late', email: address, email_proven: true, phone: '+49 1512 7000009', phone_proven: true },
    { sub: 'fine', email: other, email_proven: true },
  ])
  const sql = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await stage.sql(sql)).length === 0);
  goOn.resolve()
  await proof
  expect((await asked).map(({ outcome }) => outcome)).toEqual(['refused', 'created'])
  expect(await stage.sql(`select 1 from account where id = 'late'`)).toEqual([])
  expect(await stage.sql(`select 1 from address where canonical = '+4915127000009'`)).toEqual([])
  expect(await stage.sql(`select 1 from audit_entry where account_id = 'late'`)).toEqual([])
})
