import { describe, expect, test } from '@jest/globals'
import { type Config, settings } from '../../src/config/index.ts'
import { faultNames, faults, OTHER_SECRET, PRODUCTION, read, SECRET } from './config-samples.ts'

describe('bounds', () => {
  const cases: [name: string, field: keyof Config, good: Record<string, unknown>, bad: string[]][] = [
    ['PORT', 'port', { '1': 1, '65533': 65533 }, ['0', '65536', '3.5', '-1', '0x10', ' ', 'abc'].filter((text) => text.trim())],
    ['OPS_PORT', 'opsPort', { '1': 1, '65535': 65535 }, ['0', '65536', '3000']],
    ['ADMIN_PORT', 'adminPort', { '1': 1, '65535': 65535 }, ['0', '65536', '3000', '3002']],
    ['TRUSTED_PROXIES', 'trustedProxies', { '0': 0, '10': 10 }, ['-1', '11', 'true', '10.0.0.0/8']],
    ['DATABASE_POOL_SIZE', 'databasePoolSize', { '2': 2, '200': 200 }, ['1', '201']],
    ['WORKER_CONCURRENCY', 'workerConcurrency', { '1': 1, '50': 50 }, ['0', '51']],
    ['MAILS_MAX', 'mailsMax', { '1': 1, '3': 3 }, ['0', '4']],
    ['CODE_TRIES', 'codeTriesMax', { '1': 1, '5': 5 }, ['0', '6']],
    ['CODE_FAILURES_MAX', 'codeFailuresMax', { '5': 5, '50': 50 }, ['4', '51']],
    ['BODY_MAX', 'bodyMaxBytes', { '4kB': 4096, '64kB': 65536, '1MB': 1048576 }, ['4095B', '2MB', '64', '64KB', '1048577B']],
    ['LOG_LEVEL', 'logLevel', { debug: 'debug', fatal: 'fatal' }, ['loud', 'INFO']],
    ['CLOCK_SKEW_MAX', 'clockSkewMaxSeconds', { '1s': 1, '1000000000': 1_000_000_000 }, ['0s']],
    ['SHUTDOWN_GRACE', 'shutdownGraceSeconds', { '1s': 1, '10m': 600 }, ['0s', '601s']],
    ['SHUTDOWN_DELAY', 'shutdownDelaySeconds', { '0': 0, '0s': 0, '25s': 25 }, ['26s', '5m', '-1']],
    ['RESEND_WAIT', 'resendWaitSeconds', { '15s': 15, '1m': 60 }, ['14s', '61s']],
    ['CODE_TTL', 'codeTtlSeconds', { '5s': 5, '60s': 60 }, ['4s', '61s']],
    ['MAIL_CODE_TTL', 'mailCodeTtlSeconds', { '1m': 60, '10m': 600 }, ['59s', '601s']],
    ['MAIL_CODE_CAP', 'mailCodeCapSeconds', { '10m': 600, '15m': 900 }, ['599s', '901s']],
    ['INTERACTION_TTL', 'interactionTtlSeconds', { '15m': 900, '1d': 86400 }, ['899s', '86401s']],
    [
      'SECOND_FACTOR',
      'secondFactor',
      { off: 'off', optional: 'optional', required: 'required' },
      ['on', 'Required', 'true', '0'],
    ],
    ['DEVICE_REMEMBER', 'deviceRememberSeconds', { '0': 0, '0s': 0, '365d': 31_536_000 }, ['366d', '-1', 'off']],
    ['ADDRESS_HOLD', 'addressHoldSeconds', { '1h': 3600, '3d': 259_200, '30d': 2_592_000 }, ['0', '0s', '3599s', '2592001s']],
    ['ACCOUNT_GRACE', 'accountGraceSeconds', { '1d': 86_400, '14d': 1_209_600, '30d': 2_592_000 }, ['0', '86399s', '31d']],
    ['RESCUE_DELAY', 'rescueDelaySeconds', { '1h': 3600, '48h': 172_800, '30d': 2_592_000 }, ['0', '3599s', '2592001s', 'off']],
    ['RESCUE_DELAY_KNOWN', 'rescueDelayKnownSeconds', { '1h': 3600, '48h': 172_800 }, ['0', '3599s', '172801s']],
    ['RESCUE_WINDOW', 'rescueWindowSeconds', { '1h': 3600, '7d': 604_800 }, ['0', '3599s', '8d']],
    ['RESCUE_ADMIN_MIN', 'rescueAdminMinSeconds', { '15m': 900, '30d': 2_592_000 }, ['0', '899s', '2592001s']],
    ['RESCUE_LOCK', 'rescueLockSeconds', { '1d': 86_400, '90d': 7_776_000 }, ['0', '86399s', '91d']],
    ['RESCUE_CLAIM', 'rescueClaimSeconds', { '0': 0, '0s': 0, '365d': 31_536_000 }, ['366d', '-1']],
    ['RESCUE_ENDS', 'rescueEnds', { sessions: 'sessions', all: 'all' }, ['none', 'All']],
    [
      'RESCUE_DELAY_BY_LEVEL',
      'rescueDelayByLevel',
      { '3=96h phr=7d': { 3: 345_600, 4: 604_800 }, '1=1s,phr=90d': { 1: 1, 4: 7_776_000 } },
      ['4=1d', 'phr=0', 'phr=91d', 'phr', 'phr=1d phr=2d', 'phr=1d=2d', '7d'],
    ],
    [
      'KEY_ROTATION',
      'keyRotationSeconds',
      { off: 0, '1d': 86_400, '730d': 63_072_000 },
      ['0', '3599s', '86399s', '731d', 'never'],
    ],
    ['KEY_ROTATION_WAIT', 'keyRotationWaitSeconds', { '10m': 600, '30d': 2_592_000 }, ['599s', '31d', 'off']],
    ['SESSION_TTL', 'sessionTtlSeconds', { '2d': 172800, '365d': 31536000 }, ['172799s', '366d', '1w', '-1d', '1.5h', '2 d']],
    ['SESSION_IDLE_TTL', 'sessionIdleTtlSeconds', { '5m': 300, '14d': 1209600 }, ['299s', '1209601s']],
    ['ACCESS_TOKEN_TTL', 'accessTokenTtlSeconds', { '30s': 30, '1d': 86400 }, ['29s', '86401s']],
    ['ID_TOKEN_TTL', 'idTokenTtlSeconds', { '30s': 30, '1d': 86400 }, ['29s', '86401s']],
    ['REFRESH_TOKEN_TTL', 'refreshTokenTtlSeconds', { '14d': 1209600, '365d': 31536000 }, ['1209599s', '366d']],
    ['REFRESH_TOKEN_IDLE_TTL', 'refreshTokenIdleTtlSeconds', { '5m': 300, '30d': 2592000 }, ['299s', '2592001s']],
    ['PHONE_PROOF_AGE', 'phoneProofAgeSeconds', { '1d': 86_400, '730d': 63_072_000 }, ['86399s', '731d']],
    ['SMS_PROOF_BELOW', 'smsProofBelow', { '25': 25, '100': 100 }, ['24', '101', '-1', '50%']],
    ['SMS_CLOSE_BELOW', 'smsCloseBelow', { '0': 0, '50': 50 }, ['-1', '51']],
    ['SMS_RATIO_TEXTS', 'smsRatioTexts', { '4': 4, '100000': 100_000 }, ['3', '100001']],
    ['HOST', 'host', { '::': '::', '10.0.0.1': '10.0.0.1' }, ['a b', 'http://x']],
    [
      'DATABASE_URL',
      'databaseUrl',
      { 'postgresql:///d?host=/run/pg': 'postgresql:///d?host=/run/pg' },
      ['db.example.com', 'http://db/d'],
    ],
    ['SMTP_URL', 'smtpUrls', { 'smtp://mail:587': ['smtp://mail:587'] }, ['smtp://', 'mail.example.com', 'https://mail']],
  ]

  test.each(cases)('%s is taken up to its bounds and not beyond', (name, field, good, bad) => {
    for (const [text, value] of Object.entries(good)) expect([text, read({ [name]: text })[field]]).toEqual([text, value])
    for (const text of bad) expect([text, faults({ [name]: text }).length > 0]).toEqual([text, true])
  })

  test('the test covers every number and duration of the table', () => {
    const covered = cases.map(([name]) => name)
    const numbers = Object.values(settings).filter(({ kind }) => ['whole number', 'duration', 'size'].includes(kind))
    expect(numbers.map(({ name }) => name).filter((name) => !covered.includes(name))).toEqual([])
  })

  test.each([
    ['https://id.example.com/', 'https://id.example.com'],
    ['https://id.example.com/auth', 'https://id.example.com'],
    ['https://id.example.com?x', 'https://id.example.com'],
    ['https://id.example.com#x', 'https://id.example.com'],
    ['https://ID.example.com', 'https://id.example.com'],
    ['https://id.example.com:443', 'https://id.example.com'],
  ])('an ISSUER written %s is refused with the right spelling', (issuer, right) => {
    expect(faults({ ...PRODUCTION, ISSUER: issuer })).toEqual([expect.stringContaining(`write ${right}`)])
  })

  test.each(['id.example.com', 'ftp://id.example.com', 'https://u:p@id.example.com', 'https://'])(
    'an ISSUER written %s is refused',
    (issuer) => {
      expect(faultNames({ ...PRODUCTION, ISSUER: issuer })).toEqual(['ISSUER'])
    },
  )

  test('CLOCK_SKEW_MAX is at most five minutes outside of trial mode', () => {
    expect(read({ ...PRODUCTION, CLOCK_SKEW_MAX: '5m' }).clockSkewMaxSeconds).toBe(300)
    expect(faultNames({ ...PRODUCTION, CLOCK_SKEW_MAX: '301s' })).toEqual(['CLOCK_SKEW_MAX'])
  })

  test('DATABASE_DIRECT_URL stands beside DATABASE_URL only', () => {
    expect(faultNames({ DATABASE_DIRECT_URL: 'postgres://db/d' })).toEqual(['DATABASE_DIRECT_URL'])
    expect(read({ ...PRODUCTION, DATABASE_DIRECT_URL: 'postgres://direct/d' }).databaseDirectUrl).toBe('postgres://direct/d')
  })

  test.each([
    ['a@example.com', { name: '', address: 'a@example.com' }],
    ['Example <a@example.com>', { name: 'Example', address: 'a@example.com' }],
    ['"Example, Inc." <a@example.com>', { name: 'Example, Inc.', address: 'a@example.com' }],
  ])('MAIL_FROM takes %s', (text, value) => {
    expect(read({ MAIL_FROM: text }).mailFrom).toEqual(value)
  })

  test.each(['Example', 'a@b, c@d.example', 'Example, Inc. <a@example.com>', 'X\nBcc: y <a@example.com>', '<a@example.com'])(
    'MAIL_FROM refuses %j',
    (text) => expect(faultNames({ MAIL_FROM: text })).toEqual(['MAIL_FROM']),
  )
})

describe('lists', () => {
  test('SECRETS keeps its order and takes commas, spaces and lines', () => {
    expect(read({ SECRETS: `${SECRET},${OTHER_SECRET}` }).secrets).toEqual([SECRET, OTHER_SECRET])
    expect(read({ SECRETS: `${OTHER_SECRET}\n ${SECRET}\n` }).secrets).toEqual([OTHER_SECRET, SECRET])
  })

  test('SECRETS refuses 31 characters, takes 32, and refuses the same twice', () => {
    expect(faults({ SECRETS: SECRET.slice(0, 31) })).toEqual([expect.stringContaining('secret 1 is shorter than 32')])
    expect(read({ SECRETS: SECRET.slice(0, 32) }).secrets).toEqual([SECRET.slice(0, 32)])
    expect(faults({ SECRETS: `${SECRET} ${SECRET}` })).toEqual([expect.stringContaining('twice')])
  })

  test('ACR_NAMES takes three different names, lowest level first', () => {
    expect(read({}).acrNames).toEqual(['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3'])
    expect(read({ ACR_NAMES: 'bronze  silver gold' }).acrNames).toEqual(['bronze', 'silver', 'gold'])
    for (const wrong of ['gold', 'a b c d', 'a b a', 'a b gölden'])
      expect(faultNames({ ACR_NAMES: wrong })).toEqual(['ACR_NAMES'])
  })

  test('R-084 SIGNUP takes domains in canonical form', () => {
    expect(read({}).signup).toEqual({ kind: 'open' })
    expect(read({ SIGNUP: 'closed' }).signup).toEqual({ kind: 'closed' })
    expect(read({ SIGNUP: 'domains:Corp.Test, bücher.example,corp.test' }).signup).toEqual({
      kind: 'domains',
      domains: ['corp.test', 'xn--bcher-kva.example'],
    })
  })

  test.each([
    'domains:',
    'domains:corp.test.',
    'domains:localhost',
    'domains:*.corp.test',
    'domains:a@corp.test',
    'corp.test',
    'Open',
  ])('R-084 SIGNUP refuses %s', (text) => expect(faultNames({ SIGNUP: text })).toEqual(['SIGNUP']))

  test('LIMITS replaces by name and keeps the other defaults', () => {
    const { limits } = read({ LIMITS: 'email:1/1h, ip:1000000/30d' })
    expect(limits.email).toEqual({ name: 'email', count: 1, windowSeconds: 3600 })
    expect(limits.ip).toEqual({ name: 'ip', count: 1_000_000, windowSeconds: 2_592_000 })
    expect(limits['email-day']).toEqual({ name: 'email-day', count: 20, windowSeconds: 86_400 })
    expect(Object.keys(limits)).toEqual(Object.keys(read(PRODUCTION).limits))
  })

  test.each([
    'email',
    'email:5',
    'email:0/1m',
    'email:1000001/1m',
    'email:5/0s',
    'email:5/31d',
    'email:5/15',
    'nope:5/1m',
    '__proto__:5/1m',
    'email:5/1m email:6/1m',
  ])('LIMITS refuses %s', (text) => expect(faultNames({ LIMITS: text })).toEqual(['LIMITS']))
})
