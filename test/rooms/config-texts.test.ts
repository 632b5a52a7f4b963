import { describe, expect, test } from '@jest/globals'
import type { Config } from '../../src/config/index.ts'
import { type Env, faultNames, faults, PRODUCTION, read } from './config-samples.ts'

const KEY = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const TWILIO: Env = {
  TWILIO_ACCOUNT_SID: `AC${'0a'.repeat(16)}`,
  TWILIO_AUTH_TOKEN: 'hidden-word-of-an-account',
  TWILIO_FROM: '+14155550100',
}
const WEBHOOK: Env = { SMS_WEBHOOK_URL: 'https://texts.example.com/send', SMS_WEBHOOK_SECRET: KEY }

describe('text messages', () => {
  test('a trial has them without any setting, in its inbox and to every country', () => {
    expect(read({})).toMatchObject({
      texts: true,
      smsRoutes: [],
      smsCountries: null,
      phoneCountry: null,
      phoneProofAgeSeconds: 180 * 86_400,
      smsBudget: { all: 20_000_000, country: 10_000_000, prefix: 2_000_000, client: 10_000_000, number: 500_000 },
      smsProofBelow: 50,
      smsCloseBelow: 25,
      smsRatioTexts: 20,
      proofOfWork: 'off',
      snsTopics: [],
      twilioUrl: 'https://api.twilio.com',
    })
  })

  test('R-172 production has none without a route, and never the inbox', () => {
    expect(read(PRODUCTION)).toMatchObject({ texts: false, smsRoutes: [] })
    expect(faultNames({ ...PRODUCTION, SMS_ROUTES: 'inbox', SMS_COUNTRIES: 'DE' })).toEqual(['SMS_ROUTES'])
    expect(faultNames({ SMS_ROUTES: 'inbox' })).toEqual(['SMS_ROUTES'])
  })

  test('routes keep their order', () => {
    const env = { ...PRODUCTION, ...TWILIO, ...WEBHOOK, SMS_COUNTRIES: 'DE' }
    expect(read({ ...env, SMS_ROUTES: 'twilio sns' })).toMatchObject({ texts: true, smsRoutes: ['twilio', 'sns'] })
    expect(read({ ...env, SMS_ROUTES: 'sns,webhook,twilio' }).smsRoutes).toEqual(['sns', 'webhook', 'twilio'])
    const trial = { trial: true, texts: true, smsRoutes: ['sns'], smsCountries: ['DE'] }
    expect(read({ SMS_ROUTES: 'sns', SMS_COUNTRIES: 'DE' })).toMatchObject(trial)
  })

  test.each([
    ['sns', []],
    ['twilio', ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM']],
    ['webhook', ['SMS_WEBHOOK_SECRET', 'SMS_WEBHOOK_URL']],
    ['sns twilio', ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM']],
  ])('the route %s says what it needs', (routes, needed) => {
    expect(faultNames({ ...PRODUCTION, SMS_COUNTRIES: 'DE', SMS_ROUTES: routes })).toEqual(needed)
    expect(faultNames({ SMS_ROUTES: routes, SMS_COUNTRIES: 'DE' })).toEqual(needed)
    expect(faults({ ...PRODUCTION, ...TWILIO, ...WEBHOOK, SMS_COUNTRIES: 'DE', SMS_ROUTES: routes })).toEqual([])
  })

  test('R-091 where texts are sent for real the countries must be named, in a trial too', () => {
    expect(faultNames({ SMS_ROUTES: 'sns' })).toEqual(['SMS_COUNTRIES'])
    expect(faultNames({ ...PRODUCTION, SMS_ROUTES: 'sns' })).toEqual(['SMS_COUNTRIES'])
    expect(faultNames({ ISSUER: 'https://id.example.com', ...omit(PRODUCTION, 'NODE_ENV'), SMS_ROUTES: 'sns' })).toEqual([
      'SMS_COUNTRIES',
    ])
    expect(read({ ...PRODUCTION, SMS_ROUTES: 'sns', SMS_COUNTRIES: 'DE, AT CH' }).smsCountries).toEqual(['DE', 'AT', 'CH'])
  })

  test.each(['XX', 'de', 'Germany', '+49', 'DE,XX', 'DE DE', ','])('R-091 SMS_COUNTRIES refuses %s', (text) => {
    expect(faultNames({ SMS_COUNTRIES: text })).toEqual(['SMS_COUNTRIES'])
  })

  test('PHONE_COUNTRY is one country', () => {
    expect(read({ PHONE_COUNTRY: 'DE' }).phoneCountry).toBe('DE')
    for (const text of ['XX', 'de', 'DE,AT']) expect(faultNames({ PHONE_COUNTRY: text })).toEqual(['PHONE_COUNTRY'])
  })

  test('fewer texts close a country than ask it for a proof', () => {
    expect(read({ SMS_PROOF_BELOW: '30', SMS_CLOSE_BELOW: '30' })).toMatchObject({ smsProofBelow: 30, smsCloseBelow: 30 })
    expect(faultNames({ SMS_PROOF_BELOW: '30', SMS_CLOSE_BELOW: '31' })).toEqual(['SMS_CLOSE_BELOW'])
    expect(faultNames({ SMS_PROOF_BELOW: 'x', SMS_CLOSE_BELOW: '31' })).toEqual(['SMS_PROOF_BELOW'])
  })

  test('R-164 messages go over https; http is for loopback in a trial', () => {
    for (const [name, path] of [
      ['TWILIO_URL', ''],
      ['SMS_WEBHOOK_URL', '/send'],
    ] as const) {
      const loopback = `http://127.0.0.1:8080${path}`
      expect(faultNames({ [name]: loopback })).toEqual([])
      expect(faultNames({ ...PRODUCTION, [name]: loopback })).toEqual([name])
      expect(faultNames({ [name]: `http://texts.example.com${path}` })).toEqual([name])
      expect(faultNames({ ...PRODUCTION, [name]: `https://texts.example.com${path}` })).toEqual([])
    }
  })

  const cases: [name: string, field: keyof Config, good: string[], bad: string[]][] = [
    ['PROOF_OF_WORK', 'proofOfWork', ['off', 'texts', 'always'], ['on', 'OFF']],
    ['SNS_REGION', 'snsRegion', ['eu-central-1', 'us-gov-east-1'], ['eu', 'EU-CENTRAL-1', 'eu-central-1.evil.test']],
    ['SNS_SENDER_ID', 'snsSenderId', ['Doorward', 'A-1', 'x'.repeat(11)], ['x'.repeat(12), '12345', 'My App']],
    ['TWILIO_ACCOUNT_SID', 'twilioAccountSid', [`AC${'f'.repeat(32)}`], ['AC', `AC${'f'.repeat(31)}`, `SK${'f'.repeat(32)}`]],
    ['TWILIO_AUTH_TOKEN', 'twilioAuthToken', ['x'.repeat(16)], ['x'.repeat(15), 'a word and another one']],
    ['TWILIO_FROM', 'twilioFrom', ['+14155550100', `MG${'a'.repeat(32)}`, 'Doorward'], ['14155550100', '+0123', 'My App']],
    ['TWILIO_URL', 'twilioUrl', ['https://api.ie1.twilio.com'], ['https://api.twilio.com/', 'api.twilio.com']],
    [
      'SMS_WEBHOOK_URL',
      'smsWebhookUrl',
      ['https://t.example.com/a?b=c'],
      ['https://u:p@t.example.com/', 'ftp://t.example.com', 'https://t.example.com/#x', 'javascript://x'],
    ],
    ['SMS_WEBHOOK_SECRET', 'smsWebhookSecret', [KEY, `whsec_${KEY}`], ['short', 'not base64 at all, this one', `${KEY}!`]],
    ['RECEIPTS_SECRET', 'receiptsSecret', [bytes(24), bytes(64)], [bytes(23), bytes(65)]],
    ['SMS_PRICES_FILE', 'smsPricesFile', ['/etc/prices.yaml'], ['a\0b']],
    [
      'HELP_CONTACT',
      'helpContact',
      ['mailto:help@example.com', 'https://example.com/help?of=us'],
      [
        'help@example.com',
        'mailto:help',
        'mailto:a@b.example?cc=c@d.example',
        'http://example.com',
        'https://u:p@example.com/',
        'javascript:x',
      ],
    ],
  ]

  test.each(cases)('%s is taken in its form only', (name, field, good, bad) => {
    // A signing key is the same key with its prefix and without.
    const kept = (text: string) => (name.endsWith('_SECRET') ? `whsec_${text.replace(/^whsec_/, '')}` : text)
    for (const text of good) expect([text, read({ [name]: text })[field]]).toEqual([text, kept(text)])
    for (const text of bad) expect([text, faultNames({ [name]: text })]).toEqual([text, [name]])
  })

  test('SNS_TOPICS takes names of topics', () => {
    const topic = 'arn:aws:sns:eu-central-1:123456789012:mail'
    expect(read({ SNS_TOPICS: `${topic}, ${topic}-2` }).snsTopics).toEqual([topic, `${topic}-2`])
    for (const text of ['mail', 'arn:aws:sqs:eu-central-1:123456789012:mail', `${topic} ${topic}`, `${topic}:x`])
      expect(faultNames({ SNS_TOPICS: text })).toEqual(['SNS_TOPICS'])
  })

  test('no fault repeats a secret, and each may come from a file', () => {
    const env = { TWILIO_AUTH_TOKEN: 'hidden-word', SMS_WEBHOOK_SECRET: 'hidden-word', RECEIPTS_SECRET: 'hidden-word' }
    expect(faultNames(env)).toEqual(['RECEIPTS_SECRET', 'SMS_WEBHOOK_SECRET', 'TWILIO_AUTH_TOKEN'])
    expect(faults(env).join()).not.toContain('hidden-word')
    const names = Object.keys(env).map((name) => [`${name}_FILE`, '/run/secrets/it'])
    expect(read(Object.fromEntries(names), () => KEY)).toMatchObject({ twilioAuthToken: KEY, receiptsSecret: `whsec_${KEY}` })
  })
})

describe('the budget', () => {
  test('SMS_BUDGET is read to the millionth, and what it does not name keeps its default', () => {
    const { smsBudget } = read({ SMS_BUDGET: 'all:0.000001, number:1000000' })
    expect(smsBudget).toMatchObject({ all: 1, number: 1_000_000_000_000, country: 10_000_000 })
    expect(Object.isFrozen(smsBudget)).toBe(true)
    expect(read({ SMS_BUDGET: 'all:0' }).smsBudget.all).toBe(0)
    expect(read({ SMS_BUDGET: 'country:7.5' }).smsBudget.country).toBe(7_500_000)
  })

  test.each([
    'all',
    'all:-1',
    'all:1.0000001',
    'all:1000000.000001',
    'all:1e3',
    'all:1,5 ',
    'nope:1',
    '__proto__:1',
    'all:1 all:2',
    'all:5/1d',
  ])('SMS_BUDGET refuses %s', (text) => expect(faultNames({ SMS_BUDGET: text })).toEqual(['SMS_BUDGET']))
})

describe('mail servers', () => {
  test('SMTP_URL may name several, in their order', () => {
    const [one, two] = ['smtps://user:a,b@one.example', 'smtp://two.example:587']
    for (const text of [`${one} ${two}`, `${one},${two}`, `${one} , ${two}`, `${one}\n${two},\n`])
      expect(read({ SMTP_URL: text }).smtpUrls).toEqual([one, two])
  })

  test('a fault says which one, and never repeats it', () => {
    const told = faults({ SMTP_URL: 'smtp://user:hidden-word@one.example, smtps://, hidden-word' })
    expect(told).toEqual([
      expect.stringMatching(/^SMTP_URL URL 2 /),
      expect.stringMatching(/^SMTP_URL URL 3 must be a URL that begins with smtp:\/\/ or smtps:\/\/$/),
    ])
    expect(faults({ SMTP_URL: 'smtp://one.example smtp://one.example' })).toEqual(['SMTP_URL holds the same URL twice'])
  })
})

function bytes(count: number): string {
  return Buffer.alloc(count, 7).toString('base64')
}

function omit(env: Env, name: string): Env {
  return Object.fromEntries(Object.entries(env).filter(([key]) => key !== name))
}
