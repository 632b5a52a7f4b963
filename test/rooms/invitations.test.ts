import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { PersonActor } from '../../src/admin/index.ts'
import { addSeconds, type EmailAddress, Refusal } from '../../src/base/index.ts'
import type { Signup } from '../../src/config/index.ts'
import { email, proofOf } from './accounts-stage.ts'
import { ISSUER, type PeopleStage, START, startPeople } from './admin-people-stage.ts'

let stage: PeopleStage
let ada: PersonActor
let sam: PersonActor

beforeAll(async () => {
  stage = await startPeople()
})
beforeEach(async () => {
  stage.at(0)
  stage.orders.length = 0
  for (const table of ['account', 'invitation', 'audit_entry', 'delivery']) await stage.sql(`delete from ${table}`)
  await stage.sql('update deployment set admin_claimed_at = null')
  ada = await stage.administrator('admin', email('ada@northwind.example'))
  sam = await stage.administrator('support', email('sam@northwind.example'))
})
afterAll(async () => {
  await stage.stop()
})

const DAY = 86_400
const named = (name: string) => email(`${name}@fabrikam.example`)
const perform: PeopleStage['perform'] = (...args) => stage.perform(...args)
const invite = (address: string, more = {}, actor = sam) => perform('invitations.create', actor, { address, ...more })
const prove = (address: EmailAddress, policy: Signup, by: 'one' | 'two' = 'one') =>
  stage[by].db.transact((tx) => stage[by].accountsOf(policy).prove(tx, proofOf(address)))
const door = (address: EmailAddress, policy: Signup) => stage.one.accountsOf(policy).doorFor(address)
const inviteWithRole = (address: EmailAddress) =>
  stage.one.db.transact((tx) =>
    stage.one.inviting.inviteWithRole(tx, { address, role: 'admin', who: { actorId: 'local' }, now: stage.clock.now() }),
  )

const CLOSED: readonly Signup[] = [{ kind: 'closed' }, { kind: 'invited' }, { kind: 'domains', domains: ['corp.example'] }]

describe('somebody who was invited', () => {
  test.each(CLOSED)('may join whatever the policy says ($kind), by that very address, and once', async (policy) => {
    const address = named('invited')
    expect([await door(address, policy), await door(named('stranger'), policy)]).toEqual(['none', 'none'])
    await invite('Invited@Fabrikam.example')
    expect([await door(address, policy), await door(named('stranger'), policy)]).toEqual(['open', 'none'])
    expect(await prove(named('stranger'), policy)).toEqual({ outcome: 'refused', reason: 'signup_closed' })
    expect(await prove(address, policy)).toMatchObject({ outcome: 'created', account: { email: address } })
    expect((await perform('invitations.list', sam, {})).items).toEqual([])
    const events = await stage.sql<{ event: string }>(`select event from audit_entry where event like 'invitation.%' order by id`)
    expect(events.map(({ event }) => event)).toEqual(['invitation.created', 'invitation.accepted'])
    await stage.sql('delete from account where id in (select account_id from address where canonical = $1)', [address])
    expect(await prove(address, policy)).toEqual({ outcome: 'refused', reason: 'signup_closed' })
  })

  test('R-096 is nobody any more once it expired or was taken back, to the second', async () => {
    const policy: Signup = { kind: 'invited' }
    await invite(named('late'), { expires_in_days: 1 })
    const { invitation_id } = await invite(named('withdrawn'))
    stage.at(DAY - 1)
    expect(await door(named('late'), policy)).toBe('open')
    stage.at(DAY)
    expect(await door(named('late'), policy)).toBe('none')
    expect(await prove(named('late'), policy)).toMatchObject({ outcome: 'refused' })
    const young = { ...sam, authTime: stage.clock.now() }
    await stage.sql('update account_session set expires_at = $1', [addSeconds(START, 9 * DAY)])
    await stage.sql('update oidc_record set expires_at = $1', [addSeconds(START, 9 * DAY)])
    expect(await perform('invitations.delete', young, { invitation_id })).toEqual({ done: true })
    expect(await stage.faultOf(perform('invitations.delete', young, { invitation_id }))).toBe('not_found')
    expect(await prove(named('withdrawn'), policy)).toMatchObject({ outcome: 'refused' })
  })

  test('R-087 begins one account when the address is proven by ten at once, on two instances', async () => {
    const address = named('parallel')
    await invite(address)
    const proven = await Promise.all(
      Array.from({ length: 10 }, (_, n) => prove(address, { kind: 'closed' }, n % 2 ? 'one' : 'two')),
    )
    expect(proven.map(({ outcome }) => outcome).sort()).toEqual(['created', ...Array(9).fill('existing')])
    expect(await stage.sql(`select 1 from audit_entry where event = 'invitation.accepted'`)).toHaveLength(1)
  })
})

describe('the role that waits for somebody', () => {
  test('R-174 is theirs with the first proof of the address, and voids the link for the first administrator', async () => {
    const address = named('first')
    await inviteWithRole(address)
    const proven = await prove(address, { kind: 'closed' })
    const id = 'account' in proven ? proven.account.id : ''
    expect(await stage.sql('select role from account where id = $1', [id])).toEqual([{ role: 'admin' }])
    expect(await stage.sql('select admin_claimed_at as at from deployment')).toEqual([{ at: START }])
    expect(await stage.trailOf(id)).toEqual([{ event: 'administrator.granted', actor_id: 'local' }])
    const said = await stage.sql(`select detail from audit_entry where event = 'invitation.accepted'`)
    expect(said).toEqual([{ detail: { role: 'admin' } }])
  })

  test('R-175 no operation gives one, and support neither replaces nor takes back an invitation that holds one', async () => {
    const address = named('first')
    const { invitationId: invitation_id } = await inviteWithRole(address)
    expect(await stage.faultOf(invite(named('x'), { role: 'admin' }))).toBe('invalid_input')
    expect(await stage.faultOf(invite(address))).toBe('forbidden')
    expect(await stage.faultOf(perform('invitations.delete', sam, { invitation_id }))).toBe('forbidden')
    expect((await perform('invitations.list', sam, {})).items).toMatchObject([{ invitation_id, address, role: 'admin' }])
    await invite(address, {}, ada)
    expect((await perform('invitations.list', sam, {})).items).toMatchObject([{ address, role: 'admin' }])
    expect(await perform('invitations.delete', ada, { invitation_id })).toEqual({ done: true })
  })

  test('is not given where the invitation without one came by an open door', async () => {
    await invite(named('plain'))
    const proven = await prove(named('plain'), { kind: 'open' })
    expect(await stage.sql('select role from account where id = $1', ['account' in proven ? proven.account.id : ''])).toEqual([
      { role: null },
    ])
  })
})

describe('an invitation', () => {
  test('R-156, R-175 is left only by who may look up whom there is, since its answer says so', async () => {
    await stage.person(email('here-already@fabrikam.example'))
    const blind = { ...ada, scopes: new Set(['accounts:write'] as const) }
    for (const address of ['here-already@fabrikam.example', 'nobody-here@fabrikam.example'])
      expect(await stage.faultOf(stage.perform('invitations.create', blind, { address }))).toBe('insufficient_scope')
  })

  test('is listed newest first, renewed by another one, and not for somebody who is here', async () => {
    const first = await invite(named('one'))
    stage.at(60)
    await invite(named('two'))
    stage.at(120)
    expect((await invite(named('one'), { expires_in_days: 90 })).invitation_id).toBe(first.invitation_id)
    const { items, next } = await perform('invitations.list', sam, { limit: 1 })
    expect(items).toMatchObject([{ address: named('one'), expires_at: addSeconds(START, 120 + 90 * DAY).toISOString() }])
    const rest = await perform('invitations.list', sam, { limit: 1, cursor: next ?? '' })
    expect(rest).toMatchObject({ items: [{ address: named('two') }], next: null })
    expect(await stage.faultOf(invite('sam@northwind.example'))).toBe('conflict')
    await expect(invite('+49 1512 7000001')).rejects.toMatchObject({ faults: [{ field: 'address' }] })
    await expect(invite(named('three'), { client_id: 'nothing' })).rejects.toMatchObject({ faults: [{ field: 'client_id' }] })
  })

  test('R-178 is told by a mail that names nobody and leads to the application; nothing in it opens anything', async () => {
    await stage.sql('update account set profile = $2 where id = $1', [sam.accountId, { name: 'Click http://evil.example' }])
    await invite(named('mailed'), { client_id: 'crm' })
    await invite(named('mailed-own'))
    await inviteWithRole(named('mailed-role'))
    expect(stage.orders).toMatchObject([
      { message: 'invitation', target: named('mailed'), channel: 'email', challengeId: null, locale: 'en' },
      { target: named('mailed-own') },
      { target: named('mailed-role') },
    ])
    const { compose } = stage.one.mails
    const mail = await compose(stage.due(named('mailed')))
    if (mail?.channel !== 'email') throw new Error('there is no mail')
    expect(mail).toMatchObject({ subject: 'You are invited to Contoso CRM', facts: { link: 'https://crm.example/', code: null } })
    expect(mail.text + mail.html).not.toMatch(/evil|sam@northwind/)
    expect(await compose(stage.due(named('mailed-own'), 'de'))).toMatchObject({
      subject: 'Sie sind zu Doorward eingeladen',
      facts: { link: `${ISSUER}/account` },
    })
    expect(await compose(stage.due(named('mailed-role')))).toMatchObject({ facts: { link: `${ISSUER}/admin` } })
    await prove(named('mailed'), { kind: 'closed' })
    expect(await compose(stage.due(named('mailed')))).toBeNull()
    stage.at(14 * DAY)
    expect(await compose(stage.due(named('mailed-own')))).toBeNull()
  })

  test('R-156 is counted: an actor leaves a hundred within an hour, at once or one by one, and an address gets three a day', async () => {
    await stage.sql(
      `insert into audit_entry (at, event, actor_id) select $1, 'invitation.created', $2 from generate_series(1, 98)`,
      [addSeconds(START, -60), sam.accountId],
    )
    const asked = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => invite(named(name))))
    const refused = asked.filter((one) => one.status === 'rejected').map(({ reason }) => reason)
    expect(refused).toHaveLength(2)
    for (const reason of refused) expect(reason instanceof Refusal && reason.code).toBe('too_many_requests')
    expect((await invite(named('e'), {}, ada)).invitation_id).toBeTruthy()
    await stage.sql(
      `insert into delivery (id, channel, message, target, locale, created_at, due_at, give_up_at)
       select 'm' || n, 'email', 'invitation', $2, 'en', $1, $1, $1 from generate_series(1, 3) n`,
      [START, named('flooded')],
    )
    await expect(invite(named('flooded'), {}, ada)).rejects.toThrow('too_many_requests')
  })
})
