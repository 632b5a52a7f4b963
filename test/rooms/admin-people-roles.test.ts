import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ClientActor, PersonActor, Role } from '../../src/admin/index.ts'
import { addSeconds, newId, type Tx } from '../../src/base/index.ts'
import { createActorStore, createRoleStore } from '../../src/store/index.ts'
import { email } from './accounts-stage.ts'
import { ALL_SCOPES, type PeopleStage, START, startPeople } from './admin-people-stage.ts'

let stage: PeopleStage
let ada: PersonActor
let bob: PersonActor

beforeAll(async () => {
  stage = await startPeople()
})
beforeEach(async () => {
  await stage.sql('delete from account')
  await stage.sql('update deployment set admin_claimed_at = null')
  ada = await stage.administrator('admin', named('ada'))
  bob = await stage.administrator('admin', named('bob'))
})
afterAll(async () => {
  await stage.stop()
})

const named = (name: string) => email(`${name}@northwind.example`)
const perform: PeopleStage['perform'] = (...args) => stage.perform(...args)
const roles = async () =>
  (await perform('administrators.list', ada, {})).items
    .map(({ email: address, role }) => `${address?.split('@')[0]}: ${role}`)
    .sort()
/** Somebody who could administer: a person with an authenticator. */
async function eve(): Promise<string> {
  const id = await stage.person(named('eve'))
  await stage.authenticator(id, 'Pixel 8')
  return id
}
const grant = (actor: PersonActor | ClientActor, account_id: string, role: Role) =>
  stage.faultOf(perform('administrators.grant', actor, { account_id, role }))
const revoke = (actor: PersonActor, account_id: string, by: 'one' | 'two' = 'one') =>
  stage.faultOf(stage[by].admin.perform('administrators.revoke', actor, { account_id }))

/** Resolves once somebody waits for a lock. */
async function waits(): Promise<void> {
  const sql = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await stage.sql(sql)).length === 0);
}

describe('who may administer', () => {
  test('is listed with role and second factor, given to who has one, and taken back, and told in the trail', async () => {
    const id = await stage.person(named('eve'))
    expect(await grant(ada, id, 'support')).toBe('conflict') // they would be whoever reads their mail
    // A passkey that is not always asked for is a way in, and keeps nobody out.
    await stage.passkey(id, 'Key ring')
    expect(await grant(ada, id, 'support')).toBe('conflict')
    await stage.passkey(id, 'Security key', true)
    expect(await grant(ada, id, 'support')).toBe('done')
    const { items } = await perform('administrators.list', ada, {})
    expect(items).toHaveLength(3)
    expect(items.find(({ account_id }) => account_id === id)).toMatchObject({ role: 'support', second_factor: true })
    expect(items.find(({ account_id }) => account_id === bob.accountId)).toMatchObject({ role: 'admin', second_factor: true })
    expect(await revoke(ada, id)).toBe('done')
    expect(await revoke(ada, id)).toBe('not_found')
    expect(await roles()).toEqual(['ada: admin', 'bob: admin'])
    expect(await stage.trailOf(id)).toEqual([
      { event: 'administrator.granted', actor_id: ada.accountId },
      { event: 'administrator.revoked', actor_id: ada.accountId },
    ])
  })

  test('R-174 the link for the first one is void from then on', async () => {
    expect(await grant(ada, await eve(), 'admin')).toBe('done')
    expect(await stage.sql('select admin_claimed_at as at from deployment')).toEqual([{ at: START }])
  })

  test('is nobody who is suspended, or about to be deleted', async () => {
    const id = await eve()
    await perform('accounts.suspend', ada, { account_id: id })
    expect(await grant(ada, id, 'support')).toBe('conflict')
    await perform('accounts.resume', ada, { account_id: id })
    await perform('accounts.close', ada, { account_id: id })
    expect(await grant(ada, id, 'support')).toBe('conflict')
  })

  test('R-175 is decided by role admin alone, and nobody gives more than they were given', async () => {
    const id = await eve()
    const sam = await stage.administrator('support', named('sam'))
    expect(await grant(sam, sam.accountId, 'admin')).toBe('forbidden')
    await stage.sql(
      `insert into client (id, metadata, policy, secret_hashes, source, created_at, updated_at)
       values ('robot', '{}', '{"adminScopes": ["administrators:write"]}', '{}', 'file', $1, $1)`,
      [START],
    )
    const scopes = new Set(['administrators:write'] as const)
    const robot: ClientActor = { kind: 'client', clientId: 'robot', scopes, who: { actorId: 'robot' } }
    for (const role of ['admin', 'support', 'auditor'] as const) {
      expect([role, await grant(robot, id, role)]).toEqual([role, 'insufficient_scope'])
      expect([role, await grant({ ...ada, scopes }, id, role)]).toEqual([role, 'insufficient_scope'])
    }
    const enough = new Set(ALL_SCOPES.filter((scope) => scope.endsWith(':read') || scope === 'administrators:write'))
    expect(await grant({ ...ada, scopes: enough }, id, 'auditor')).toBe('done')
    expect(await grant({ ...ada, scopes: enough }, id, 'admin')).toBe('insufficient_scope')
  })
})

describe('a role that is taken back or changed', () => {
  const opened = async (id: string) => ({
    console: (await stage.sql('select 1 from account_session where account_id = $1', [id])).length,
    api: (await stage.sql(`select 1 from oidc_record where account_id = $1 and payload ->> 'clientId' = 'cli'`, [id])).length,
    others: (await stage.sql(`select 1 from oidc_record where account_id = $1 and payload ->> 'clientId' = 'crm'`, [id])).length,
  })

  test('R-135 ends what it has opened, at the console and for the API, and nothing else', async () => {
    for (const change of [() => revoke(ada, bob.accountId), () => grant(ada, bob.accountId, 'auditor')]) {
      await stage.sql(`update account set role = 'admin' where id = $1`, [bob.accountId])
      await stage.actorOf(bob.accountId, 'admin')
      await stage.engineSession(bob.accountId, { cli: newId(), crm: newId() })
      const before = await opened(bob.accountId)
      expect(before).toMatchObject({ api: 2, others: expect.any(Number) })
      expect(await change()).toBe('done')
      expect(await opened(bob.accountId)).toEqual({ ...before, console: 0, api: 0 })
    }
  })

  test('R-175 counts for a request that was let in before', async () => {
    const id = await eve()
    expect(await revoke(ada, bob.accountId)).toBe('done')
    expect(await stage.faultOf(perform('accounts.suspend', bob, { account_id: id }))).toBe('unauthorized')
    expect(await grant(bob, bob.accountId, 'admin')).toBe('unauthorized')
  })
})

describe('the last administrator', () => {
  test('stays: is neither revoked, made less, suspended nor deleted', async () => {
    expect(await revoke(ada, bob.accountId)).toBe('done')
    expect(await revoke(ada, ada.accountId)).toBe('last_administrator')
    expect(await grant(ada, ada.accountId, 'auditor')).toBe('last_administrator')
    const local = { kind: 'local', scopes: new Set(ALL_SCOPES), who: { actorId: 'local' } } as const
    expect(await stage.faultOf(perform('accounts.suspend', local, { account_id: ada.accountId }))).toBe('last_administrator')
    expect(await stage.faultOf(perform('accounts.close', local, { account_id: ada.accountId }))).toBe('last_administrator')
    expect(await roles()).toEqual(['ada: admin'])
  })

  test('is not counted with somebody who is suspended', async () => {
    await perform('accounts.suspend', ada, { account_id: bob.accountId })
    expect(await revoke(ada, ada.accountId)).toBe('last_administrator')
  })

  test('R-174 is left when two revoke each other in one moment, on two instances', async () => {
    for (let round = 0; round < 5; round++) {
      await stage.sql('delete from account')
      ada = await stage.administrator('admin', named(`ada${round}`))
      bob = await stage.administrator('admin', named(`bob${round}`))
      const outcomes = await Promise.all([revoke(ada, bob.accountId, 'one'), revoke(bob, ada.accountId, 'two')])
      expect(outcomes.sort()).toEqual(['done', 'unauthorized'])
      expect(await stage.sql(`select 1 from account where role = 'admin'`)).toHaveLength(1)
    }
  })

  test('R-174 is left when two suspend each other, and when two step down, in one moment', async () => {
    const suspend = (actor: PersonActor, account_id: string, by: 'one' | 'two') =>
      stage.faultOf(stage[by].admin.perform('accounts.suspend', actor, { account_id }))
    const outcomes = await Promise.all([suspend(ada, bob.accountId, 'one'), suspend(bob, ada.accountId, 'two')])
    expect(outcomes.sort()).toEqual(['done', 'unauthorized'])
    await stage.sql('delete from account')
    ada = await stage.administrator('admin', named('ada'))
    bob = await stage.administrator('admin', named('bob'))
    const stepped = await Promise.all([revoke(ada, ada.accountId, 'one'), revoke(bob, bob.accountId, 'two')])
    expect(stepped.sort()).toEqual(['done', 'last_administrator'])
  })

  test('R-174 is left when one steps down while another steps down', async () => {
    const roles = createRoleStore(stage.one.db)
    const held = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const first = stage.one.db.transact(async (tx: Tx) => {
      await roles.lock(tx)
      await roles.set(tx, ada.accountId, null)
      held.resolve()
      await goOn.promise
    })
    await held.promise
    const second = revoke(bob, bob.accountId, 'two')
    await Promise.race([waits(), second])
    goOn.resolve()
    await first
    expect(await second).toBe('last_administrator')
  })

  test('cannot suspend or delete themselves', async () => {
    expect(await stage.faultOf(perform('accounts.suspend', ada, { account_id: ada.accountId }))).toBe('conflict')
    expect(await stage.faultOf(perform('accounts.close', ada, { account_id: ada.accountId }))).toBe('conflict')
  })
})

describe('R-175 who asks', () => {
  const may = (actor: PersonActor | ClientActor, now = START) =>
    stage.one.db.transact((tx) => createActorStore(stage.one.db).stillMay(tx, actor, 'accounts:write', now))

  test('a person is asked for by account, role and session, each anew', async () => {
    expect(await may(ada)).toBe(true)
    expect(await may({ ...ada, role: 'support' })).toBe(false)
    expect(await may({ ...ada, accountId: bob.accountId })).toBe(false)
    expect(await may(ada, addSeconds(START, 86_400))).toBe(false)
    const changes = [
      `update account set state = 'suspended' where id = $1`,
      'update account set closing_at = $2::timestamptz where id = $1',
      'update account set role = null where id = $1',
      `delete from oidc_record where model = 'Session' and account_id = $1`,
      'delete from account_session where account_id = $1',
    ]
    for (const change of changes) {
      const actor = await stage.administrator('admin', named(`eve${changes.indexOf(change)}`))
      expect([change, await may(actor)]).toEqual([change, true])
      await stage.sql(change, change.includes('$2') ? [actor.accountId, addSeconds(START, 999)] : [actor.accountId])
      expect([change, await may(actor)]).toEqual([change, false])
    }
  })

  test('a token of a person stands for as long as its grant', async () => {
    const { grants } = await stage.engineSession(ada.accountId, { cli: newId() })
    const token: PersonActor = { ...ada, standing: { grant: grants.cli ?? '' } }
    const byGrant = (id: string, grantId = grants.cli ?? '') => createActorStore(stage.one.db).personByGrant(id, grantId, START)
    expect(await may(token)).toBe(true)
    expect(await byGrant(ada.accountId)).toEqual({ role: 'admin', secondFactor: true })
    expect(await byGrant(bob.accountId)).toBeNull()
    expect(await byGrant(ada.accountId, 'another')).toBeNull()
    await stage.sql(`delete from credential where account_id = $1`, [ada.accountId])
    expect(await byGrant(ada.accountId)).toEqual({ role: 'admin', secondFactor: false })
    await stage.sql(`update account set role = null where id = $1`, [ada.accountId])
    expect(await byGrant(ada.accountId)).toEqual({ role: null, secondFactor: false })
    await stage.sql(`update account set role = 'admin', state = 'suspended' where id = $1`, [ada.accountId])
    expect(await byGrant(ada.accountId)).toBeNull()
    await stage.sql(`update account set state = 'active' where id = $1`, [ada.accountId])
    await stage.sql(`delete from oidc_record where model = 'Grant' and account_id = $1`, [ada.accountId])
    expect(await byGrant(ada.accountId)).toBeNull()
    expect(await may(token)).toBe(false)
  })

  test('a machine is asked for by its registration', async () => {
    await stage.sql(
      `insert into client (id, metadata, policy, secret_hashes, source, created_at, updated_at)
       values ('machine', '{}', '{"adminScopes": ["accounts:write"]}', '{}', 'file', $1, $1)`,
      [START],
    )
    const machine: ClientActor = { kind: 'client', clientId: 'machine', scopes: new Set(ALL_SCOPES), who: { actorId: 'machine' } }
    const known = () => createActorStore(stage.one.db).machine('machine', START)
    expect(await may(machine)).toBe(true)
    expect(await known()).toEqual({ scopes: ['accounts:write'] })
    await stage.sql(`update client set policy = '{"adminScopes": ["accounts:read"]}' where id = 'machine'`)
    expect(await may(machine)).toBe(false)
    await stage.sql(`update client set policy = '{"adminScopes": ["accounts:write"]}', disabled_at = $1 where id = 'machine'`, [
      START,
    ])
    expect([await may(machine), await known()]).toEqual([false, null])
  })
})

describe('a change that is under way', () => {
  test.each(['accounts.suspend', 'administrators.revoke'] as const)(
    'R-175 is waited for by %s of whoever makes it, and one that comes later is refused',
    async (name) => {
      const actors = createActorStore(stage.one.db)
      const order: string[] = []
      const asked = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      const change = stage.one.db.transact(async (tx: Tx) => {
        expect(await actors.stillMay(tx, bob, 'accounts:write', START)).toBe(true)
        asked.resolve()
        await goOn.promise
        order.push('change')
      })
      await asked.promise
      const ended = stage.two.admin.perform(name, ada, { account_id: bob.accountId }).then(() => order.push(name))
      await waits()
      goOn.resolve()
      await Promise.all([change, ended])
      expect(order).toEqual(['change', name])
      expect(await stage.one.db.transact((tx) => actors.stillMay(tx, bob, 'accounts:write', START))).toBe(false)
    },
  )
})
