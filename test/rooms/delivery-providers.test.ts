import { createServer } from 'node:https'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog, type PhoneNumber } from '../../src/base/index.ts'
import { createInbox, createSnsRoute, createTwilioRoute, createWebhookRoute } from '../../src/delivery/channels/index.ts'
import { snsVerdict } from '../../src/delivery/channels/sns-result.ts'
import type { OutgoingText, TextRoute } from '../../src/delivery/index.ts'
import { selfSigned } from '../support/certificate.ts'
import { freePorts } from '../support/ports.ts'
import { type SnsServer, startSnsServer } from '../support/sns-server.ts'
import type { TextBehaviour, TextServer } from '../support/text-server.ts'
import { startTwilioServer, TWILIO } from '../support/twilio-server.ts'
import { startWebhookServer, WEBHOOK_SECRET } from '../support/webhook-server.ts'

const NUMBER = '+4915112345678' as PhoneNumber
const WORDS = 'Fabrikam: 123456 is your code, good for 10 minutes. Tell it to no one.\n\n@doorward.example #123456'
const TIMES = { connectionSeconds: 1, textSeconds: 1 }
const lines: string[] = []
const log = createLog('debug', { write: (line) => void lines.push(line) })

let sns: SnsServer
let twilio: TextServer
let webhook: TextServer
let routes: Record<'sns' | 'twilio' | 'webhook', TextRoute>

beforeAll(async () => {
  sns = await startSnsServer()
  twilio = await startTwilioServer()
  webhook = await startWebhookServer()
  Object.assign(process.env, sns.env)
  routes = {
    sns: createSnsRoute({ region: null, senderId: 'Fabrikam', log, times: TIMES }),
    twilio: twilioRoute(),
    webhook: createWebhookRoute({ url: webhook.url, secret: WEBHOOK_SECRET, log, deadlineSeconds: 1 }),
  }
})
afterAll(async () => {
  for (const route of Object.values(routes)) await route.close()
  for (const server of [sns, twilio, webhook]) await server.stop()
})
afterEach(() => {
  for (const server of [sns, twilio, webhook]) server.setBehaviour('accept')
})

const serverOf = (name: keyof typeof routes): TextServer => ({ sns, twilio, webhook })[name]

describe('a text is handed to its provider in the provider’s own words', () => {
  test('R-164 SNS: signed with Signature Version 4, transactional, with the sender’s name, and with what SNS calls it', async () => {
    const result = await routes.sns.send(text())
    const taken = sns.taken.at(-1)
    expect(result).toEqual({ kind: 'accepted', receiptId: taken?.id })
    expect(taken).toMatchObject({ to: NUMBER, text: WORDS, code: '123456' })
    expect(Object.values(taken?.asked ?? {})).toEqual(
      expect.arrayContaining(['AWS.SNS.SMS.SMSType', 'Transactional', 'AWS.SNS.SMS.SenderID', 'Fabrikam']),
    )
    expect(sns.forged).toEqual([])
  })

  test('R-164 SNS refuses another key, and that is the operator’s fault', async () => {
    const key = process.env.AWS_SECRET_ACCESS_KEY
    process.env.AWS_SECRET_ACCESS_KEY = 'another'
    const route = createSnsRoute({ region: null, senderId: null, log, times: TIMES })
    expect(await route.send(text())).toEqual({ kind: 'deferred', reason: 'auth' })
    process.env.AWS_SECRET_ACCESS_KEY = key
    expect(sns.forged).toHaveLength(1)
    expect(lines.at(-1)).toContain('"level":"error"')
  })

  test('R-164 SNS is not spoken to in plain text on another machine', async () => {
    const url = process.env.AWS_ENDPOINT_URL_SNS
    process.env.AWS_ENDPOINT_URL_SNS = 'http://sns.fabrikam.example'
    const route = createSnsRoute({ region: null, senderId: null, log, times: TIMES })
    expect(await route.send(text())).toEqual({ kind: 'deferred', reason: 'not_ready' })
    process.env.AWS_ENDPOINT_URL_SNS = url
  })

  test('Twilio: with the account’s credentials, its number or messaging service, and where to report', async () => {
    expect(await routes.twilio.send(text())).toEqual({ kind: 'accepted', receiptId: twilio.taken.at(-1)?.id })
    const common = { To: NUMBER, Body: WORDS, StatusCallback: 'https://doorward.example/receipts/twilio' }
    expect(twilio.taken.at(-1)?.asked).toEqual({ ...common, From: '+15005550006' })
    const service = `MG${'a'.repeat(32)}`
    await twilioRoute({ from: service, receiptsUrl: null }).send(text())
    expect(twilio.taken.at(-1)?.asked).toEqual({ To: NUMBER, Body: WORDS, MessagingServiceSid: service })
    expect(await twilioRoute({ authToken: 'wrong' }).send(text())).toEqual({ kind: 'deferred', reason: 'auth_403' })
    expect(twilio.forged).toHaveLength(1)
  })

  test('the webhook: signed by Standard Webhooks, with the same id for every try', async () => {
    expect(await routes.webhook.send(text())).toEqual({ kind: 'accepted', receiptId: webhook.taken.at(-1)?.id })
    const at = '2029-01-01T10:00:00.000Z'
    expect(webhook.taken.at(-1)?.asked).toEqual({ id: 'd1', to: NUMBER, text: WORDS, locale: 'en', at })
    const other = createWebhookRoute({ url: webhook.url, secret: 'another secret of the operator', log })
    expect(await other.send(text())).toEqual({ kind: 'deferred', reason: 'auth_403' })
    expect(webhook.forged).toHaveLength(1)
  })

  test('R-164 a server with a certificate that nobody vouches for is told nothing', async () => {
    const { privateKey, certificate } = selfSigned('localhost')
    const [port] = await freePorts(1)
    let requests = 0
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const server = createServer({ key, cert: certificate }, (_req, res) => void res.end(String(++requests)))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const url = `https://localhost:${port}`
    const plain = process.env.AWS_ENDPOINT_URL_SNS
    process.env.AWS_ENDPOINT_URL_SNS = url
    for (const route of [
      createSnsRoute({ region: null, senderId: null, log, times: TIMES }),
      twilioRoute({ url }),
      createWebhookRoute({ url, secret: WEBHOOK_SECRET, log }),
    ]) {
      expect(await route.send(text())).toEqual({ kind: 'deferred', reason: 'tls' })
    }
    process.env.AWS_ENDPOINT_URL_SNS = plain
    server.close()
    expect(requests).toBe(0)
  })

  test('R-164 plain text leads to this machine only, and no address may hold a password', () => {
    for (const url of [
      'http://api.fabrikam.example',
      'ftp://localhost',
      'nonsense',
      'https://user:geheim@api.fabrikam.example',
    ]) {
      expect(() => twilioRoute({ url })).toThrow(/^TWILIO_URL/)
      expect(() => twilioRoute({ url })).not.toThrow(/geheim/)
      expect(() => createWebhookRoute({ url, secret: WEBHOOK_SECRET, log })).toThrow(/^SMS_WEBHOOK_URL/)
    }
    expect(() => createWebhookRoute({ url: 'https://sms.fabrikam.example', secret: 'whsec_?', log })).toThrow()
  })
})

describe('F-33 what the provider says decides what becomes of a text', () => {
  const OUT = 'Invalid parameter: PhoneNumber Reason: +4915112345678 is opted out'
  const BAD = 'Invalid parameter: PhoneNumber Reason: +4915112345678 is not valid to publish to'
  test.each<[keyof typeof routes, TextBehaviour, string, string]>([
    ['sns', { status: 400, code: 'Throttled' }, 'deferred', 'throttled'],
    ['sns', { status: 400, code: 'ThrottlingException' }, 'deferred', 'throttled'],
    ['sns', { status: 500, code: 'InternalError' }, 'deferred', 'unanswered'],
    ['sns', { status: 502 }, 'deferred', 'unanswered'],
    ['sns', { status: 503, code: 'Throttling' }, 'deferred', 'throttled'],
    ['sns', { status: 503, code: 'ServiceUnavailable' }, 'deferred', 'http_503'],
    ['sns', { status: 400, code: 'OptedOut' }, 'refused', 'opted_out'],
    ['sns', { status: 400, code: 'InvalidParameter', message: OUT }, 'refused', 'opted_out'],
    ['sns', { status: 400, code: 'InvalidParameter', message: BAD }, 'refused', 'unreachable'],
    [
      'sns',
      { status: 400, code: 'InvalidParameter', message: 'Invalid parameter: Message too long' },
      'deferred',
      'invalid_parameter',
    ],
    ['sns', { status: 403, code: 'AuthorizationError' }, 'deferred', 'auth'],
    ['sns', { status: 400, code: 'MonthlySpendLimitReached' }, 'deferred', 'spend_limit'],
    ['sns', { status: 504 }, 'deferred', 'unanswered'],
    ['sns', 'hang', 'deferred', 'unanswered'],
    ['sns', { afterMs: 1400 }, 'deferred', 'unanswered'],
    ['sns', 'cut', 'deferred', 'unanswered'],
    ['twilio', { status: 400, code: 21610 }, 'refused', 'opted_out'],
    ['twilio', { status: 400, code: 21211 }, 'refused', 'unreachable'],
    ['twilio', { status: 400, code: 21614 }, 'refused', 'unreachable'],
    ['twilio', { status: 400, code: 30006 }, 'refused', 'unreachable'],
    ['twilio', { status: 400, code: 21606 }, 'deferred', 'twilio_21606'],
    ['twilio', { status: 400, code: 21612 }, 'deferred', 'twilio_21612'],
    ['twilio', { status: 403, code: 21408 }, 'deferred', 'twilio_21408'],
    ['twilio', { status: 403, code: 21610 }, 'refused', 'opted_out'],
    ['twilio', { status: 401, code: 20003 }, 'deferred', 'auth_401'],
    ['twilio', { status: 429, code: 20429 }, 'deferred', 'http_429'],
    ['twilio', { status: 503 }, 'deferred', 'http_503'],
    ['twilio', { status: 500, code: 20500 }, 'deferred', 'unanswered'],
    ['twilio', { status: 502 }, 'deferred', 'unanswered'],
    ['twilio', { status: 504 }, 'deferred', 'unanswered'],
    ['twilio', { status: 302, location: 'https://elsewhere.example/' }, 'deferred', 'http_302'],
    ['twilio', 'hang', 'deferred', 'unanswered'],
    ['twilio', 'cut', 'deferred', 'unanswered'],
    ['webhook', { status: 410 }, 'refused', 'unreachable'],
    ['webhook', { status: 422 }, 'refused', 'unreachable'],
    ['webhook', { status: 422, code: 'opted_out' }, 'refused', 'opted_out'],
    ['webhook', { status: 400 }, 'deferred', 'http_400'],
    ['webhook', { status: 429 }, 'deferred', 'http_429'],
    ['webhook', { status: 500 }, 'deferred', 'unanswered'],
    ['webhook', { status: 503 }, 'deferred', 'http_503'],
    ['webhook', { status: 302, location: 'https://elsewhere.example/' }, 'deferred', 'http_302'],
    ['webhook', 'hang', 'deferred', 'unanswered'],
  ])('%s: %j means %s for the reason %s', async (name, behaviour, kind, reason) => {
    const before = serverOf(name).asked.length
    serverOf(name).setBehaviour(behaviour)
    expect(await routes[name].send(text())).toMatchObject({ kind, reason })
    expect(serverOf(name).asked).toHaveLength(before + 1)
  })

  test.each<[keyof typeof routes, TextBehaviour]>([
    ['sns', { status: 400, code: 'InvalidParameter', message: 'Invalid parameter: Message too long' }],
    ['twilio', { status: 400, code: 21408 }],
    ['webhook', { status: 400 }],
  ])('%s: a fault that may lie in one number says nothing against the route', async (name, behaviour) => {
    serverOf(name).setBehaviour(behaviour)
    expect(await routes[name].send(text())).toMatchObject({ kind: 'deferred', recipientOnly: true })
  })

  const NO_SENDER = 'Invalid parameter: PhoneNumber Reason: the origination number cannot send'
  test.each<[keyof typeof routes, TextBehaviour, boolean]>([
    ['sns', { status: 400, code: 'InvalidParameter', message: NO_SENDER }, false],
    ['twilio', { status: 400, code: 21211 }, true],
    ['twilio', { status: 400, code: 21214 }, false],
    ['twilio', { status: 400, code: 30003 }, false],
    ['webhook', { status: 410 }, true],
    ['webhook', { status: 410, code: 'opted_out' }, false],
    ['webhook', { status: 422 }, false],
  ])('V-25 %s: %j says for sure that nobody has the number: %p', async (name, behaviour, gone) => {
    serverOf(name).setBehaviour(behaviour)
    expect('gone' in (await routes[name].send(text()))).toBe(gone)
  })

  test('an answer that leaves open whether the text was taken stands in the log with its status', async () => {
    twilio.setBehaviour({ status: 502 })
    await routes.twilio.send(text())
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ route: 'twilio', reason: 'unanswered', status: 502 })
  })

  test.each(['sns', 'twilio', 'webhook'] as const)('%s: away is a passing fault in which nothing was sent', async (name) => {
    await serverOf(name).down()
    expect(await routes[name].send(text())).toEqual({ kind: 'deferred', reason: 'connect_refused' })
    await serverOf(name).up()
    expect(await routes[name].send(text())).toMatchObject({ kind: 'accepted' })
  })

  test('a provider that has not been asked yet got nothing', () => {
    expect(snsVerdict(Object.assign(new Error('x'), { name: 'CredentialsProviderError' }), false)).toMatchObject({
      reason: 'credentials',
    })
    expect(snsVerdict(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), true)).toMatchObject({ reason: 'dns' })
    expect(snsVerdict(Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }), true)).toMatchObject({
      reason: 'tls',
      operator: true,
    })
    const silent = new Error('the request socket did not establish a connection with the server within the configured timeout')
    expect(snsVerdict(Object.assign(silent, { name: 'TimeoutError' }), true)).toMatchObject({ reason: 'timeout' })
    expect(snsVerdict(Object.assign(new Error('x'), { code: 'ECONNRESET' }), true)).toMatchObject({ reason: 'unanswered' })
  })

  test('R-177 neither a number nor a provider’s words stand in the log', () => {
    const said = lines.join()
    expect(said).toContain('opted_out')
    for (const secret of ['4915112345678', '123456', 'opted out', 'not valid', TWILIO.authToken])
      expect(said).not.toContain(secret)
  })
})

test('the trial inbox takes texts as well, with their code', async () => {
  const inbox = createInbox({ clock: { now: () => new Date('2029-01-01') } })
  await inbox.routes.sms.send(text({ facts: { code: '123456', link: null } }))
  expect(inbox.list()).toMatchObject([
    { channel: 'sms', to: NUMBER, text: WORDS, subject: null, html: null, code: '123456', link: null },
  ])
})

function text(changes: Partial<OutgoingText> = {}): OutgoingText {
  return { id: 'd1', to: NUMBER, text: WORDS, locale: 'en', at: new Date('2029-01-01T10:00:00Z'), ...changes }
}

function twilioRoute(changes: Partial<Parameters<typeof createTwilioRoute>[0]> = {}): TextRoute {
  const receiptsUrl = 'https://doorward.example/receipts/twilio'
  return createTwilioRoute({
    ...TWILIO,
    url: twilio.url,
    from: '+15005550006',
    receiptsUrl,
    log,
    deadlineSeconds: 1,
    ...changes,
  })
}
