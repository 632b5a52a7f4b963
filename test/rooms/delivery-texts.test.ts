import { afterEach, describe, expect, test } from '@jest/globals'
import { addSeconds, createLog, createMetrics, Refusal } from '../../src/base/index.ts'
import { createTwilioRoute, createWebhookRoute } from '../../src/delivery/channels/index.ts'
import { createDelivery } from '../../src/delivery/index.ts'
import { openDatabase } from '../../src/store/database.ts'
import { createDeliveryStore } from '../../src/store/deliveries.ts'
import { query } from '../support/database.ts'
import type { TextServer } from '../support/text-server.ts'
import { startTwilioServer, TWILIO } from '../support/twilio-server.ts'
import { startWebhookServer, WEBHOOK_SECRET } from '../support/webhook-server.ts'
import { CODE, cleanUp, GIVE_UP_SECONDS, keyOf, LIFETIMES, NUMBER, onEnd, START, stage, TO } from './delivery-stage.ts'

const asked = { knownBrowser: false, unasked: false }
const log = createLog('fatal')

afterEach(cleanUp)

/** The room with two providers of texts: Twilio, and after it a webhook. */
async function textStage(deadlineSeconds = 10) {
  const [twilio, webhook] = [await startTwilioServer(), await startWebhookServer()]
  for (const server of [twilio, webhook]) onEnd(() => server.stop())
  const account = { ...TWILIO, from: '+15005550006', receiptsUrl: null }
  const house = await stage({
    textRoutes: [
      createTwilioRoute({ ...account, url: twilio.url, log, deadlineSeconds }),
      createWebhookRoute({ url: webhook.url, secret: WEBHOOK_SECRET, log, deadlineSeconds }),
    ],
  })
  const state = () => house.delivery.newestState(house.textChallengeId)
  return { ...house, twilio, webhook, state, sent: () => [...twilio.taken, ...webhook.taken] }
}

describe('a text and its money', () => {
  test('R-153 a text is counted before it is sent, and handed over once', async () => {
    const house = await textStage()
    const counted: number[] = []
    house.twilio.setBehaviour(() => {
      counted.push(house.money.reserved.length)
      return 'accept'
    })
    const id = await house.orderText()
    await house.work()
    expect(counted).toEqual([1])
    expect(house.twilio.taken).toMatchObject([{ to: NUMBER, code: CODE }])
    expect(house.webhook.taken).toEqual([])
    expect(await house.state()).toEqual({ state: 'handed_over', at: START })
    expect(await house.row(id)).toMatchObject({ route: 'twilio', receipt_id: house.twilio.taken[0]?.id })
    expect(house.money).toMatchObject({ reserved: [id], givenBack: [] })
    expect(await house.metrics.metrics()).toContain('channel="sms",route="twilio",outcome="handed_over",reason="none"} 1')
  })

  test('R-153 over a cap nothing is sent, and the page says that no text can go now', async () => {
    const house = await textStage()
    house.money.answerWith(async () => ({ ok: false, why: 'cap' }))
    await house.orderText()
    await house.work()
    expect(house.twilio.asked).toEqual([])
    expect(await house.state()).toEqual({ state: 'refused', why: 'no_budget', domain: '' })
  })

  test('R-091 a number of a country that is not served gets the words of a carrier’s refusal, and it is not remembered', async () => {
    const house = await textStage()
    house.money.answerWith(async () => ({ ok: false, why: 'country' }))
    await house.orderText()
    await house.work()
    expect(await house.state()).toEqual({ state: 'refused', why: 'unreachable', domain: '' })
    house.money.answerWith(async () => ({ ok: true }))
    await house.orderText()
    await house.work()
    expect(house.sent()).toHaveLength(1)
  })

  test('R-154 while the money cannot be counted nothing is sent; later it is', async () => {
    const house = await textStage()
    house.money.answerWith(() => Promise.reject(new Refusal('unavailable')))
    const id = await house.orderText()
    await house.work()
    expect(house.twilio.asked).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'deferred', reason: 'not_counted' })
    house.money.answerWith(async () => ({ ok: true }))
    await house.work()
    expect(house.sent()).toHaveLength(1)
  })

  test('R-063, R-153 the budget is told who asked: a known browser, or somebody who typed no number', async () => {
    const house = await textStage()
    const change = (what: string) => query(house.url, `update challenge set ${what} where id = $1`, [house.textChallengeId])
    const send = async () => {
      const deliveryId = await house.orderText()
      await house.work()
      return { deliveryId, number: NUMBER, clientId: 'c' }
    }
    const stranger = { ...(await send()), knownBrowser: false, unasked: false }
    await change('known_browser = true')
    const known = { ...(await send()), knownBrowser: true, unasked: false }
    await change(`known_browser = false, target_key = 'nobody:' || target_key`)
    const onFile = { ...(await send()), knownBrowser: false, unasked: true }
    expect(house.money.asked).toEqual([stranger, known, onFile])
  })

  test('a text to nobody ends without being counted', async () => {
    const house = await textStage()
    const id = await house.orderText('')
    await house.work()
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'obsolete' })
    expect([house.money.reserved, house.twilio.asked]).toEqual([[], []])
  })

  test('the money of a text that never left is given back, once and only then', async () => {
    const house = await textStage()
    house.twilio.setBehaviour({ status: 400, code: 21614 })
    const refused = await house.orderText()
    await house.work()
    expect(house.money.givenBack).toEqual([refused])
    await house.db.transact((tx) => house.delivery.lift(tx, keyOf(NUMBER)))

    await house.twilio.down()
    await house.webhook.down()
    const late = await house.orderText()
    while (house.jobs.length > 0) await house.work()
    expect(await house.row(late)).toMatchObject({ state: 'expired' })
    expect(house.money).toMatchObject({ reserved: [refused, late], givenBack: [refused, late] })
  })

  test('F-19 a text whose worker died is not sent again, and its money stays counted', async () => {
    const house = await textStage()
    const id = await house.orderText()
    await house.deps.spend.reserve({ ...asked, deliveryId: id, number: NUMBER, clientId: 'c' })
    const until = addSeconds(START, 40)
    await house.deps.store.claim(id, START, { email: START, sms: until })
    house.wait(41)
    await house.work()
    expect(house.twilio.asked).toEqual([])
    expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'unanswered' })
    expect(house.money.givenBack).toEqual([])
  })

  test('twenty workers on two connections send one text once and count it once', async () => {
    const house = await textStage()
    const other = openDatabase({ ...house.options, metrics: createMetrics() })
    onEnd(() => other.close())
    const store = createDeliveryStore(other, LIFETIMES)
    const second = createDelivery({ ...house.deps, store, transact: other.transact, metrics: createMetrics() })
    const id = await house.orderText()
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? second : house.delivery).deliver(id)))
    expect(house.sent()).toHaveLength(1)
    expect(house.money.reserved).toEqual([id])
  })
})

describe('F-33 routes that fail over', () => {
  test.each<[string, Parameters<TextServer['setBehaviour']>[0]]>([
    ['throttles', { status: 429, code: 20429 }],
    ['has no room now', { status: 503 }],
    ['cannot reach the number from its own', { status: 400, code: 21612 }],
    ['does not take our account', { status: 401, code: 20003 }],
  ])('a first route that %s leaves the text to the second at once', async (_, behaviour) => {
    const house = await textStage()
    house.twilio.setBehaviour(behaviour)
    const id = await house.orderText()
    await house.work()
    expect([house.twilio.taken.length, house.webhook.taken.length]).toEqual([0, 1])
    expect(await house.row(id)).toMatchObject({ state: 'handed_over', route: 'webhook', receipt_id: 'own-1' })
    expect(house.money).toMatchObject({ reserved: [id], givenBack: [] })
    expect(await query(house.url, 'select from suppression')).toEqual([])
  })

  test('a route that dies in the middle of many loses none and doubles none', async () => {
    const house = await textStage()
    house.twilio.setBehaviour(() => (house.twilio.asked.length > 4 ? { status: 503 } : 'accept'))
    for (let count = 0; count < 12; count++) await house.orderText()
    while (house.jobs.length > 0) await house.work()
    expect([house.twilio.taken.length, house.webhook.taken.length]).toEqual([4, 8])
    // Five failures in a row shut it: the last three were not even tried there.
    expect(house.twilio.asked).toHaveLength(9)
  })

  test.each(['hang', 'cut', { status: 500 }, { status: 502 }] as const)(
    'a text that a route may have taken (%j) goes to no other, and not again by itself',
    async (behaviour) => {
      const house = await textStage(0.5)
      house.twilio.setBehaviour(behaviour)
      const id = await house.orderText()
      await house.work()
      expect(house.jobs).toEqual([])
      house.wait(120)
      expect(await house.delivery.resume()).toBe(0)
      expect(house.webhook.asked).toEqual([])
      expect(house.twilio.asked).toHaveLength(1)
      expect(await house.row(id)).toMatchObject({ state: 'expired', reason: 'unanswered' })
      expect(await house.state()).toEqual({ state: 'deferred', nextAt: null, domain: '' })
      expect(house.money.givenBack).toEqual([])
    },
  )

  test('all routes away: the text is late, is counted once over its tries, and goes out when one is back', async () => {
    const house = await textStage()
    await house.twilio.down()
    await house.webhook.down()
    const id = await house.orderText()
    await house.work()
    await house.work()
    expect(await house.state()).toMatchObject({ state: 'deferred', domain: '' })
    await house.webhook.up()
    await house.work()
    expect(house.sent()).toHaveLength(1)
    expect(house.money).toMatchObject({ reserved: [id], givenBack: [] })
  })
})

describe('R-092 a number that takes no texts', () => {
  test('an opted-out number is remembered: the next text is refused before it costs anything, until its owner wants it', async () => {
    const house = await textStage()
    house.twilio.setBehaviour({ status: 400, code: 21610 })
    await house.orderText()
    await house.work()
    expect(await house.state()).toEqual({ state: 'refused', why: 'opted_out', domain: '' })
    expect(house.webhook.asked).toEqual([])

    house.twilio.setBehaviour('accept')
    const again = await house.orderText()
    await house.work()
    expect(await house.state()).toEqual({ state: 'refused', why: 'opted_out', domain: '' })
    expect(house.twilio.asked).toHaveLength(1)
    expect(house.money.reserved).not.toContain(again)

    await house.db.transact((tx) => house.delivery.lift(tx, keyOf(NUMBER)))
    await house.orderText()
    await house.work()
    expect(house.sent()).toHaveLength(1)
    expect(await house.events()).toEqual([
      ...['message.queued', 'message.refused', 'message.queued', 'message.refused', 'message.queued', 'message.handed_over'],
    ])
  })

  test('mails to the same person go on', async () => {
    const house = await textStage()
    house.twilio.setBehaviour({ status: 400, code: 21610 })
    await house.orderText()
    await house.work()
    await house.order()
    await house.work()
    expect(house.mailbox.count(TO)).toBe(1)
  })

  test('F-34 a text found after its end is not sent', async () => {
    const house = await textStage()
    await house.orderText()
    house.wait(GIVE_UP_SECONDS)
    await house.work()
    expect(house.twilio.asked).toEqual([])
  })
})
