import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { germanNumber, here, identify, type Standing } from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { type Answer, send } from '../support/http.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { TOPIC } from '../support/sns-server.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { twilioCallback } from '../support/twilio-server.ts'
import { WEBHOOK_SECRET, webhookHeaders } from '../support/webhook-server.ts'
import { sendRaw, until } from './fault-tools.ts'

// Receipts come from anywhere on the internet; what they say is believed only with the right signature.

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const SNS_TYPE = { 'content-type': 'text/plain; charset=UTF-8' }

let stage: Stage
let bare: Stage

beforeAll(async () => {
  ;[stage, bare] = await Promise.all([
    startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS, SNS_TOPICS: TOPIC, RECEIPTS_SECRET: WEBHOOK_SECRET } }),
    startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS, SMS_ROUTES: 'sns' } }),
  ])
})
afterAll(() => Promise.all([stage?.stop(), bare?.stop()]))

const now = () => new Date(Date.now() + stage.service.clockSeconds * 1000)
const at = (desk: string) => `${stage.service.issuer}/receipts/${desk}`
const post = (desk: string, body: string, headers: Record<string, string>) => send(at(desk), { method: 'POST', body, headers })

interface Texted extends Standing {
  number: string
  id: string
}

async function texted(place: number): Promise<Texted> {
  const number = germanNumber(place)
  const walk = await identify(stage, number)
  const { id } = await stage.texts.sns.next(number)
  await until('the hand-over is noted', async () => (await stateOf(number)) === 'handed_over')
  return { ...walk, number, id }
}

interface Row {
  state: string
  delivered: boolean
}
async function stateOf(number: string): Promise<string> {
  const sql = 'select state, delivered_at is not null as delivered from delivery where target = $1'
  const [row] = await query<Row>(stage.service.databaseUrl, sql, [number])
  return row?.delivered ? 'delivered' : (row?.state ?? 'none')
}

const suppressions = async () => (await query(stage.service.databaseUrl, 'select from suppression')).length
const words = async (walk: Standing) => (await here(walk)).page.words

/** A clean refusal: a problem for programs, without anything of the inside. */
function expectRefused(answer: Answer, statuses: readonly number[], what: string): void {
  expect([what, statuses.includes(answer.status), answer.status]).toEqual([what, true, answer.status])
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.setCookies).toEqual([])
  expect(answer.text.length).toBeLessThan(400)
  expect(answer.text).not.toMatch(/Error:|\bat \/|node_modules|whsec|Expected/)
}

describe('a receipt with the right signature', () => {
  test('R-086, F-33 makes the page say "delivered", once; sent again it changes nothing', async () => {
    const walk = await texted(1)
    expect(await words(walk)).not.toMatch(/Delivered/)
    const body = stage.texts.sns.notification({ eventType: 'TEXT_DELIVERED', messageId: walk.id }, now())
    for (let times = 0; times < 3; times++) expect((await post('sns', body, SNS_TYPE)).status).toBe(204)
    expect(await words(walk)).toMatch(/Delivered/)
    const events = `select from audit_entry e join challenge c on c.attempt_id = e.attempt_id where c.target = $1 and e.event = 'message.delivered'`
    expect(await query(stage.service.databaseUrl, events, [walk.number])).toHaveLength(1)
  })

  test('R-164 of the generic kind counts for five minutes, and a late replay is refused', async () => {
    const walk = await texted(2)
    const body = JSON.stringify({ id: walk.id, status: 'delivered' })
    const seconds = Math.floor(now().getTime() / 1000)
    const headers = { ...JSON_TYPE, ...webhookHeaders('receipt-1', seconds, body) }
    for (const [age, status] of [
      [-301, 403],
      [310, 403], // a busy machine may take some seconds until it is sent
      [-290, 204],
      [0, 204],
    ] as const)
      expect([age, (await post('delivery', body, { ...JSON_TYPE, ...webhookHeaders('r', seconds + age, body) })).status]).toEqual(
        [age, status],
      )
    await stage.moveClock(302)
    expectRefused(await post('delivery', body, headers), [403], 'replayed late')
    expect(await stateOf(walk.number)).toBe('delivered')
  })

  test('R-164 of a text that nobody knows, or of another kind, is taken and changes nothing', async () => {
    const walk = await texted(3)
    const before = await suppressions()
    for (const message of [
      { eventType: 'TEXT_DELIVERED', messageId: 'no-such-text' },
      { eventType: 'TEXT_QUEUED', messageId: walk.id },
      { eventType: 'SOMETHING' },
      'words',
      null,
      [],
    ])
      expect([message, (await post('sns', stage.texts.sns.notification(message, now()), SNS_TYPE)).status]).toEqual([
        message,
        204,
      ])
    expect([await stateOf(walk.number), await suppressions()]).toEqual(['handed_over', before])
  })
})

describe('a receipt that is not right', () => {
  test('R-164, F-33 forged, cut, of another topic, host, key or time: refused, and neither page nor memory changes', async () => {
    const walk = await texted(10)
    const before = await suppressions()
    const says = { eventType: 'TEXT_DELIVERED', messageId: walk.id }
    const blocks = { eventType: 'TEXT_BLOCKED', messageId: walk.id, destinationPhoneNumber: walk.number }
    const { sns } = stage.texts
    const good = JSON.parse(sns.notification(says, now())) as Record<string, unknown>
    const evil = 'https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-test.pem'
    const forged = {
      'another message under a good signature': JSON.stringify({ ...good, Message: JSON.stringify(blocks) }),
      'another topic': sns.notification(blocks, now(), { TopicArn: `${TOPIC}-of-a-stranger` }),
      'a certificate of a stranger': sns.notification(blocks, now(), { SigningCertURL: evil }),
      'a certificate elsewhere': sns.notification(blocks, now(), { SigningCertURL: `${sns.url}/other.pem` }),
      'an old one': sns.notification(blocks, new Date(now().getTime() - 3_601_000)),
      'no signature': JSON.stringify({ ...good, Signature: '' }),
      'a confirmation of another topic': sns.confirmation(now(), { TopicArn: `${TOPIC}-of-a-stranger` }),
      'a confirmation that leads elsewhere': sns.confirmation(now(), { SubscribeURL: 'http://169.254.169.254/latest' }),
    }
    for (const [what, body] of Object.entries(forged)) expectRefused(await post('sns', body, SNS_TYPE), [403], what)
    expect([sns.visits.confirm, sns.visits.other]).toEqual([0, 0])

    const fields = { MessageSid: walk.id, MessageStatus: 'failed', ErrorCode: '21610', To: walk.number }
    const called = twilioCallback(at('twilio'), fields)
    const elsewhere = twilioCallback('https://id.evil.example/receipts/twilio', fields)
    for (const [what, signature, body] of [
      ['no signature', '', called.body],
      ['of another address', elsewhere.signature, called.body],
      ['of other fields', called.signature, `${called.body}&More=1`],
      ['half of it', called.signature.slice(0, 12), called.body],
    ] as const)
      expectRefused(await post('twilio', body, { ...FORM_TYPE, 'x-twilio-signature': signature }), [403], what)

    const body = JSON.stringify({ id: walk.id, address: walk.number, status: 'failed', reason: 'opted_out' })
    const seconds = Math.floor(now().getTime() / 1000)
    const right = webhookHeaders('r', seconds, body)
    for (const [what, headers, text] of [
      ['nothing signed', {}, body],
      ['of another body', right, body.replace('opted_out', 'bounced')],
      ['of another id', { ...right, 'webhook-id': 'x' }, body],
      ['of another time', { ...right, 'webhook-timestamp': String(seconds + 1) }, body],
      ['by another key', webhookHeaders('r', seconds, body, `whsec_${Buffer.alloc(24, 7).toString('base64')}`), body],
      ['time that is none', { ...right, 'webhook-timestamp': 'NaN' }, body],
    ] as const)
      expectRefused(await post('delivery', text, { ...JSON_TYPE, ...headers }), [403], what)

    expect([await stateOf(walk.number), await suppressions()]).toEqual(['handed_over', before])
    expect(await words(walk)).not.toMatch(/Delivered|refused|STOP/)
  })

  test('R-157, F-49 oversized, empty, of another type or shape, by another method: a clean 4xx, soon', async () => {
    const desks = ['sns', 'twilio', 'delivery']
    for (const desk of desks) {
      const began = performance.now()
      const large = `{"x":"${'x'.repeat(300 * 1024)}"}`
      expectRefused(await post(desk, large, SNS_TYPE), [413], `${desk}: too large`)
      for (const [what, body, headers] of [
        ['nothing', '', SNS_TYPE],
        ['no JSON', '{', JSON_TYPE],
        ['deep JSON', '['.repeat(100_000), JSON_TYPE],
        ['null', 'null', JSON_TYPE],
        ['a list', '[[]]', JSON_TYPE],
        ['XML', '<x/>', { 'content-type': 'application/xml' }],
        ['a file', '--x\r\n\r\n--x--', { 'content-type': 'multipart/form-data; boundary=x' }],
        ['no type', '{}', { 'content-type': '' }],
        ['a strange character set', '{}', { 'content-type': 'text/plain; charset=x-evil' }],
        ['said to be compressed', 'not gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
        ['compressed in no known way', '{}', { ...JSON_TYPE, 'content-encoding': 'x-evil' }],
        ['NUL', '\0\0', SNS_TYPE],
      ] as const)
        expectRefused(await post(desk, body, headers), [400, 403, 413, 415], `${desk}: ${what}`)
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'])
        expectRefused(await send(at(desk), { method }), [400, 404, 405, 501], `${desk}: ${method}`)
      expect(performance.now() - began).toBeLessThan(5000)
    }
    expect(stage.service.output()).not.toMatch(/"a request failed"/)
  })

  test('R-157, F-49 in broken chunks is cut off, and the next one is served; so is a form that is not compressed as it says', async () => {
    const head = 'POST /receipts/sns HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n'
    const broken = `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nZZ\r\n`
    expect(await sendRaw(stage.service.port, [broken])).toMatch(/^HTTP\/1\.1 4\d\d/)
    const { status } = await post('sns', stage.texts.sns.notification('words', now()), SNS_TYPE)
    expect(status).toBe(204)
    const headers = { ...FORM_TYPE, 'content-encoding': 'gzip', 'sec-fetch-site': 'same-origin' }
    const form = await send(`${stage.service.issuer}/sign-in/${'x'.repeat(22)}/identify`, {
      method: 'POST',
      body: 'identifier=a',
      headers,
    })
    expect(form.status).toBe(400)
  })

  test('R-173 where no desk is set up there is no path, signed or not', async () => {
    const { body, signature } = twilioCallback(`${bare.service.issuer}/receipts/twilio`, {
      MessageSid: 'SM1',
      MessageStatus: 'failed',
    })
    const seconds = Math.floor(Date.now() / 1000)
    for (const [desk, text, headers] of [
      ['sns', bare.texts.sns.notification('words', new Date()), SNS_TYPE],
      ['twilio', body, { ...FORM_TYPE, 'x-twilio-signature': signature }],
      ['delivery', '{}', { ...JSON_TYPE, ...webhookHeaders('r', seconds, '{}') }],
      ['other', '{}', JSON_TYPE],
    ] as const)
      expectRefused(await send(`${bare.service.issuer}/receipts/${desk}`, { method: 'POST', body: text, headers }), [404], desk)
  })

  test('R-154, S-3 while the database is away is not taken, so that it is sent again', async () => {
    const walk = await texted(20)
    const body = stage.texts.sns.notification({ eventType: 'TEXT_DELIVERED', messageId: walk.id }, now())
    await query(stage.service.databaseUrl, 'alter table delivery rename to away')
    const answer = await post('sns', body, SNS_TYPE).finally(() =>
      query(stage.service.databaseUrl, 'alter table away rename to delivery'),
    )
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect((await post('sns', body, SNS_TYPE)).status).toBe(204)
    expect(await stateOf(walk.number)).toBe('delivered')
  })
})
