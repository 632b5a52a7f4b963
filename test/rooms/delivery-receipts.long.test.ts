import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import { createReceiptDesk, type ReceiptDesk } from '../../src/delivery/index.ts'
import { query } from '../support/database.ts'
import { type SnsServer, startSnsServer, TOPIC } from '../support/sns-server.ts'
import { TWILIO, twilioCallback } from '../support/twilio-server.ts'
import { WEBHOOK_SECRET, webhookHeaders } from '../support/webhook-server.ts'
import { cleanUp, keyOf, NUMBER, onEnd, START, stage, TO } from './delivery-stage.ts'

const TWILIO_URL = 'https://doorward.example/receipts/twilio'
const SES_ID = '0102018f-0000-4000-8000-000000000000-000000'

let sns: SnsServer
let house: Awaited<ReturnType<typeof stage>>
let desk: ReceiptDesk

beforeEach(async () => {
  sns = await startSnsServer()
  onEnd(() => sns.stop())
  const [send, close] = [async () => ({ kind: 'accepted' as const, receiptId: 'SM1' }), async () => {}]
  house = await stage({ textRoutes: [{ name: 'twilio', deadlineSeconds: 1, send, close }] })
  desk = deskWith({})
})
afterEach(cleanUp)

function deskWith(changes: Partial<Parameters<typeof createReceiptDesk>[0]>): ReceiptDesk {
  return createReceiptDesk({
    take: house.delivery.receipt,
    snsTopics: [TOPIC],
    snsEndpoint: sns.url,
    twilioUrl: TWILIO_URL,
    twilioAuthToken: TWILIO.authToken,
    secret: WEBHOOK_SECRET,
    clock: house.clock,
    log: house.deps.log,
    ...changes,
  })
}

const state = () => house.delivery.newestState(house.challengeId)
const textState = () => house.delivery.newestState(house.textChallengeId)
const remembered = async () =>
  query<{ target_key: string; reason: string }>(house.url, 'select target_key, reason from suppression')
const bounce = (type = 'Permanent', subType = 'General') => ({
  notificationType: 'Bounce',
  mail: { messageId: SES_ID },
  bounce: { bounceType: type, bounceSubType: subType, bouncedRecipients: [{ emailAddress: TO }] },
})

async function mailOut(): Promise<string> {
  const id = await house.order()
  await house.work()
  return id
}

async function textOut(): Promise<string> {
  const id = await house.orderText()
  await house.work()
  return id
}

function fromTwilio(fields: Record<string, string>) {
  const { body, signature } = twilioCallback(TWILIO_URL, fields)
  return desk.twilio?.(body, signature)
}

function fromOwn(receipt: unknown, at = house.now()) {
  const body = JSON.stringify(receipt)
  const headers = webhookHeaders('m1', Math.floor(at.getTime() / 1000), body)
  const [id = '', timestamp = '', signature = ''] = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`])
  return desk.generic?.(body, { id, timestamp, signature })
}

describe('Amazon SNS', () => {
  test.each(['1', '2'])(
    'a bounce, signed in version %s, is shown, kept in the trail, and its address is remembered',
    async (version) => {
      const id = await mailOut()
      expect(await desk.sns?.(sns.notification(bounce(), START, { SignatureVersion: version, Subject: 'x' }))).toBe('taken')
      expect(await state()).toEqual({ state: 'refused', why: 'bounced', domain: 'fabrikam.example' })
      expect(await remembered()).toEqual([{ target_key: keyOf(TO), reason: 'bounced' }])
      expect(await house.events()).toEqual(['message.queued', 'message.handed_over', 'message.bounced'])
      await house.order()
      await house.work()
      expect(house.mailbox.count(TO)).toBe(1)
      expect(await state()).toEqual({ state: 'refused', why: 'bounced', domain: 'fabrikam.example' })
      expect((await house.row(id)).handed_at).toEqual(START)
    },
  )

  test('"delivered" is said only after a receipt, and by its own time', async () => {
    await mailOut()
    expect(await state()).toMatchObject({ state: 'handed_over' })
    house.wait(3)
    const event = { eventType: 'Delivery', mail: { messageId: SES_ID }, delivery: { recipients: [TO] } }
    for (const _ of [1, 2]) expect(await desk.sns?.(sns.notification(event, START))).toBe('taken')
    expect(await state()).toEqual({ state: 'delivered', at: addSeconds(START, 3), domain: 'fabrikam.example' })
    expect((await house.events()).filter((event) => event === 'message.delivered')).toHaveLength(1)
  })

  test('a complaint is remembered; a note of somebody on holiday and a full mailbox are not', async () => {
    await mailOut()
    await desk.sns?.(sns.notification(bounce('Transient'), START))
    expect(await state()).toMatchObject({ state: 'handed_over' })
    await desk.sns?.(sns.notification(bounce('Transient', 'MailboxFull'), START))
    expect(await state()).toEqual({ state: 'deferred', nextAt: null, domain: 'fabrikam.example' })
    expect(await remembered()).toEqual([])
    const complaint = { notificationType: 'Complaint', mail: {}, complaint: { complainedRecipients: [{ emailAddress: TO }] } }
    await desk.sns?.(sns.notification(complaint, START))
    expect(await remembered()).toEqual([{ target_key: keyOf(TO), reason: 'complained' }])
  })

  test('events of texts: delivered, never valid, and only switched off', async () => {
    const event = (eventType: string) => ({ eventType, messageId: 'SM1', destinationPhoneNumber: NUMBER })
    const tell = (eventType: string) => desk.sns?.(sns.notification(event(eventType), START))
    await textOut()
    await tell('TEXT_SUCCESSFUL')
    expect(await textState()).toMatchObject({ state: 'handed_over' })
    await tell('TEXT_DELIVERED')
    expect(await textState()).toMatchObject({ state: 'delivered', domain: '' })
    await textOut()
    await tell('TEXT_UNREACHABLE')
    expect(await textState()).toMatchObject({ state: 'refused', why: 'unreachable' })
    expect(await remembered()).toEqual([])
    await tell('TEXT_INVALID')
    expect(await remembered()).toEqual([{ target_key: keyOf(NUMBER), reason: 'unreachable' }])
  })

  test('what is not signed, not of an allowed topic, or old is refused and changes nothing', async () => {
    await mailOut()
    const elsewhere = 'https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem'
    const good = JSON.parse(sns.notification(bounce(), START))
    for (const body of [
      JSON.stringify({ ...good, Message: JSON.stringify(bounce('Permanent', 'x')) }),
      JSON.stringify({ ...good, Subject: 'added' }),
      JSON.stringify({ ...good, Signature: '' }),
      JSON.stringify({ ...good, SignatureVersion: '2' }),
      sns.notification(bounce(), START, { TopicArn: `${TOPIC}-of-a-stranger` }),
      sns.notification(bounce(), addSeconds(START, -3601)),
      sns.notification(bounce(), addSeconds(START, 3601)),
      sns.notification(bounce(), START, { Timestamp: 'yesterday' }),
      sns.notification(bounce(), START, { SigningCertURL: elsewhere }),
      sns.notification(bounce(), START, { SigningCertURL: `${sns.url}/other.pem` }),
      sns.notification(bounce(), START, { SigningCertURL: `${sns.url}/SimpleNotificationService-none.pem` }),
      sns.notification(bounce(), START, {
        SigningCertURL: 'http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-a.pem',
      }),
    ]) {
      expect(await desk.sns?.(body)).toBe('forged')
    }
    // Only what has the name of a certificate of SNS is asked for.
    expect(sns.visits.other).toBe(1)
    expect(await state()).toMatchObject({ state: 'handed_over' })
    expect(await remembered()).toEqual([])
    for (const body of ['', 'null', '[]', '{"Type":"Notification"}', `{"Type":${'['.repeat(2000)}`]) {
      expect(await desk.sns?.(body)).toBe('unreadable')
    }
  })

  test.each(['http://sns.fabrikam.example', 'localhost:4566', 'nonsense', ''])(
    'R-164 an endpoint that is neither https nor on this machine (%j) is believed nothing and not asked',
    async (endpoint) => {
      const own = deskWith({ snsEndpoint: endpoint })
      for (const SigningCertURL of [
        `${endpoint}/SimpleNotificationService-a.pem`,
        'x:/SimpleNotificationService-a.pem',
        `${sns.url}/SimpleNotificationService-a.pem`,
      ])
        expect(await own.sns?.(sns.notification({}, START, { SigningCertURL }))).toBe('forged')
      expect(sns.visits).toEqual({ certificate: 0, confirm: 0, other: 0 })
    },
  )

  test('the certificate is fetched once, and strangers cannot make us fetch without end', async () => {
    for (const _ of [1, 2, 3]) await desk.sns?.(sns.notification({}, START))
    expect(sns.visits.certificate).toBe(1)
    const asks = Array.from({ length: 30 }, (_, index) =>
      desk.sns?.(sns.notification({}, START, { SigningCertURL: `${sns.url}/SimpleNotificationService-${index}.pem` })),
    )
    const answers = await Promise.allSettled(asks)
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(9)
    expect(await desk.sns?.(sns.notification({}, START))).toBe('taken')
  })

  test('a certificate that cannot be fetched now is no forgery: the receipt comes again', async () => {
    const body = sns.notification(bounce(), START)
    await sns.down()
    await expect(desk.sns?.(body)).rejects.toMatchObject({ code: 'unavailable' })
    await sns.up()
    expect(await desk.sns?.(body)).toBe('taken')
  })

  test('a subscription of an allowed topic is confirmed, where SNS is and nowhere else', async () => {
    expect(await desk.sns?.(sns.confirmation(START))).toBe('taken')
    expect(sns.visits.confirm).toBe(1)
    expect(await desk.sns?.(sns.confirmation(START, { SubscribeURL: 'http://127.0.0.1:1/?Action=ConfirmSubscription' }))).toBe(
      'forged',
    )
    expect(await desk.sns?.(sns.confirmation(START, { TopicArn: `${TOPIC}2` }))).toBe('forged')
    expect(sns.visits.confirm).toBe(1)
  })
})

describe('Twilio', () => {
  test('a status callback says what became of the text it names', async () => {
    await textOut()
    expect(await fromTwilio({ MessageSid: 'SM1', MessageStatus: 'sent', To: NUMBER })).toBe('taken')
    expect(await textState()).toMatchObject({ state: 'handed_over' })
    expect(await fromTwilio({ MessageSid: 'SM1', MessageStatus: 'delivered', To: NUMBER })).toBe('taken')
    expect(await textState()).toMatchObject({ state: 'delivered' })
  })

  test.each([
    ['21610', 'opted_out', 'opted_out'],
    ['30006', 'unreachable', 'unreachable'],
    ['30003', 'unreachable', null],
    ['30007', null, null],
  ] as const)('the code %s means %s and is remembered as %s', async (code, why, kept) => {
    await textOut()
    await fromTwilio({ MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: code, To: NUMBER })
    expect(await textState()).toMatchObject(why ? { state: 'refused', why } : { state: 'deferred', nextAt: null })
    expect(await remembered()).toEqual(kept ? [{ target_key: keyOf(NUMBER), reason: kept }] : [])
  })

  test('a form that was changed, or signed for another address, is refused', async () => {
    await textOut()
    const fields = { MessageSid: 'SM1', MessageStatus: 'delivered', To: NUMBER }
    const good = twilioCallback(TWILIO_URL, fields)
    expect(await desk.twilio?.(`${good.body}&x=1`, good.signature)).toBe('forged')
    expect(await desk.twilio?.(good.body, '')).toBe('forged')
    const other = twilioCallback('https://evil.example/receipts/twilio', fields)
    expect(await desk.twilio?.(other.body, other.signature)).toBe('forged')
    const ported = twilioCallback('https://doorward.example:443/receipts/twilio', fields)
    expect(await desk.twilio?.(ported.body, ported.signature)).toBe('taken')
    expect(await fromTwilio({ From: NUMBER })).toBe('unreadable')
  })

  test('R-157 without a signature, or with more parameters than Twilio sends, a form is not even sorted', async () => {
    const sort = jest.spyOn(Array.prototype, 'sort')
    const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, '1']))
    const large = twilioCallback(TWILIO_URL, fields(101))
    const unsigned = twilioCallback(TWILIO_URL, fields(100))
    sort.mockClear()
    expect(await desk.twilio?.(large.body, large.signature)).toBe('forged')
    expect(await desk.twilio?.(unsigned.body, '')).toBe('forged')
    expect(sort).not.toHaveBeenCalled()
    expect(await desk.twilio?.(unsigned.body, unsigned.signature)).toBe('unreadable')
    expect(sort).toHaveBeenCalled()
    sort.mockRestore()
  })
})

describe('a sender of the operator’s own', () => {
  test('its receipts count when they are signed, for five minutes', async () => {
    await textOut()
    expect(await fromOwn({ id: 'SM1', status: 'delivered' }, addSeconds(START, -301))).toBe('forged')
    expect(await fromOwn({ id: 'SM1', status: 'delivered' }, addSeconds(START, 301))).toBe('forged')
    expect(await desk.generic?.('{}', { id: '', timestamp: '', signature: '' })).toBe('forged')
    expect(await textState()).toMatchObject({ state: 'handed_over' })
    expect(await fromOwn({ id: 'SM1', status: 'delivered' })).toBe('taken')
    expect(await textState()).toMatchObject({ state: 'delivered' })
    for (const bad of [
      null,
      [],
      {},
      { status: 'delivered' },
      { id: '\u0000', status: 'delivered' },
      { id: 'SM1', status: 'x' },
    ]) {
      expect(await fromOwn(bad)).toBe('unreadable')
    }
  })

  test('a receipt may name an address, of a message that its route did not name', async () => {
    const text = await textOut()
    const mail = await mailOut()
    expect(await fromOwn({ address: TO, status: 'failed', reason: 'bounced' })).toBe('taken')
    expect(await house.row(mail)).toMatchObject({ state: 'refused', reason: 'bounced' })
    // Another message to the same number, by the route's own name for it.
    await fromOwn({ id: 'SM2', address: NUMBER, status: 'failed' })
    expect(await house.row(text)).toMatchObject({ state: 'handed_over' })
  })

  test('a bounce cannot unsay that a code was used; a complaint is heard even then', async () => {
    const id = await mailOut()
    await query(house.url, `update challenge set state = 'used' where id = $1`, [house.challengeId])
    await fromOwn({ address: TO, status: 'failed', reason: 'bounced' })
    expect([(await house.row(id)).state, await remembered()]).toEqual(['handed_over', []])
    await fromOwn({ address: TO, status: 'failed', reason: 'complained' })
    expect(await house.row(id)).toMatchObject({ state: 'handed_over' })
    expect(await remembered()).toEqual([{ target_key: keyOf(TO), reason: 'complained' }])
    expect(await query(house.url, 'select state from challenge where id = $1', [house.challengeId])).toEqual([{ state: 'used' }])
  })
})

test('what is not set up has no desk', () => {
  const none = deskWith({ snsTopics: [], twilioAuthToken: null, secret: null })
  expect(none).toEqual({ sns: null, twilio: null, generic: null })
})
