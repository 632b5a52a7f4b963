import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AdminActor, OperationName, PersonActor } from '../../src/admin/index.ts'
import { addSeconds } from '../../src/base/index.ts'
import { email } from './accounts-stage.ts'
import { GRACE_SECONDS, type PeopleStage, START, startPeople } from './admin-people-stage.ts'

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

describe('a person who is suspended', () => {
  test('R-135, R-024 has no session, token, attempt or remembered browser left, and proves in vain', async () => {
    const address = named('suspended')
    const id = await stage.person(address)
    await stage.engineSession(id, { crm: 's-1', account: 's-2' })
    const until = addSeconds(START, 86_400)
    await stage.sql(
      `insert into account_session (id, account_id, sid, level, auth_time, id_token, created_at, last_seen_at, expires_at)
       values ('page', $1, 's-2', 1, $2, 't', $2, $2, $3)`,
      [id, START, until],
    )
    await stage.sql(
      `insert into remembered_device (id, account_id, label, created_at, last_used_at, expires_at) values ('d', $1, 'l', $2, $2, $3)`,
      [id, START, until],
    )
    await stage.sql(
      `insert into attempt (id, interaction_hash, interaction, purpose, client_id, state, device, locale, account_id, created_at, expires_at)
       values ('a', 'h', 'i', 'sign-in', 'crm', 'proven', 'Firefox', 'en', $1, $2, $3)`,
      [id, START, until],
    )
    await stage.sql(
      `insert into oidc_record (model, id, payload, account_id, expires_at) values ('Interaction', 'i', '{}', $1, $2)`,
      [id, until],
    )
    expect(await perform('accounts.suspend', sam, { account_id: id })).toMatchObject({ state: 'suspended' })
    for (const table of ['oidc_record', 'account_session', 'remembered_device'])
      expect([table, await stage.sql(`select 1 from ${table} where account_id = $1`, [id])]).toEqual([table, []])
    expect(await stage.sql(`select state from attempt where id = 'a'`)).toEqual([{ state: 'ended' }])
    expect(await stage.trailOf(id)).toEqual([{ event: 'account.suspended', actor_id: sam.accountId }])
    expect(await stage.one.accounts.doorFor(address)).toBe('closed')
    await expect(stage.person(address)).rejects.toThrow('refused')
    expect(await perform('accounts.resume', sam, { account_id: id })).toMatchObject({ state: 'active' })
    expect(await stage.person(address)).toBe(id)
  })

  test('is suspended once: the trail says so once, and resuming says nothing of somebody active', async () => {
    const id = await stage.person(named('twice'))
    await Promise.all([1, 2, 3].map(() => perform('accounts.suspend', sam, { account_id: id })))
    await Promise.all([1, 2, 3].map(() => perform('accounts.resume', sam, { account_id: id })))
    expect((await stage.trailOf(id)).map(({ event }) => event)).toEqual(['account.suspended', 'account.resumed'])
  })

  test('R-088 has no change of addresses left that was to come', async () => {
    const id = await stage.person(named('hijacked'))
    const coming = { kind: 'email' as const, address: named('thief'), usableFrom: addSeconds(START, 86_400), primaryFrom: null }
    await stage.one.db.transact((tx) => stage.one.addresses.add(tx, id, coming))
    await perform('accounts.suspend', sam, { account_id: id })
    expect(await stage.sql('select canonical from address where account_id = $1', [id])).toEqual([
      { canonical: named('hijacked') },
    ])
  })
})

describe('sessions', () => {
  test('R-135 end one by one, or all with every token', async () => {
    const id = await stage.person(named('sessions'))
    const [first, second] = [await stage.engineSession(id, { crm: 'e-1' }), await stage.engineSession(id, { crm: 'e-2' })]
    expect(await perform('accounts.end-sessions', sam, { account_id: id, session_id: first.uid })).toEqual({ ended: 1 })
    const left = await perform('accounts.get', sam, { account_id: id })
    expect(left.sessions.map(({ session_id }) => session_id)).toEqual([second.uid])
    expect(await stage.faultOf(perform('accounts.end-sessions', sam, { account_id: id, session_id: first.uid }))).toBe(
      'not_found',
    )
    expect(await perform('accounts.end-sessions', sam, { account_id: id })).toEqual({ ended: 1 })
    expect(await stage.sql('select 1 from oidc_record where account_id = $1', [id])).toEqual([])
  })

  test("never end somebody else's", async () => {
    const [id, other] = [await stage.person(named('mine')), await stage.person(named('others'))]
    const { uid } = await stage.engineSession(other, { crm: 'o-1' })
    expect(await stage.faultOf(perform('accounts.end-sessions', sam, { account_id: id, session_id: uid }))).toBe('not_found')
    expect((await perform('accounts.get', sam, { account_id: other })).sessions).toHaveLength(1)
  })

  test("an application's access is taken back", async () => {
    const id = await stage.person(named('apps'))
    await stage.engineSession(id, { crm: 'r-1' })
    const revoke = () => perform('accounts.revoke-app', sam, { account_id: id, client_id: 'crm' })
    expect(await revoke()).toEqual({ done: true })
    expect((await perform('accounts.get', sam, { account_id: id })).apps).toEqual([])
    expect(await stage.faultOf(revoke())).toBe('not_found')
  })
})

describe('an authenticator that was lost', () => {
  test('R-109 is removed, and its person is told by mail, in their language, with a way to object', async () => {
    const id = await stage.person(named('lost'))
    const authenticator_id = await stage.authenticator(id, 'Old phone')
    const other = await stage.person(named('not-lost'))
    const remove = (account_id: string) => perform('accounts.remove-authenticator', sam, { account_id, authenticator_id })
    expect(await stage.faultOf(remove(other))).toBe('not_found')
    stage.orders.length = 0
    expect(await remove(id)).toEqual({ done: true })
    expect(stage.orders).toMatchObject([{ message: 'notice', target: 'lost@fabrikam.example', locale: 'de' }])
    const [notice] = await stage.sql('select kind, device, detail, object_until from notice where account_id = $1', [id])
    expect(notice).toMatchObject({
      kind: 'factor_removed',
      device: 'Administration',
      detail: { undo: { credentialId: authenticator_id } },
    })
    expect(notice?.object_until).not.toBeNull()
    expect(await stage.trailOf(id)).toEqual([{ event: 'factor.removed', actor_id: sam.accountId }])
    expect(await stage.faultOf(remove(id))).toBe('not_found')
  })

  test('R-109 a passkey is removed as well, and with the last one the wish for it; an objection is told what to bring back', async () => {
    const id = await stage.person(named('lost-key'))
    const authenticator_id = await stage.passkey(id, 'Key ring', true)
    const shown = await perform('accounts.get', sam, { account_id: id })
    expect(shown.authenticators).toMatchObject([{ kind: 'passkey', name: 'Key ring', synced: true, always_asked: true }])
    await perform('accounts.remove-authenticator', sam, { account_id: id, authenticator_id })
    const [notice] = await stage.sql('select kind, detail from notice where account_id = $1', [id])
    expect(notice).toMatchObject({ kind: 'passkey_removed', detail: { undo: { credentialId: authenticator_id, always: 'yes' } } })
    expect(await stage.sql('select demands_second as always from account where id = $1', [id])).toEqual([{ always: false }])
  })

  test('R-175 the last one of an administrator stays while they have their role', async () => {
    const eve = await stage.administrator('auditor', named('auditor-factor'))
    const one = await stage.authenticator(eve.accountId, 'One')
    const [own] = await stage.sql<{ id: string }>('select id from credential where account_id = $1 and id <> $2', [
      eve.accountId,
      one,
    ])
    const two = own?.id ?? ''
    const remove = (authenticator_id: string) =>
      stage.faultOf(perform('accounts.remove-authenticator', ada, { account_id: eve.accountId, authenticator_id }))
    expect(await remove(one)).toBe('done')
    expect(await remove(two)).toBe('conflict')
    await perform('administrators.revoke', ada, { account_id: eve.accountId })
    expect(await remove(two)).toBe('done')
  })
})

describe('a person who is to be deleted', () => {
  test('R-185 loses access at once, is told, can be kept until the end of the grace, and is closed then', async () => {
    const id = await stage.person(named('closing'))
    await stage.engineSession(id, { crm: 'c-1' })
    stage.orders.length = 0
    const closing_at = addSeconds(START, GRACE_SECONDS).toISOString()
    expect(await perform('accounts.close', sam, { account_id: id })).toEqual({ closing_at })
    expect(await perform('accounts.close', sam, { account_id: id })).toEqual({ closing_at })
    expect(stage.orders).toMatchObject([{ message: 'notice', target: 'closing@fabrikam.example' }])
    expect(await stage.sql('select 1 from oidc_record where account_id = $1', [id])).toEqual([])
    expect(await perform('accounts.keep', sam, { account_id: id })).toEqual({ done: true })
    expect(await stage.faultOf(perform('accounts.keep', sam, { account_id: id }))).toBe('conflict')
    expect((await stage.trailOf(id)).map(({ event }) => event)).toEqual([
      ...['account.suspended', 'account.closing'],
      ...['account.kept', 'account.resumed'],
    ])
  })

  test('R-185 is kept by an administrator alone, also where they had asked for it themselves before', async () => {
    const id = await stage.person(named('asked-twice'))
    const at = addSeconds(START, 86_400)
    const { closing, db } = stage.one
    const keep = () => db.transact((tx) => closing.keep(tx, id))
    expect(await db.transact((tx) => closing.ask(tx, id, at))).toBe(true)
    expect([await keep(), await keep()]).toEqual([true, false])
    await db.transact((tx) => closing.ask(tx, id, at))
    expect(await perform('accounts.close', sam, { account_id: id })).toEqual({ closing_at: at.toISOString() })
    expect(await perform('accounts.get', sam, { account_id: id })).toMatchObject({ state: 'suspended' })
    expect(await keep()).toBe(false)
    await perform('accounts.keep', sam, { account_id: id })
    expect(await perform('accounts.get', sam, { account_id: id })).toMatchObject({ state: 'active', closing_at: null })
  })

  test('may be somebody who is suspended', async () => {
    const id = await stage.person(named('suspended-closing'))
    await perform('accounts.suspend', sam, { account_id: id })
    await perform('accounts.close', sam, { account_id: id })
    expect(await perform('accounts.get', sam, { account_id: id })).toMatchObject({
      state: 'suspended',
      closing_at: addSeconds(START, GRACE_SECONDS).toISOString(),
    })
  })
})

describe('R-175 an account that has a role', () => {
  const CHANGES = {
    'accounts.update': { profile: { name: 'Eve' } },
    'accounts.suspend': {},
    'accounts.resume': {},
    'accounts.end-sessions': {},
    'accounts.remove-authenticator': { authenticator_id: 'a' },
    'accounts.start-rescue': {},
    'accounts.shorten-rescue': {},
    'accounts.cancel-rescue': {},
    'accounts.revoke-app': { client_id: 'crm' },
    'accounts.close': {},
    'accounts.keep': {},
  } as const satisfies Partial<Record<OperationName, object>>
  const cases = Object.entries(CHANGES) as [keyof typeof CHANGES, object][]

  test.each(cases)('%s: is not touched by support, nor by a machine or a token without the scope for it', async (name, more) => {
    const machine: AdminActor = {
      ...{ kind: 'client', clientId: 'robot', who: { actorId: 'robot' } },
      scopes: new Set(['accounts:read', 'accounts:write']),
    }
    await stage.sql(
      `insert into client (id, metadata, policy, secret_hashes, source, created_at, updated_at)
       values ('robot', '{}', '{"adminScopes": ["accounts:read", "accounts:write"]}', '{}', 'file', $1, $1) on conflict do nothing`,
      [START],
    )
    const narrow: PersonActor = { ...ada, scopes: new Set(['accounts:read', 'accounts:write']) }
    for (const target of [ada, sam]) {
      const before = await stage.sql('select * from account where id = $1', [target.accountId])
      const ask = (actor: AdminActor) => stage.faultOf(perform(name, actor, { account_id: target.accountId, ...more } as never))
      const own = ['accounts.suspend', 'accounts.close', 'accounts.start-rescue', 'accounts.shorten-rescue'].includes(name)
      const asked = [await ask(sam), await ask(machine), await ask(narrow)]
      const refusals = [
        own && target === sam ? 'conflict' : 'forbidden',
        'insufficient_scope',
        own && target === ada ? 'conflict' : 'insufficient_scope',
      ]
      expect([target.role, ...asked]).toEqual([target.role, ...refusals])
      expect(await stage.sql('select * from account where id = $1', [target.accountId])).toEqual(before)
    }
  })

  test.each(cases)('%s: is not for an auditor, and not for a proof that is old or weak', async (name, more) => {
    const id = await stage.person(named('anybody'))
    const input = { account_id: id, ...more } as never
    const eve = await stage.administrator('auditor', named('auditor'))
    expect(await stage.faultOf(perform(name, eve, input))).toBe('forbidden')
    const old = { ...ada, authTime: addSeconds(START, -601) }
    expect(await stage.faultOf(perform(name, old, input))).toBe('insufficient_user_authentication')
    expect(await stage.faultOf(perform(name, { ...ada, level: 1 }, input))).toBe('insufficient_user_authentication')
  })
})
