import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import {
  type Config,
  duration,
  envExample,
  readConfig,
  readStorageConfig,
  secretUrl,
  settings,
  settingsManual,
} from '../../src/config/index.ts'

type Env = Record<string, string | undefined>

const SECRET = 'Zm9yIHRlc3RzIG9ubHksIG5vdCBmb3IgdXNl'
const OTHER_SECRET = 'YW5vdGhlciBvbmUgZm9yIHRlc3RzIG9ubHkh'
const PRODUCTION: Env = {
  NODE_ENV: 'production',
  ISSUER: 'https://id.example.com',
  DATABASE_URL: 'postgres://doorward:hidden-word@db.example.com/doorward',
  SECRETS: SECRET,
  SMTP_URL: 'smtps://user:hidden-word@smtp.example.com',
  MAIL_FROM: 'Example <sign-in@example.com>',
  CLIENTS_FILE: '/etc/doorward/clients.yaml',
  TRUSTED_PROXIES: '1',
}

const noFiles = (path: string): string => {
  throw Object.assign(new Error(path), { code: 'ENOENT' })
}

function read(env: Env, files: (path: string) => string = noFiles): Config {
  const result = readConfig(env, { files })
  if (!result.ok) throw new Error(JSON.stringify(result.faults))
  return result.config
}

function faults(env: Env, files: (path: string) => string = noFiles): string[] {
  const result = readConfig(env, { files })
  return result.ok ? [] : result.faults.map(({ name, words }) => `${name} ${words}`)
}

const faultNames = (env: Env): string[] => [...new Set(faults(env).map((line) => line.split(' ')[0] ?? ''))]

describe('trial mode', () => {
  test('needs no setting at all, and listens on loopback', () => {
    const config = read({})
    expect(config).toMatchObject({
      trial: true,
      production: false,
      issuer: 'http://localhost:3000',
      port: 3000,
      opsPort: 3002,
      host: '127.0.0.1',
    })
    expect(config).toMatchObject({
      databaseUrl: null,
      databaseDirectUrl: null,
      secrets: null,
      smtpUrl: null,
      clientsFile: null,
      trustedProxies: 0,
    })
  })

  test('follows PORT', () => {
    expect(read({ PORT: '4000' })).toMatchObject({ issuer: 'http://localhost:4000', port: 4000, opsPort: 4002 })
  })

  test.each(['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:3000'])('is what %s means', (issuer) => {
    expect(read({ ISSUER: issuer })).toMatchObject({ trial: true, issuer })
  })

  test('takes what is given in place of the made-up part', () => {
    const config = read({
      DATABASE_URL: 'postgres://db/d',
      SMTP_URL: 'smtp://127.0.0.1:2525',
      CLIENTS_FILE: 'c.yaml',
      SECRETS: SECRET,
    })
    expect(config).toMatchObject({
      trial: true,
      databaseUrl: 'postgres://db/d',
      databaseDirectUrl: 'postgres://db/d',
      secrets: [SECRET],
    })
  })

  test('ends where the issuer is https or NODE_ENV says production', () => {
    expect(faultNames({ ISSUER: 'https://id.example.com' })).toContain('DATABASE_URL')
    expect(faultNames({ NODE_ENV: 'production' })).toContain('ISSUER')
  })

  test('does not begin by a slip in NODE_ENV or ISSUER', () => {
    expect(faultNames({ NODE_ENV: 'prodution' })).toEqual(expect.arrayContaining(['NODE_ENV', 'DATABASE_URL', 'SECRETS']))
    expect(faultNames({ ISSUER: 'http://id.example.com' })).toEqual(expect.arrayContaining(['ISSUER', 'DATABASE_URL', 'SECRETS']))
  })
})

describe('R-172 production refuses to start with anything unsafe', () => {
  test('R-172 a complete and safe configuration starts', () => {
    expect(read(PRODUCTION)).toMatchObject({ trial: false, production: true, host: '0.0.0.0', trustedProxies: 1 })
  })

  test.each(['ISSUER', 'DATABASE_URL', 'SECRETS', 'SMTP_URL', 'MAIL_FROM', 'CLIENTS_FILE', 'TRUSTED_PROXIES'])(
    'R-172 without %s there is one clear line',
    (name) => {
      const lines = faults({ ...PRODUCTION, [name]: undefined })
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatch(new RegExp(`^${name} must be set with NODE_ENV=production`))
      expect(faultNames({ ...PRODUCTION, [name]: '  ' })).toEqual([name])
    },
  )

  test.each(['http://localhost:3000', 'http://id.example.com'])('R-172 the issuer %s is refused', (issuer) => {
    expect(faults({ ...PRODUCTION, ISSUER: issuer })).toEqual([expect.stringMatching(/^ISSUER must be https/)])
  })

  test.each(['change-me', 'x'.repeat(40), 'abcabcabcabcabcabcabcabcabcabcabcabc'])(
    'R-172 the default-like secret %s is refused',
    (secret) => {
      expect(faultNames({ ...PRODUCTION, SECRETS: secret })).toEqual(['SECRETS'])
    },
  )

  test('R-172 no proxies is an answer: 0', () => {
    expect(read({ ...PRODUCTION, TRUSTED_PROXIES: '0' }).trustedProxies).toBe(0)
  })

  test('R-172 the example file as it ships does not start', () => {
    const entries = envExample()
      .split('\n')
      .filter((line) => /^[A-Z_]+=/.test(line))
    const env = Object.fromEntries(
      entries.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^'|'$/g, '')]),
    )
    expect(faultNames(env)).toEqual(['SECRETS'])
  })
})

describe('faults', () => {
  test('all are told at once, by name and in order', () => {
    const names = faultNames({ NODE_ENV: 'production', PORT: 'x', LIMITS: 'email:0/1m', SIGNUP: 'maybe' })
    expect(names).toEqual([...names].sort())
    expect(names).toEqual(
      expect.arrayContaining(['CLIENTS_FILE', 'DATABASE_URL', 'ISSUER', 'LIMITS', 'MAIL_FROM', 'PORT', 'SECRETS', 'SIGNUP']),
    )
  })

  test('never repeat a secret', () => {
    const env = {
      ...PRODUCTION,
      DATABASE_URL: 'mysql://u:hidden-word@h/d',
      SMTP_URL: 'hidden-word',
      SECRETS: 'hidden-word',
      DATABASE_DIRECT_URL: 'hidden-word',
    }
    expect(faultNames(env)).toEqual(['DATABASE_DIRECT_URL', 'DATABASE_URL', 'SECRETS', 'SMTP_URL'])
    expect(faults(env).join()).not.toContain('hidden-word')
  })

  test('an empty variable counts as unset', () => {
    expect(read({ PORT: '', ISSUER: ' ' })).toMatchObject({ port: 3000, trial: true })
  })
})

describe('bounds', () => {
  const cases: [name: string, field: keyof Config, good: [string, unknown][], bad: string[]][] = [
    [
      'PORT',
      'port',
      [
        ['1', 1],
        ['65533', 65533],
      ],
      ['0', '65536', '3.5', '-1', '0x10', ' ', 'abc'].filter((text) => text.trim()),
    ],
    [
      'OPS_PORT',
      'opsPort',
      [
        ['1', 1],
        ['65535', 65535],
      ],
      ['0', '65536', '3000'],
    ],
    [
      'TRUSTED_PROXIES',
      'trustedProxies',
      [
        ['0', 0],
        ['10', 10],
      ],
      ['-1', '11', 'true', '10.0.0.0/8'],
    ],
    [
      'DATABASE_POOL_SIZE',
      'databasePoolSize',
      [
        ['2', 2],
        ['200', 200],
      ],
      ['1', '201'],
    ],
    [
      'WORKER_CONCURRENCY',
      'workerConcurrency',
      [
        ['1', 1],
        ['50', 50],
      ],
      ['0', '51'],
    ],
    [
      'MAILS_MAX',
      'mailsMax',
      [
        ['1', 1],
        ['3', 3],
      ],
      ['0', '4'],
    ],
    [
      'CODE_TRIES',
      'codeTriesMax',
      [
        ['1', 1],
        ['5', 5],
      ],
      ['0', '6'],
    ],
    [
      'CODE_FAILURES_MAX',
      'codeFailuresMax',
      [
        ['5', 5],
        ['50', 50],
      ],
      ['4', '51'],
    ],
    [
      'BODY_MAX',
      'bodyMaxBytes',
      [
        ['4kB', 4096],
        ['64kB', 65536],
        ['1MB', 1048576],
      ],
      ['4095B', '2MB', '64', '64KB', '1048577B'],
    ],
    [
      'LOG_LEVEL',
      'logLevel',
      [
        ['debug', 'debug'],
        ['fatal', 'fatal'],
      ],
      ['loud', 'INFO'],
    ],
    [
      'CLOCK_SKEW_MAX',
      'clockSkewMaxSeconds',
      [
        ['1s', 1],
        ['1000000000', 1_000_000_000],
      ],
      ['0s'],
    ],
    [
      'SHUTDOWN_GRACE',
      'shutdownGraceSeconds',
      [
        ['1s', 1],
        ['10m', 600],
      ],
      ['0s', '601s'],
    ],
    [
      'RESEND_WAIT',
      'resendWaitSeconds',
      [
        ['15s', 15],
        ['1m', 60],
      ],
      ['14s', '61s'],
    ],
    [
      'CODE_TTL',
      'codeTtlSeconds',
      [
        ['5s', 5],
        ['60s', 60],
      ],
      ['4s', '61s'],
    ],
    [
      'MAIL_CODE_TTL',
      'mailCodeTtlSeconds',
      [
        ['1m', 60],
        ['10m', 600],
      ],
      ['59s', '601s'],
    ],
    [
      'MAIL_CODE_CAP',
      'mailCodeCapSeconds',
      [
        ['10m', 600],
        ['15m', 900],
      ],
      ['599s', '901s'],
    ],
    [
      'INTERACTION_TTL',
      'interactionTtlSeconds',
      [
        ['15m', 900],
        ['1d', 86400],
      ],
      ['899s', '86401s'],
    ],
    [
      'SESSION_TTL',
      'sessionTtlSeconds',
      [
        ['2d', 172800],
        ['365d', 31536000],
      ],
      ['172799s', '366d', '1w', '-1d', '1.5h', '2 d'],
    ],
    [
      'SESSION_IDLE_TTL',
      'sessionIdleTtlSeconds',
      [
        ['5m', 300],
        ['14d', 1209600],
      ],
      ['299s', '1209601s'],
    ],
    [
      'ACCESS_TOKEN_TTL',
      'accessTokenTtlSeconds',
      [
        ['30s', 30],
        ['1d', 86400],
      ],
      ['29s', '86401s'],
    ],
    [
      'ID_TOKEN_TTL',
      'idTokenTtlSeconds',
      [
        ['30s', 30],
        ['1d', 86400],
      ],
      ['29s', '86401s'],
    ],
    [
      'REFRESH_TOKEN_TTL',
      'refreshTokenTtlSeconds',
      [
        ['14d', 1209600],
        ['365d', 31536000],
      ],
      ['1209599s', '366d'],
    ],
    [
      'REFRESH_TOKEN_IDLE_TTL',
      'refreshTokenIdleTtlSeconds',
      [
        ['5m', 300],
        ['30d', 2592000],
      ],
      ['299s', '2592001s'],
    ],
    [
      'HOST',
      'host',
      [
        ['::', '::'],
        ['10.0.0.1', '10.0.0.1'],
      ],
      ['a b', 'http://x'],
    ],
    [
      'DATABASE_URL',
      'databaseUrl',
      [['postgresql:///d?host=/run/pg', 'postgresql:///d?host=/run/pg']],
      ['db.example.com', 'http://db/d'],
    ],
    ['SMTP_URL', 'smtpUrl', [['smtp://mail:587', 'smtp://mail:587']], ['smtp://', 'mail.example.com', 'https://mail']],
  ]

  test.each(cases)('%s is taken up to its bounds and not beyond', (name, field, good, bad) => {
    for (const [text, value] of good) expect([text, read({ [name]: text })[field]]).toEqual([text, value])
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
    expect(Object.keys(limits)).toHaveLength(8)
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

describe('secrets in files', () => {
  test.each([
    ['SECRETS', SECRET, 'secrets', [SECRET]],
    ['DATABASE_URL', 'postgres://db/d', 'databaseUrl', 'postgres://db/d'],
    ['SMTP_URL', 'smtp://mail', 'smtpUrl', 'smtp://mail'],
  ] as const)('%s_FILE is read', (name, text, field, value) => {
    expect(
      read({ [`${name}_FILE`]: '/run/secrets/it' }, (path) => (path === '/run/secrets/it' ? `${text}\n` : ''))[field],
    ).toEqual(value)
  })

  test('a file counts as an answer in production', () => {
    expect(read({ ...PRODUCTION, SECRETS: undefined, SECRETS_FILE: '/s' }, () => SECRET).secrets).toEqual([SECRET])
  })

  test('both at once, a missing file and an empty one are faults, told once', () => {
    expect(faults({ ...PRODUCTION, SECRETS_FILE: '/s' }, () => SECRET)).toEqual([
      'SECRETS_FILE SECRETS is set too; keep one of the two',
    ])
    expect(faults({ ...PRODUCTION, SECRETS: undefined, SECRETS_FILE: '/s' })).toEqual([
      'SECRETS_FILE the file /s cannot be read (ENOENT)',
    ])
    expect(faults({ ...PRODUCTION, SECRETS: undefined, SECRETS_FILE: '/s' }, () => '\n')).toEqual([
      'SECRETS_FILE the file /s is empty',
    ])
  })

  test('only secrets are read from files', () => {
    expect(faults({ PORT_FILE: '/port' }, () => '3000')).toEqual([expect.stringMatching(/^PORT_FILE only secrets/)])
  })
})

describe('the result', () => {
  test('is frozen through and through', () => {
    const config = read({ SIGNUP: 'domains:corp.test', SECRETS: SECRET })
    for (const part of [config, config.limits, config.limits.email, config.signup, config.mailFrom, config.secrets]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  test('further tables are read by the same rules', () => {
    const options = { group: 'Mail', help: 'h' } as const
    const extra = {
      waitSeconds: duration({ ...options, name: 'SMS_WAIT', default: '1m', min: '1s', max: '2m' }),
      smsUrl: secretUrl({ ...options, name: 'SMS_URL', default: null, required: true, schemes: ['https'], hostNeeded: true }),
    }
    const good = readConfig({}, { files: noFiles, extra })
    expect(good.ok && good.extra).toEqual({ waitSeconds: 60, smsUrl: null })
    const bad = readConfig({ ...PRODUCTION, SMS_WAIT: '3m' }, { files: noFiles, extra })
    expect(!bad.ok && bad.faults.map(({ name }) => name)).toEqual(['SMS_URL', 'SMS_WAIT'])
    expect(settingsManual(extra)).toContain('`SMS_URL`')
  })

  test('commands that need only the database ask for nothing else', () => {
    expect(readStorageConfig({ DATABASE_URL: 'postgres://db/d' }, { files: noFiles })).toMatchObject({
      ok: true,
      config: { databaseDirectUrl: 'postgres://db/d' },
    })
    expect(readStorageConfig({}, { files: noFiles })).toEqual({
      ok: false,
      faults: [{ name: 'DATABASE_URL', words: 'must be set' }],
    })
  })
})

describe('the manual', () => {
  test('explains every setting in one line, with its default', () => {
    for (const { name, help } of Object.values(settings)) {
      expect(settingsManual().match(new RegExp(`^\\| \`${name}\` \\|`, 'gm'))).toHaveLength(1)
      expect(envExample().match(new RegExp(`^#?${name}=`, 'gm'))).toHaveLength(1)
      expect(help).toMatch(/^\S.*\.$/)
    }
  })

  test('and the example file are up to date', () => {
    expect(readFileSync('docs/settings.md', 'utf8')).toBe(settingsManual())
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample())
  })
})
