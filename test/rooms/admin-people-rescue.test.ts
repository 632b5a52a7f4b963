import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { PersonActor } from '../../src/admin/index.ts'
import { addSeconds } from '../../src/base/index.ts'
import { email } from './accounts-stage.ts'
import { type PeopleStage, START, startPeople } from './admin-people-stage.ts'

const HOUR = 3600
const DAY = 24 * HOUR

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

const perform: PeopleStage['perform'] = (...args) => stage.perform(...args)
const moments = (opens: number) => ({
  opens_at: addSeconds(START, opens).toISOString(),
  lapses_at: addSeconds(START, opens + DAY).toISOString(),
})
const rescueOf = async (account_id: string) => (await perform('accounts.get', sam, { account_id })).rescue

/** Somebody with an authenticator that they lost. */
async function loser(name: string): Promise<{ account_id: string }> {
  const account_id = await stage.person(email(`${name}@fabrikam.example`))
  await stage.authenticator(account_id, 'Old phone')
  return { account_id }
}

test('R-118 a rescue is begun, and its answer holds when it opens and no secret; its person is told, and can stop it', async () => {
  const one = await loser('lost')
  stage.orders.length = 0
  expect(await perform('accounts.start-rescue', sam, { ...one, reason: 'Called from a known number' })).toEqual(moments(2 * DAY))
  expect(await rescueOf(one.account_id)).toEqual({
    ...{ ...moments(2 * DAY), started_at: START.toISOString(), started_by: 'administrator' },
    ...{ device: 'Administration', ready: false },
  })
  expect(stage.orders).toMatchObject([{ message: 'notice', target: 'lost@fabrikam.example', locale: 'de' }])
  const [notice] = await stage.sql('select kind, device, detail, object_until from notice where account_id = $1', [
    one.account_id,
  ])
  expect(notice).toMatchObject({ kind: 'rescue_started', device: 'Administration', object_until: addSeconds(START, 3 * DAY) })
  expect(notice).toHaveProperty('detail.undo.rescueId')
  const [row] = await stage.sql(
    'select event, actor_id, detail from audit_entry where account_id = $1 and actor_id is not null',
    [one.account_id],
  )
  expect(row).toEqual({
    ...{ event: 'rescue.started', actor_id: sam.accountId },
    detail: { waitSeconds: 2 * DAY, reason: 'Called from a known number' },
  })
  expect(await stage.faultOf(perform('accounts.start-rescue', ada, one))).toBe('conflict')
})

test('R-118 it is made shorter, never below the time in which its person can stop it, and never longer', async () => {
  const one = await loser('in-a-hurry')
  const shorten = (opens_in_minutes?: number) =>
    perform('accounts.shorten-rescue', sam, { ...one, ...(opens_in_minutes !== undefined && { opens_in_minutes }) })
  expect(await stage.faultOf(shorten())).toBe('conflict')
  expect(await stage.faultOf(perform('accounts.start-rescue', sam, { ...one, opens_in_minutes: 59 }))).toBe('invalid_input')
  await perform('accounts.start-rescue', sam, { ...one, opens_in_minutes: 24 * 60 })
  expect(await stage.faultOf(shorten(59))).toBe('invalid_input')
  expect(await stage.faultOf(shorten(25 * 60))).toBe('conflict')
  stage.orders.length = 0
  expect(await shorten(120)).toEqual(moments(2 * HOUR))
  expect(await shorten()).toEqual(moments(HOUR))
  expect(stage.orders).toHaveLength(2)
  expect(await rescueOf(one.account_id)).toMatchObject(moments(HOUR))
  expect((await stage.trailOf(one.account_id)).map(({ event }) => event)).toEqual([
    ...['rescue.started', 'rescue.shortened', 'rescue.shortened'],
  ])
})

test('it is stopped, its person is told, and it is none then', async () => {
  const one = await loser('found')
  expect(await stage.faultOf(perform('accounts.cancel-rescue', sam, one))).toBe('not_found')
  await perform('accounts.start-rescue', sam, one)
  stage.orders.length = 0
  expect(await perform('accounts.cancel-rescue', sam, one)).toEqual({ done: true })
  expect(stage.orders).toMatchObject([{ message: 'notice', target: 'found@fabrikam.example' }])
  expect(await rescueOf(one.account_id)).toBeNull()
  expect(await stage.faultOf(perform('accounts.cancel-rescue', sam, one))).toBe('not_found')
  expect(await stage.sql('select state, ended_by from rescue where account_id = $1', [one.account_id])).toEqual([
    { state: 'cancelled', ended_by: sam.accountId },
  ])
})

test('it is for somebody with a second factor, an address, and an account that stays', async () => {
  const start = (account_id: string) => stage.faultOf(perform('accounts.start-rescue', sam, { account_id }))
  expect(await start(await stage.person(email('no-factor@fabrikam.example')))).toBe('conflict')
  const { account_id: suspended } = await loser('suspended')
  await perform('accounts.suspend', sam, { account_id: suspended })
  expect(await start(suspended)).toBe('conflict')
  const { account_id: leaving } = await loser('leaving')
  await stage.sql('update address set leaves_at = $2 where account_id = $1', [leaving, addSeconds(START, DAY)])
  expect(await start(leaving)).toBe('conflict')
  expect(await start('nobody')).toBe('not_found')
})

test('R-118, R-175 a role that is given while a rescue waits ends it: it was begun by who may not rescue administrators', async () => {
  const one = await loser('promoted')
  await perform('accounts.start-rescue', sam, one)
  stage.orders.length = 0
  expect(await perform('administrators.grant', ada, { ...one, role: 'admin' })).toEqual({ done: true })
  expect(await rescueOf(one.account_id)).toBeNull()
  expect(stage.orders).toMatchObject([{ message: 'notice' }])
})

test('R-175 nobody rescues themselves, and an administrator is rescued by another one, who keeps their role', async () => {
  const eve = await stage.administrator('auditor', email('eve@northwind.example'))
  const one = { account_id: eve.accountId }
  expect(await stage.faultOf(perform('accounts.start-rescue', ada, { account_id: ada.accountId }))).toBe('conflict')
  expect(await stage.faultOf(perform('accounts.start-rescue', sam, one))).toBe('forbidden')
  expect(await stage.faultOf(perform('accounts.start-rescue', ada, one))).toBe('done')
  expect(await perform('accounts.get', ada, one)).toMatchObject({ role: 'auditor', rescue: { started_by: 'administrator' } })
})

test('when somebody got back in by one stands in their view', async () => {
  const one = await loser('back')
  expect((await perform('accounts.get', sam, one)).recovered_at).toBeNull()
  await stage.sql('update account set recovered_at = $2 where id = $1', [one.account_id, START])
  expect((await perform('accounts.get', sam, one)).recovered_at).toBe(START.toISOString())
})
