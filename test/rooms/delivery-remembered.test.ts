import { afterEach, expect, test } from '@jest/globals'
import { addSeconds, createLog } from '../../src/base/index.ts'
import { createTwilioRoute } from '../../src/delivery/channels/index.ts'
import { query } from '../support/database.ts'
import { startTwilioServer, TWILIO } from '../support/twilio-server.ts'
import { cleanUp, keyOf, NUMBER, onEnd, START, stage } from './delivery-stage.ts'

const OPTED_OUT = { status: 400, code: 21610 }
const REFUSED = { state: 'refused', reason: 'opted_out' }

afterEach(cleanUp)

/** The room with Twilio, which has just said that the number opted out. */
async function optedOut() {
  const twilio = await startTwilioServer()
  onEnd(() => twilio.stop())
  const account = { ...TWILIO, url: twilio.url, from: '+15005550006', receiptsUrl: null }
  const house = await stage({ textRoutes: [createTwilioRoute({ ...account, log: createLog('fatal'), deadlineSeconds: 10 })] })
  twilio.setBehaviour(OPTED_OUT)
  await house.orderText()
  await house.work()
  const remembered = () => query(house.url, 'select reason, allowed_id, created_at from suppression')
  const allow = (id: string) => house.db.transact((tx) => house.delivery.allow(tx, keyOf(NUMBER), id))
  return { ...house, twilio, remembered, allow }
}

test('R-092 one text goes out despite what is remembered, when somebody says it arrives; what is remembered stays', async () => {
  const house = await optedOut()
  house.twilio.setBehaviour('accept')
  const [before, allowed, after] = [await house.orderText(), await house.orderText(), await house.orderText()]
  await house.allow(allowed)
  for (const _ of [before, allowed, after]) await house.work()
  expect(await house.row(before)).toMatchObject(REFUSED)
  expect(await house.row(allowed)).toMatchObject({ state: 'handed_over' })
  expect(await house.row(after)).toMatchObject(REFUSED)
  expect(house.money.reserved).not.toContain(after)
  expect(await house.remembered()).toMatchObject([{ reason: 'opted_out', created_at: START }])
})

test('R-092 the text that was allowed may be tried again when its route was away', async () => {
  const house = await optedOut()
  const id = await house.orderText()
  await house.allow(id)
  await house.twilio.down()
  await house.work()
  expect(await house.row(id)).toMatchObject({ state: 'deferred' })
  await house.twilio.up()
  house.twilio.setBehaviour('accept')
  await house.work()
  expect(await house.row(id)).toMatchObject({ state: 'handed_over' })
})

test('R-092 a carrier that refuses it again renews what is remembered, once, and nothing is allowed any more', async () => {
  const house = await optedOut()
  const id = await house.orderText()
  await house.allow(id)
  house.wait(60)
  await house.work()
  const renewed = [{ reason: 'opted_out', allowed_id: null, created_at: addSeconds(START, 60) }]
  expect(await house.remembered()).toEqual(renewed)
  house.wait(60)
  const receipt = {
    channel: 'sms',
    receiptId: null,
    address: NUMBER,
    outcome: 'failed',
    reason: 'opted_out',
    lasting: true,
  } as const
  await house.delivery.receipt(receipt)
  expect(await house.remembered()).toEqual(renewed)
  expect((await house.events()).filter((event) => event === 'message.bounced')).toEqual([])
})

test('R-092 only the owner’s proof makes it forgotten; where nothing is remembered, nothing is there to allow', async () => {
  const house = await optedOut()
  await house.db.transact((tx) => house.delivery.lift(tx, keyOf(NUMBER)))
  await house.allow('no-matter')
  expect(await house.remembered()).toEqual([])
  house.twilio.setBehaviour('accept')
  const id = await house.orderText()
  await house.work()
  expect(await house.row(id)).toMatchObject({ state: 'handed_over' })
})
