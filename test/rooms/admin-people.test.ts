import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { PersonActor } from '../../src/admin/index.ts'
import { addSeconds } from '../../src/base/index.ts'
import { email, phone } from './accounts-stage.ts'
import { type PeopleStage, START, startPeople } from './admin-people-stage.ts'

let stage: PeopleStage
let ada: PersonActor
let sam: PersonActor

beforeAll(async () => {
  stage = await startPeople()
  ada = await stage.administrator('admin', email('ada@northwind.example'))
  sam = await stage.administrator('support', email('sam@northwind.example'))
})
afterAll(async () => {
  await stage.stop()
})

const named = (name: string) => email(`${name}@fabrikam.example`)
const perform: PeopleStage['perform'] = (...args) => stage.perform(...args)

describe('finding people', () => {
  beforeAll(async () => {
    for (const [n, name] of ['Zoë Müller-Lüdenscheidt', "Sean O'Brien", 'Maria da Silva', 'Maria Kern'].entries()) {
      const id = await stage.person(email(`find_${n}%x@shop${n}.contoso.example`))
      await stage.sql(`update account set profile = $2, created_at = $3 where id = $1`, [id, { name }, addSeconds(START, n)])
    }
    await stage.person(phone('+49 1512 7000001'))
  })

  const found = async (q: string) => (await perform('accounts.list', sam, { q })).items.map((one) => one.email ?? one.phone)

  test('finds them by an address in full or its beginning, whatever the case', async () => {
    expect(await found('find_2%x@shop2.contoso.example')).toEqual(['find_2%x@shop2.contoso.example'])
    expect(await found('FIND_2')).toEqual(['find_2%x@shop2.contoso.example'])
    expect(await found('find_')).toHaveLength(4)
    expect(await found('find')).toHaveLength(4)
  })

  test('R-176 takes no sign of a pattern, a query or a range for anything but itself', async () => {
    for (const q of [
      '%',
      '_ind',
      'find%',
      'f%',
      "'",
      "maria' | 'zoë",
      'maria & !kern',
      'maria:*',
      '\\',
      '<->',
      '!',
      '((',
      "''':*",
      '\u{10FFFF}',
    ]) {
      // Words of the name are words, whatever stands between them.
      const expected = q.startsWith('maria:') ? 2 : q.includes('kern') ? 1 : 0
      expect([q, (await found(q)).length]).toEqual([q, expected])
    }
    await expect(found('x'.repeat(201))).rejects.toMatchObject({ code: 'invalid_input' })
  })

  test('finds them by domain, by words of the name, by number as it is written, and by id', async () => {
    expect(await found('@shop1.contoso.example')).toEqual(['find_1%x@shop1.contoso.example'])
    expect(await found('@shop')).toHaveLength(4)
    expect(await found('maria')).toEqual(['find_3%x@shop3.contoso.example', 'find_2%x@shop2.contoso.example'])
    expect(await found('Silva mar')).toEqual(['find_2%x@shop2.contoso.example'])
    expect(await found('müller')).toEqual(['find_0%x@shop0.contoso.example'])
    expect(await found("o'brien")).toEqual(['find_1%x@shop1.contoso.example'])
    expect(await found('01512 7000001')).toEqual(['+4915127000001'])
    expect(await found('+49 1512 70')).toEqual(['+4915127000001'])
    expect(await found(ada.accountId)).toEqual(['ada@northwind.example'])
    expect(await found('nobody@fabrikam.example')).toEqual([])
  })

  test('R-176 pages newest first, each person once, and by state and role; a cursor of another list is none', async () => {
    const all: string[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await perform('accounts.list', ada, { limit: 2, ...(cursor && { cursor }) })
      all.push(...page.items.map((one) => one.account_id))
      if (page.next === null) break
      cursor = page.next
    }
    const rows = await stage.sql<{ id: string }>('select id from account order by created_at desc, id desc')
    expect(all).toEqual(rows.map(({ id }) => id))
    expect((await perform('accounts.list', ada, { role: 'support' })).items).toMatchObject([
      { email: 'sam@northwind.example', role: 'support' },
    ])
    expect((await perform('accounts.list', ada, { q: 'sam', role: 'admin' })).items).toEqual([])
    expect((await perform('accounts.list', ada, { state: 'suspended' })).items).toEqual([])
    const { next } = await perform('accounts.list', ada, { limit: 1 })
    const other = { limit: 1, q: 'maria', cursor: next ?? '' }
    expect(await stage.faultOf(perform('accounts.list', ada, other))).toBe('bad_request')
  })
})

describe('one person', () => {
  test('is shown with addresses, methods, devices, sessions and applications, and with no secret', async () => {
    const id = await stage.person(named('shown'))
    const authenticator_id = await stage.authenticator(id, 'Pixel 8')
    const { uid } = await stage.engineSession(id, { crm: 's-shown' })
    const shown = await perform('accounts.get', sam, { account_id: id })
    expect(shown).toMatchObject({
      ...{ account_id: id, email: 'shown@fabrikam.example', state: 'active', role: null, recovery_codes_left: 0 },
      addresses: [{ kind: 'email', address: 'shown@fabrikam.example', primary: true, suppressed: null }],
      authenticators: [{ authenticator_id, kind: 'totp', name: 'Pixel 8' }],
      sessions: [{ session_id: uid, client_ids: ['crm'] }],
      apps: [{ client_id: 'crm', name: 'Contoso CRM' }],
    })
    expect(JSON.stringify(shown)).not.toContain('sealed seed')
    expect(await stage.faultOf(perform('accounts.get', sam, { account_id: 'nobody' }))).toBe('not_found')
  })

  test('R-185 is exported whole, and the trail says by whom', async () => {
    const id = await stage.person(named('exported'))
    const kept = await perform('accounts.export-one', sam, { account_id: id })
    expect(kept).toMatchObject({ account: { sub: id }, addresses: [{ address: 'exported@fabrikam.example' }] })
    expect(await stage.trailOf(id)).toEqual([{ event: 'account.exported', actor_id: sam.accountId }])
    expect((await perform('accounts.activity', sam, { account_id: id, limit: 1 })).items).toMatchObject([
      { event: 'account.exported', actor_id: sam.accountId },
    ])
  })

  test('R-185 is exported with what is kept of rescues and of an address that has died, and with nobody who administers', async () => {
    const address = named('rescued')
    const id = await stage.person(address)
    await stage.sql('update address set dead_since = $2 where account_id = $1', [id, START])
    await stage.sql('update account set recovered_at = $2, recovery_started_at = $2, rescue_locked_until = $3 where id = $1', [
      ...[id, START, addSeconds(START, 60)],
    ])
    await stage.sql(
      `insert into rescue (id, account_id, state, started_by, client_id, address, device, started_at, halfway_at, opens_at, lapses_at,
         ended_at, ended_by)
       values ($1, $1, 'cancelled', null, 'crm', $2, 'Firefox', $3, $3, $4, $4, $4, 'notice'),
         ($1 || 'b', $1, 'waiting', $5, 'crm', null, 'Support', $4, $4, $4, $4, null, null)`,
      [id, address, START, addSeconds(START, 60), sam.accountId],
    )
    const kept = await perform('accounts.export-one', sam, { account_id: id })
    const at = START.toISOString()
    expect(kept).toMatchObject({
      account: { recovered_at: at, recovery_started_at: at, no_rescue_until: addSeconds(START, 60).toISOString() },
      addresses: [{ dead_since: at }],
      rescues: [
        { state: 'waiting', started_by: 'administrator', address: null, ended_by: null },
        { state: 'cancelled', started_by: 'person', address, device: 'Firefox', started_at: at, ended_by: 'notice' },
      ],
    })
    expect(JSON.stringify(kept)).not.toContain(sam.accountId)
  })
})

describe('a profile that is corrected', () => {
  test('takes what a person could write, tells every fault, and never what is proven', async () => {
    const id = await stage.person(named('corrected'))
    const update = (profile: Record<string, string>) => perform('accounts.update', sam, { account_id: id, profile })
    expect(await update({ name: '  Maria Kern ', website: 'https://kern.example' })).toMatchObject({
      name: 'Maria Kern',
      profile: { name: 'Maria Kern', website: 'https://kern.example/' },
    })
    expect((await update({ website: '' })).profile).toEqual({ name: 'Maria Kern' })
    await expect(update({ name: 'Eve', email_verified: 'true', sub: 'x', updatedAt: 'y' })).rejects.toMatchObject({
      code: 'invalid_input',
      faults: ['email_verified', 'sub', 'updatedAt'].map((name) => ({ field: `profile.${name}` })),
    })
    await expect(update({ birthdate: '2030-13-01', website: 'javascript:alert(1)', name: 'Eve' })).rejects.toMatchObject({
      faults: [{ field: 'profile.website' }, { field: 'profile.birthdate' }],
    })
    expect((await perform('accounts.get', sam, { account_id: id })).profile).toEqual({ name: 'Maria Kern' })
  })

  test('R-175 is not changed over what somebody else has changed meanwhile', async () => {
    const id = await stage.person(named('versions'))
    const { version } = await perform('accounts.get', sam, { account_id: id })
    const update = (name: string) =>
      stage.one.admin.perform('accounts.update', sam, { account_id: id, profile: { name } }, { ifMatch: version })
    const outcomes = await Promise.all(['One', 'Two'].map((name) => stage.faultOf(update(name))))
    expect(outcomes.sort()).toEqual(['done', 'precondition_failed'])
  })
})
