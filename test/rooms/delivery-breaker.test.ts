import { afterEach, expect, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import type { TextRoute } from '../../src/delivery/index.ts'
import { query } from '../support/database.ts'
import { startMailbox } from '../support/mailbox.ts'
import { cleanUp, onEnd, START, stage, TO } from './delivery-stage.ts'

afterEach(cleanUp)

test('a mail server that fails five times is passed over at once, asked once after half a minute, and used again when it is well', async () => {
  const spare = await startMailbox()
  onEnd(() => spare.stop())
  const house = await stage({}, [spare])
  house.mailbox.setBehaviour({ code: 421, at: 'connect' })
  const mails = async (count: number) => {
    for (let sent = 0; sent < count; sent++) {
      await house.order()
      await house.work()
    }
  }
  const metrics = () => house.metrics.metrics()
  await mails(5)
  expect(await metrics()).toContain('doorward_route_breaker_open{channel="email",route="smtp"} 1')
  await mails(2)
  expect(spare.count(TO)).toBe(7)
  expect(await metrics()).toContain('outcome="failed_over",reason="breaker_open"} 2')
  expect(await metrics()).toContain('outcome="failed_over",reason="smtp_421"} 5')

  house.wait(31)
  await mails(2)
  expect(await metrics()).toContain('outcome="failed_over",reason="smtp_421"} 6')
  expect(await metrics()).toContain('outcome="failed_over",reason="breaker_open"} 3')

  house.mailbox.setBehaviour('accept')
  house.wait(31)
  await mails(2)
  expect(house.mailbox.count(TO)).toBe(2)
  expect(await metrics()).toContain('doorward_route_breaker_open{channel="email",route="smtp"} 0')
})

test('people who are greylisted or refused cannot shut a mail server for the others', async () => {
  const house = await stage()
  for (const code of [450, 451, 452, 450, 451, 452, 550, 550]) {
    house.mailbox.setBehaviour({ code })
    await house.order()
    await house.work()
    house.jobs.splice(0)
  }
  house.mailbox.setBehaviour('accept')
  await house.order()
  await house.work()
  expect(house.mailbox.count(TO)).toBe(1)
})

test('with every breaker open a message waits, and is not lost', async () => {
  const house = await stage()
  await house.mailbox.down()
  for (let count = 0; count < 5; count++) {
    await house.order()
    await house.work()
  }
  house.jobs.splice(0)
  const id = await house.order()
  await house.work()
  expect(await house.row(id)).toMatchObject({ state: 'deferred', reason: 'breaker_open' })
  expect(await house.deps.metrics.metrics()).not.toContain('outcome="failed_over"') // to what?
  await house.mailbox.up()
  house.wait(31)
  await house.work()
  expect(house.mailbox.count(TO)).toBe(1)
})

test('half open, one message at a time tries', async () => {
  const asked: (() => void)[] = []
  let fails = true
  const route: TextRoute = {
    name: 'only',
    deadlineSeconds: 1,
    send: () =>
      fails
        ? Promise.resolve({ kind: 'deferred', reason: 'timeout' })
        : new Promise((resolve) => asked.push(() => resolve({ kind: 'accepted' }))),
    close: async () => {},
  }
  const house = await stage({ textRoutes: [route] })
  for (let count = 0; count < 5; count++) {
    await house.orderText()
    await house.work()
  }
  house.jobs.splice(0)
  fails = false
  house.wait(31)
  const [first, second] = [await house.orderText(), await house.orderText()]
  const trying = house.delivery.deliver(first)
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await house.delivery.deliver(second)
  expect(await house.row(second)).toMatchObject({ state: 'deferred', reason: 'breaker_open' })
  asked.shift()?.()
  await trying
  expect(await house.row(first)).toMatchObject({ state: 'handed_over' })
})

test('a worker holds a text for as long as all routes of texts together may take', async () => {
  const slow = (name: string): TextRoute => ({
    name,
    deadlineSeconds: 100,
    send: async () => ({ kind: 'accepted' }),
    close: async () => {},
  })
  const house = await stage({ textRoutes: [slow('a'), slow('b')] })
  const id = await house.orderText()
  await query(house.url, 'alter table challenge add check (last_handed_at is null)')
  await expect(house.delivery.deliver(id)).rejects.toThrow('constraint')
  house.wait(200)
  expect(await house.delivery.resume()).toBe(0)
  house.wait(31)
  expect(await house.delivery.resume()).toBe(1)
  expect(house.now()).toEqual(addSeconds(START, 231))
})
