import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, createMetrics } from '../../src/base/index.ts'
import { createHolder, firstTry } from '../../src/delivery/held.ts'
import { createDelivery, type Delivery } from '../../src/delivery/index.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createDeliveryStore } from '../../src/store/deliveries.ts'
import { query } from '../support/database.ts'
import { cleanUp, keyOf, LIFETIMES, onEnd, START, stage, TO } from './delivery-stage.ts'

afterEach(cleanUp)

const AT_ONCE = { hasPlace: () => true }
/** As docs/architecture.md says it. */
const HELD_SECONDS = 30
/** How far the clocks of two instances may be apart, each by `CLOCK_SKEW_MAX` from the database's. */
const APART_SECONDS = 20

type House = Awaited<ReturnType<typeof stage>>

/** Does what the process that was asked begins after the commit. */
async function begin(house: House): Promise<void> {
  const [held] = house.begun.splice(0)
  if (!held) throw new Error('nothing was begun')
  await held()
}

/** Another process on the same database. */
function another(house: House): Delivery {
  const metrics = createMetrics()
  const db = openDatabase({ ...house.options, metrics })
  onEnd(() => db.close())
  return createDelivery({ ...house.deps, store: createDeliveryStore(db, LIFETIMES), transact: db.transact, metrics })
}

function holderOf({ deps, clock }: House, usualMs: number) {
  const { store, transact } = deps
  return createHolder({ store, transact, enqueue: async () => {}, clock, holdSeconds: 90, usualMs })
}

async function claimedUntil(house: House, id: string): Promise<Date | undefined> {
  const [row] = await query<{ until: Date }>(house.url, 'select claimed_until as until from delivery where id = $1', [id])
  return row?.until
}

async function updatesOf(house: House, id: string): Promise<number> {
  const [row] = await query<{ writes: number }>(house.url, 'select writes from written where id = $1', [id])
  return row?.writes ?? 0
}

async function countUpdates(house: House): Promise<void> {
  await query(house.url, 'create table written (id text primary key, writes int not null)')
  await query(
    house.url,
    `create function count_write() returns trigger language plpgsql as $$ begin
       insert into written values (new.id, 1) on conflict (id) do update set writes = written.writes + 1; return new; end $$`,
  )
  await query(house.url, 'create trigger counted before update on delivery for each row execute function count_write()')
}

describe('a mail that the process that was asked sends at once', () => {
  test('is claimed with its row: one update is all until the server has it, and nobody else sends it', async () => {
    const house = await stage(AT_ONCE)
    await countUpdates(house)
    const id = await house.order()
    expect(await house.row(id)).toMatchObject({ state: 'sending', tries: 1, reason: null })
    await house.delivery.deliver(id)
    expect([house.mailbox.seen, house.jobs]).toEqual([[], []])
    await begin(house)
    expect(house.mailbox.count(TO)).toBe(1)
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', tries: 1, route: 'smtp' })
    expect(await updatesOf(house, id)).toBe(1)
    expect(await house.handedAt()).toEqual(START)
    expect(await house.events()).toEqual(['message.queued', 'message.handed_over'])
  })

  test('F-19 and whose process died is sent by another after 30 seconds, not before, and once', async () => {
    const house = await stage(AT_ONCE)
    const other = another(house)
    const id = await house.order()
    house.wait(HELD_SECONDS - 0.001)
    expect(await other.resume()).toBe(0)
    await other.deliver(id)
    expect(await house.row(id)).toMatchObject({ state: 'sending', tries: 1 })
    house.wait(0.001)
    expect(await other.resume()).toBe(1)
    await other.deliver(id)
    await begin(house)
    expect(house.mailbox.seen).toHaveLength(1)
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', tries: 2 })
  })

  test('F-19 and whose process, and then another, died while sending is not sent a third time', async () => {
    const house = await stage(AT_ONCE)
    const id = await house.order()
    house.wait(HELD_SECONDS)
    await house.deps.store.claim(id, house.now(), { email: addSeconds(house.now(), 40), sms: house.now() })
    house.wait(40)
    await house.delivery.deliver(id)
    expect(house.mailbox.seen).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'unanswered' })
  })

  test('whose turn comes so late that its claim may end meanwhile is left to the queue, as one that nobody has begun', async () => {
    const house = await stage(AT_ONCE)
    const id = await house.order()
    house.wait(HELD_SECONDS / 10)
    await begin(house)
    expect([house.mailbox.seen, house.jobs]).toEqual([[], [{ id }]])
    expect(await house.row(id)).toMatchObject({ state: 'queued', tries: 0, reason: null })

    // It may still be tried twice: a server that does not answer once does not end it.
    house.mailbox.setBehaviour('hang-after-data')
    await house.work()
    expect(await house.row(id)).toMatchObject({ state: 'deferred', reason: 'unanswered', tries: 1 })
    house.mailbox.setBehaviour('accept')
    await house.work()
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', tries: 2 })
  })

  test('whose turn comes late is not given back by whoever has lost it', async () => {
    const house = await stage(AT_ONCE)
    const id = await house.order()
    house.wait(HELD_SECONDS)
    await house.deps.store.claim(id, house.now(), { email: addSeconds(house.now(), 40), sms: house.now() })
    await begin(house)
    expect([house.jobs, await house.row(id)]).toMatchObject([[], { state: 'sending', tries: 2 }])
  })

  test('is not taken from whoever sends it by an instance whose clock is ahead, as far as clocks may be', async () => {
    const house = await stage(AT_ONCE)
    const ahead = createDelivery({ ...house.deps, clock: { now: () => addSeconds(house.now(), APART_SECONDS) } })
    const found: number[] = []
    const holding = holderOf(house, 0)
    const id = await house.order()
    const due = firstTry({ ...house.wanted(), id, noticeId: null, targetKey: keyOf(TO), createdAt: START })
    house.wait(HELD_SECONDS / 10 - 0.001) // the last moment to begin
    found.push(await ahead.resume())
    house.wait(4) // the first moment to claim anew
    found.push(await ahead.resume())
    await holding({ ...due, createdAt: house.now() }, async () => {
      while ((await claimedUntil(house, id))?.getTime() !== addSeconds(house.now(), 90).getTime()) await new Promise(setImmediate)
    })
    house.wait(60)
    found.push(await ahead.resume())
    expect(found).toEqual([0, 0, 0])
  })

  test('stays claimed while a slow server takes its time, unless somebody else has it by then', async () => {
    const house = await stage(AT_ONCE)
    const { store } = house.deps
    const holding = holderOf(house, 1)
    const slow = async (id: string, until: Date) => {
      const due = firstTry({ ...house.wanted(), id, noticeId: null, targetKey: keyOf(TO), createdAt: house.now() })
      await holding(due, async () => {
        while ((await claimedUntil(house, id))?.getTime() !== until.getTime()) await new Promise(setImmediate)
      })
    }
    const id = await house.order()
    await slow(id, addSeconds(START, 90))
    house.wait(HELD_SECONDS)
    expect(await house.delivery.resume()).toBe(0)

    house.wait(90)
    const theirs = addSeconds(house.now(), 40)
    await store.claim(id, house.now(), { email: theirs, sms: theirs })
    await store.hold(id, 1, addSeconds(house.now(), 90))
    expect(await claimedUntil(house, id)).toEqual(theirs)
  })

  test('is not sent when what it is for has ended between the commit and the try', async () => {
    const house = await stage({ ...AT_ONCE, compose: async () => null })
    const id = await house.order()
    await begin(house)
    expect(house.mailbox.seen).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'obsolete' })
  })

  test('that the server puts off waits like any other', async () => {
    const house = await stage(AT_ONCE)
    house.mailbox.setBehaviour({ code: 421 })
    const id = await house.order()
    await begin(house)
    expect(await house.row(id)).toMatchObject({ state: 'deferred', reason: 'smtp_421', tries: 1 })
    house.mailbox.setBehaviour('accept')
    await house.work()
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', tries: 2 })
  })

  test('leaves nothing behind when its transaction is rolled back', async () => {
    const house = await stage(AT_ONCE)
    const undone = house.db.transact(async (tx) => {
      await house.delivery.queue(tx, house.wanted())
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    expect([house.begun, await house.events()]).toEqual([[], []])
  })
})

describe('a message that waits for its claim', () => {
  test('is a mail to an address that takes none: it is refused unsent, also where this process has a place', async () => {
    const house = await stage(AT_ONCE)
    await query(
      house.url,
      `insert into suppression (target_key, channel, reason, created_at) values ($1, 'email', 'bounced', $2)`,
      [keyOf(TO), START],
    )
    const id = await house.order()
    expect([house.begun, await house.row(id)]).toMatchObject([[], { state: 'queued', tries: 0 }])
    await house.work()
    expect(house.mailbox.seen).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'refused', reason: 'bounced' })
  })

  test('F-19 is a text: one that was never begun is sent once, not given up as one that may have arrived', async () => {
    const house = await stage(AT_ONCE)
    const id = await house.orderText()
    expect([house.begun, await house.row(id)]).toMatchObject([[], { state: 'queued', tries: 0 }])
  })
})
