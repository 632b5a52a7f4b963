import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import type { Composed } from '../../src/delivery/index.ts'
import { query } from '../support/database.ts'
import { startMailbox } from '../support/mailbox.ts'
import { CODE, cleanUp, GIVE_UP_SECONDS, LIFETIMES, MAIL, onEnd, START, stage, TO } from './delivery-stage.ts'

afterEach(cleanUp)

describe('a message and its state', () => {
  test('a message is handed over once, and its challenge, the page and the trail learn of it together', async () => {
    const house = await stage()
    const id = await house.order()
    expect(await house.delivery.newestState(house.challengeId)).toEqual({ state: 'queued' })
    house.wait(2)
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
    expect(await house.delivery.newestState(house.challengeId)).toEqual({ state: 'handed_over', at: addSeconds(START, 2) })
    expect(await house.handedAt()).toEqual(addSeconds(START, 2))
    expect(await house.events()).toEqual(['message.queued', 'message.handed_over'])
    await house.delivery.deliver(id)
    expect(house.mailbox.seen).toHaveLength(1)
    expect(await house.metrics.metrics()).toContain('outcome="handed_over",reason="none"} 1')
  })

  test('a message whose transaction is rolled back leaves neither row nor job', async () => {
    const house = await stage()
    await expect(
      house.db.transact(async (tx) => {
        await house.delivery.queue(tx, house.wanted())
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await house.delivery.newestState(house.challengeId)).toBeNull()
    expect(await house.events()).toEqual([])
  })

  test('a hand-over that cannot be recorded whole is not recorded at all', async () => {
    const house = await stage()
    const id = await house.order()
    await query(house.url, 'alter table challenge add check (last_handed_at is null)')
    await expect(house.delivery.deliver(id)).rejects.toThrow('constraint')
    expect(await house.row(id)).toMatchObject({ state: 'sending', handed_at: null })
    expect(await house.events()).toEqual(['message.queued'])
  })

  test('after a hand-over a challenge lasts its time anew, never beyond its cap, and one that leads to nobody no longer', async () => {
    const house = await stage()
    const end = async (change: string) => {
      await query(house.url, `update challenge set ${change}, expires_at = $1`, [addSeconds(START, GIVE_UP_SECONDS)])
      await house.delivery.deliver(await house.order())
      const [row] = await query<{ at: Date }>(house.url, 'select expires_at as at from challenge where id = $1', [
        house.challengeId,
      ])
      return row?.at
    }
    house.wait(300)
    expect(await end('first_sent_at = first_sent_at')).toEqual(addSeconds(START, 300 + LIFETIMES.ttlSeconds))
    house.wait(400)
    expect(await end('first_sent_at = first_sent_at')).toEqual(addSeconds(START, LIFETIMES.capSeconds))
    expect(await end(`target_key = 'nobody:1'`)).toEqual(addSeconds(START, GIVE_UP_SECONDS))
  })

  test('the page speaks of the newest message of a challenge', async () => {
    const house = await stage()
    await house.order()
    await house.work()
    house.wait(50)
    await house.order()
    expect(await house.delivery.newestState(house.challengeId)).toEqual({ state: 'queued' })
  })

  test('nothing is sent when what it is for has ended', async () => {
    const house = await stage({ compose: async () => null })
    const id = await house.order()
    await house.work()
    expect(house.mailbox.seen).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'obsolete' })
    expect(await house.events()).toEqual(['message.queued', 'message.expired'])
  })

  test('a fault in composing is tried again and is no mail that may have arrived', async () => {
    const answers: (() => Composed)[] = [
      () => {
        throw new Error(CODE)
      },
      () => MAIL,
    ]
    const house = await stage({ compose: async () => (answers.shift() ?? (() => MAIL))() })
    const id = await house.order()
    await house.work()
    expect(await house.row(id)).toMatchObject({ state: 'deferred', reason: 'compose_failed' })
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
  })

  test('R-177 no address, code, link or server’s word stands in the log, the trail or the metrics', async () => {
    const house = await stage()
    house.mailbox.setBehaviour({ code: 421, message: `${TO} is greylisted` })
    await house.order()
    await house.work()
    house.mailbox.setBehaviour('accept')
    await house.work()
    const trail = JSON.stringify(await query(house.url, 'select * from audit_entry'))
    const said = [house.lines.join(), trail, await house.metrics.metrics()].join()
    expect(said).toContain('smtp_421')
    for (const secret of ['maria', CODE, 'secret-token', 'greylisted']) expect(said).not.toContain(secret)
  })
})

describe('trying again', () => {
  test('F-29 an address that is deferred twice gets its mail once', async () => {
    const house = await stage()
    house.mailbox.setBehaviour({ code: 421 })
    const id = await house.order()
    await house.work()
    const first = await house.row(id)
    expect(first).toMatchObject({ state: 'deferred', reason: 'smtp_421', tries: 1 })
    expect(await house.delivery.newestState(house.challengeId)).toEqual({
      state: 'deferred',
      nextAt: first.due_at,
      domain: 'fabrikam.example',
    })
    expect(house.jobs).toEqual([{ id, runAt: first.due_at }])
    house.mailbox.setBehaviour({ code: 450 })
    await house.work()
    house.mailbox.setBehaviour('accept')
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', reason: null, tries: 3 })
  })

  test('the wait grows from about 5 to about 60 seconds and never passes the end of the attempt', async () => {
    const house = await stage()
    await house.mailbox.down()
    const id = await house.order()
    const waits: number[] = []
    while (house.jobs.length > 0) {
      const before = house.now()
      await house.work(() => waits.push((house.now().getTime() - before.getTime()) / 1000))
      expect(house.now() < addSeconds(START, GIVE_UP_SECONDS)).toBe(true)
    }
    for (const [index, wait] of waits.slice(1).entries()) {
      const about = [5, 15, 30][index] ?? 60
      expect(Math.abs(wait - about)).toBeLessThanOrEqual(about / 5 + 0.01)
    }
    expect(waits.length).toBeGreaterThan(12)
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'connect_refused' })
    expect(await house.delivery.newestState(house.challengeId)).toMatchObject({ state: 'deferred', nextAt: null })
  })

  test('F-30 an address that is refused is not tried again', async () => {
    const house = await stage()
    house.mailbox.setBehaviour({ code: 550 })
    const id = await house.order()
    await house.work()
    expect(await house.delivery.newestState(house.challengeId)).toEqual({
      state: 'refused',
      why: 'rejected',
      domain: 'fabrikam.example',
    })
    expect(house.jobs).toEqual([])
    house.mailbox.setBehaviour('accept')
    await house.delivery.deliver(id)
    house.wait(600)
    expect(await house.delivery.resume()).toBe(0)
    expect(house.mailbox.seen).toEqual([])
    expect(await house.events()).toEqual(['message.queued', 'message.refused'])
  })

  test('F-28 a mail server that comes back gets the mail', async () => {
    const house = await stage()
    await house.mailbox.down()
    await house.order()
    await house.work()
    await house.mailbox.up()
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
  })

  test('F-31 a server that never says whether it took the mail gets it twice at most, as one and the same', async () => {
    const house = await stage()
    house.mailbox.setBehaviour('hang-after-data')
    const id = await house.order()
    await house.work()
    expect(await house.row(id)).toMatchObject({ state: 'deferred', reason: 'unanswered' })
    house.mailbox.setBehaviour({ code: 451 })
    await house.work()
    house.mailbox.setBehaviour('hang-after-data')
    await house.work()
    expect(house.jobs).toEqual([])
    expect(house.mailbox.seen).toHaveLength(2)
    expect(new Set(house.mailbox.seen.map(({ headers }) => headers['message-id'])).size).toBe(1)
    expect(new Set(house.mailbox.seen.map(({ text }) => text)).size).toBe(1)
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'unanswered' })
  })

  test('F-34 a message found after its end is not sent', async () => {
    const house = await stage()
    await house.order()
    house.wait(GIVE_UP_SECONDS)
    await house.work()
    expect(house.mailbox.seen).toEqual([])
    expect(await house.events()).toEqual(['message.queued', 'message.expired'])
  })

  test('while the first route is away the second takes the mail at once', async () => {
    const spare = await startMailbox()
    onEnd(() => spare.stop())
    const house = await stage({}, [spare])
    await house.mailbox.down()
    await house.order()
    await house.work()
    expect(spare.count(TO)).toBe(1)
    expect(await house.metrics.metrics()).toContain('outcome="failed_over",reason="connect_refused"} 1')
  })

  test('a mail that may have arrived by the first route goes to no other in the same try', async () => {
    const spare = await startMailbox()
    onEnd(() => spare.stop())
    const house = await stage({}, [spare])
    house.mailbox.setBehaviour('hang-after-data')
    await house.order()
    await house.work()
    expect(spare.seen).toEqual([])
  })
})
