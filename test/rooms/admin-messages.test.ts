import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, createLog, type PhoneNumber } from '../../src/base/index.ts'
import { eraseAccount } from '../../src/store/erasure.ts'
import { createSweep } from '../../src/store/index.ts'
import { desk, OTTO } from './admin-messages-stage.ts'
import { cleanUp, GIVE_UP_SECONDS, NUMBER, START, TO } from './delivery-stage.ts'

afterEach(cleanUp)

const DAY = 86_400

describe('what was sent to whom', () => {
  test('the newest first, by address in full, channel and state', async () => {
    const house = await desk()
    const first = await house.order()
    house.wait(1)
    const second = await house.order(OTTO)
    house.wait(1)
    const text = await house.orderText()
    await house.work()
    const ids = async (input = {}) => (await house.list(input)).items.map(({ message_id }) => message_id)
    expect(await ids()).toEqual([text, second, first])
    expect(await ids({ to: 'Maria@FABRIKAM.example' })).toEqual([first])
    expect(await ids({ to: '+49 151 12345678' })).toEqual([text])
    expect(await ids({ channel: 'email' })).toEqual([second, first])
    expect(await ids({ state: 'handed_over' })).toEqual([first])
    expect(await ids({ state: 'queued', channel: 'email', to: TO })).toEqual([])
    expect(await ids({ to: 'nobody@fabrikam.example' })).toEqual([])
    const { items } = await house.list({ to: TO })
    expect(items).toEqual([
      {
        ...{ message_id: first, channel: 'email', message: 'sign-in', to: TO, state: 'handed_over', reason: null, tries: 1 },
        ...{ route: expect.any(String), created_at: START.toISOString(), delivered_at: null, next_try_at: null },
        ...{ handed_over_at: addSeconds(START, 2).toISOString(), can_retry: false },
      },
    ])
    expect(await house.get({ message_id: first })).toEqual(items[0])
    expect(await house.get({ message_id: second })).toMatchObject({
      can_retry: true,
      next_try_at: addSeconds(START, 1).toISOString(),
    })
    await expect(house.get({ message_id: 'x' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('what is no address in full finds nothing and says so', async () => {
    const house = await desk()
    for (const to of ['maria', '@fabrikam.example', '%', '5', "' or 1=1"]) {
      await expect(house.list({ to })).rejects.toMatchObject({ code: 'invalid_input', faults: [{ field: 'to' }] })
    }
  })

  test('R-176 pages neither skip nor repeat a message of one moment', async () => {
    const house = await desk()
    for (let n = 0; n < 11; n++) await house.order()
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof house.list>> = await house.list({ to: TO, limit: 4, ...(cursor && { cursor }) })
      seen.push(...page.items.map(({ message_id }) => message_id))
      cursor = page.next
    } while (cursor)
    expect(new Set(seen).size).toBe(11)
    const { next } = await house.list({ to: TO, limit: 4 })
    await expect(house.list({ to: OTTO, limit: 4, cursor: next })).rejects.toMatchObject({ code: 'bad_request' })
  })
})

describe('sending a message again', () => {
  test('R-175 one that waits is due now, once for all who press at once, and the trail names who did it', async () => {
    const house = await desk()
    const id = await house.order()
    await house.sql(`update delivery set state = 'deferred', reason = 'smtp_451', tries = 3, due_at = $2 where id = $1`, [
      id,
      addSeconds(START, 60),
    ])
    house.jobs.length = 0
    house.wait(1)
    const answers = await Promise.all(Array.from({ length: 5 }, () => house.retry({ message_id: id })))
    for (const answer of answers) {
      expect(answer).toMatchObject({ state: 'deferred', next_try_at: addSeconds(START, 1).toISOString(), can_retry: true })
    }
    expect(house.jobs).toEqual([{ id }])
    expect(await house.retried()).toEqual([{ actor_id: 'local', ip: '192.0.2.9', id }])
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', tries: 4 })
  })

  test('one that was refused goes out once, however many press', async () => {
    const house = await desk()
    const id = await house.order()
    await house.refused(id)
    expect(await house.get({ message_id: id })).toMatchObject({ state: 'refused', can_retry: true })
    const answers = await Promise.all(Array.from({ length: 5 }, () => house.retry({ message_id: id })))
    for (const answer of answers) expect(answer).toMatchObject({ state: 'queued', reason: null })
    expect(house.jobs).toEqual([{ id }])
    expect(await house.retried()).toHaveLength(1)
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
    await expect(house.retry({ message_id: id })).rejects.toMatchObject({ code: 'conflict' })
    expect(house.jobs).toEqual([])
  })

  test('R-153 a text that the budget refused is counted when it goes out, and is sent once', async () => {
    const house = await desk()
    const id = await house.orderText()
    await house.refused(id, 'no_budget')
    expect(house.money.reserved).toEqual([])
    await house.retry({ message_id: id })
    await house.work()
    expect(house.money.reserved).toEqual([id])
    expect(await house.row(id)).toMatchObject({ state: 'handed_over' })
  })

  const challenge = (change: string) =>
    `update challenge set ${change} where id = (select challenge_id from delivery where id = $1)`
  const hopeless: [string, string][] = [
    ['was handed over once, and came back', `update delivery set handed_at = created_at where id = $1`],
    ['was given up', `update delivery set state = 'expired' where id = $1`],
    ['is being sent', `update delivery set state = 'sending', claimed_until = give_up_at where id = $1`],
    ['is out of time', `update delivery set give_up_at = created_at where id = $1`],
    ['was to nobody', `update delivery set target = '' where id = $1`],
    ['answers a challenge that was met', challenge(`state = 'used'`)],
    ['answers a challenge that is out of time', challenge('expires_at = first_sent_at')],
    ['answers an attempt that ended', `update attempt set state = 'ended' where $1 <> ''`],
    ['answers an attempt that is out of time', `update attempt set expires_at = created_at where $1 <> ''`],
    ['answers a challenge that is gone', `delete from attempt where $1 <> ''`],
    [
      'is to an address that takes none',
      `insert into suppression select target_key, channel, 'bounced', created_at from delivery where id = $1`,
    ],
  ]
  for (const [what, sql] of hopeless) {
    test(`R-153 a refused message that ${what} is not sent again`, async () => {
      const house = await desk()
      const id = await house.order()
      await house.refused(id)
      await house.sql(sql, [id])
      const before = await house.row(id)
      expect(await house.get({ message_id: id })).toMatchObject({ can_retry: false })
      await expect(house.retry({ message_id: id })).rejects.toMatchObject({ code: 'conflict' })
      expect([await house.row(id), house.jobs, await house.retried()]).toEqual([before, [], []])
    })
  }

  test('a message about an account goes out again until its person objected', async () => {
    const house = await desk()
    await house.sql(`insert into account (id, created_at) values ('maria', $1)`, [START])
    await house.sql(
      `insert into notice (id, account_id, kind, device, created_at) values ('n', 'maria', 'device_new', 'd', $1)`,
      [START],
    )
    const order = { ...house.wanted(), challengeId: null, noticeId: 'n', message: 'notice' as const }
    const { id } = await house.db.transact((tx) => house.delivery.queue(tx, order))
    await house.refused(id)
    expect(await house.get({ message_id: id })).toMatchObject({ can_retry: true })
    await house.sql('update notice set objected_at = $1', [START])
    await expect(house.retry({ message_id: id })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('of a message that nobody knows nothing is said', async () => {
    const house = await desk()
    await expect(house.retry({ message_id: 'x' })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('R-185 messages', () => {
  test('stay for 30 days, though what they answered is gone, and no longer', async () => {
    const house = await desk()
    const old = await house.order()
    house.wait(1)
    const young = await house.order(OTTO)
    const sweepAt = (at: Date) => createSweep({ db: house.db, clock: { now: () => at }, log: createLog('silent') })()
    await sweepAt(addSeconds(START, GIVE_UP_SECONDS + 2 * 3600))
    expect(await house.sql('select id from challenge')).toEqual([])
    expect((await house.list()).items).toHaveLength(2)
    await sweepAt(addSeconds(START, 30 * DAY))
    expect(await house.row(old)).toBeDefined()
    expect(await sweepAt(addSeconds(START, 30 * DAY + 0.5))).toEqual({ delivery: 1 })
    expect(await house.sql('select id from delivery')).toEqual([{ id: young }])
  })

  test('whose challenge is gone are given up by whoever takes up their job', async () => {
    const house = await desk()
    const id = await house.order()
    await house.sql('delete from attempt')
    await house.work()
    expect(house.mailbox.seen).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'obsolete' })
    expect(await house.events()).toEqual(['message.queued', 'message.expired'])
  })

  test('to the addresses of an account go when it is erased, and no others', async () => {
    const house = await desk()
    await house.sql(`insert into account (id, created_at) values ('maria', $1), ('otto', $1)`, [START])
    const owned = `insert into address (kind, canonical, account_id, proven_at, created_at) values ($1, $2, $3, $4, $4)`
    for (const [kind, address, who] of [
      ['email', TO, 'maria'],
      ['phone', NUMBER, 'maria'],
      ['email', OTTO, 'otto'],
    ]) {
      await house.sql(owned, [kind, address, who, START])
    }
    await house.order()
    await house.orderText()
    const other = await house.order(OTTO)
    const stranger = await house.orderText('+4915112345679' as PhoneNumber)
    await house.db.transact((tx) => eraseAccount(tx, 'maria', START))
    const left = await house.sql<{ id: string }>('select id from delivery')
    expect(left.map(({ id }) => id).sort()).toEqual([other, stranger].sort())
  })

  test('of an attempt as an account go with it, wherever they were sent', async () => {
    const house = await desk()
    await house.sql(`insert into account (id, created_at) values ('maria', $1)`, [START])
    await house.order()
    await house.sql(`update attempt set account_id = 'maria'`)
    await house.db.transact((tx) => eraseAccount(tx, 'maria', START))
    expect(await house.sql('select id from delivery')).toEqual([])
  })
})

test('the trail says in how many seconds a mail was taken', async () => {
  const house = await desk()
  await house.order()
  house.wait(1.5)
  await house.work()
  const [row] = await house.sql<{ detail: object }>(`select detail from audit_entry where event = 'message.handed_over'`)
  expect(row?.detail).toMatchObject({ channel: 'email', seconds: 1.5 })
})
