import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, createMetrics } from '../../src/base/index.ts'
import { createDelivery } from '../../src/delivery/index.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createDeliveryStore } from '../../src/store/deliveries.ts'
import { cleanUp, LIFETIMES, onEnd, START, stage, TO } from './delivery-stage.ts'

const CLAIM_SECONDS = 40
const claimFrom = (now: Date) => ({ email: addSeconds(now, CLAIM_SECONDS), sms: addSeconds(now, CLAIM_SECONDS) })

afterEach(cleanUp)

describe('many workers, and workers that die', () => {
  test('twenty workers with one message send it once', async () => {
    const house = await stage()
    const other = openDatabase({ ...house.options, metrics: createMetrics() })
    onEnd(() => other.close())
    const second = createDelivery({
      ...house.deps,
      store: createDeliveryStore(other, LIFETIMES),
      transact: other.transact,
      metrics: createMetrics(),
    })
    const id = await house.order()
    const workers = Array.from({ length: 20 }, (_, index) => (index % 2 ? second : house.delivery))
    await Promise.all(workers.map((worker) => worker.deliver(id)))
    expect(house.mailbox.seen).toHaveLength(1)
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', tries: 1 })
  })

  test('F-19 a message whose worker died is taken up again after its claim, and not before', async () => {
    const house = await stage()
    const id = await house.order()
    house.jobs.splice(0)
    await house.deps.store.claim(id, house.now(), claimFrom(house.now()))
    expect(await house.delivery.resume()).toBe(0)
    await house.delivery.deliver(id)
    expect(house.mailbox.seen).toEqual([])
    house.wait(CLAIM_SECONDS)
    expect(await house.delivery.resume()).toBe(1)
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
    expect(await house.metrics.metrics()).toContain('doorward_messages_waiting 1')
    await house.delivery.resume()
    expect(await house.metrics.metrics()).toContain('doorward_messages_waiting 0')
  })

  test('F-19 a message whose workers died twice while sending is not sent a third time', async () => {
    const house = await stage()
    const id = await house.order()
    for (const _ of [1, 2]) {
      await house.deps.store.claim(id, house.now(), claimFrom(house.now()))
      house.wait(CLAIM_SECONDS)
    }
    await house.work()
    expect(house.mailbox.seen).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'unanswered' })
  })

  test('a message without a job gets one again, with the time it was due at', async () => {
    const house = await stage()
    const id = await house.order()
    house.jobs.splice(0)
    expect(await house.delivery.resume()).toBe(0)
    house.wait(20)
    expect(await house.delivery.resume()).toBe(1)
    expect(house.jobs).toEqual([{ id, runAt: START }])
  })

  test('a worker that lost its claim can record a hand-over, and nothing else', async () => {
    const house = await stage()
    const { store } = house.deps
    const id = await house.order()
    await store.claim(id, house.now(), claimFrom(house.now()))
    house.wait(CLAIM_SECONDS)
    await store.claim(id, house.now(), claimFrom(house.now()))
    const inTx = house.db.transact
    expect(await inTx((tx) => store.defer(tx, id, 1, 'smtp_421', house.now()))).toBe(false)
    expect(await inTx((tx) => store.end(tx, id, 1, 'refused', 'smtp_550'))).toBe(false)
    const detail = { deliveryId: id, channel: 'email', route: 'smtp', seconds: 0 }
    const entry = house.deps.audit.prepare('message.handed_over', { detail })
    const handed = { at: house.now(), route: 'smtp', receiptId: null, entry }
    expect(await store.handOver(id, handed)).toBe(true)
    expect(await inTx((tx) => store.end(tx, id, 2, 'refused', 'smtp_550'))).toBe(false)
    expect(await store.handOver(id, handed)).toBe(false)
    expect(await house.row(id)).toMatchObject({ state: 'handed_over' })
    expect(await house.events()).toEqual(['message.queued', 'message.handed_over'])
  })

  test('F-32 a server that hangs for all is given one mail fewer than jobs run at once: the others are put off, and work goes on', async () => {
    const house = await stage({ jobsAtOnce: 4 })
    house.mailbox.setBehaviour('drip')
    const ids = await Promise.all(Array.from({ length: 5 }, () => house.order()))
    const reasons: unknown[] = []
    await Promise.all(
      ids.map(async (id) => {
        await house.delivery.deliver(id)
        reasons.push((await house.row(id))?.reason)
      }),
    )
    expect(reasons).toEqual(['route_busy', 'route_busy', 'unanswered', 'unanswered', 'unanswered'])
    expect(house.mailbox.seen).toHaveLength(3)
    // Whoever waits for a moment only gets the next place.
    house.mailbox.setBehaviour('accept')
    await Promise.all(Array.from({ length: 12 }, async () => house.delivery.deliver(await house.order())))
    expect(house.mailbox.received).toHaveLength(12)
  })
})
