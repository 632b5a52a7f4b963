import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import {
  duration,
  envExample,
  readConfig,
  readStorageConfig,
  secretUrl,
  settings,
  settingsManual,
} from '../../src/config/index.ts'
import { faultNames, faults, noFiles, PRODUCTION, read, SECRET } from './config-samples.ts'

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
      smtpUrls: [],
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

  test.each(['ISSUER', 'DATABASE_URL', 'SECRETS', 'SMTP_URL', 'MAIL_FROM', 'TRUSTED_PROXIES'])(
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
    expect(names).toEqual(expect.arrayContaining(['DATABASE_URL', 'ISSUER', 'LIMITS', 'MAIL_FROM', 'PORT', 'SECRETS', 'SIGNUP']))
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

describe('secrets in files', () => {
  test.each([
    ['SECRETS', SECRET, 'secrets', [SECRET]],
    ['DATABASE_URL', 'postgres://db/d', 'databaseUrl', 'postgres://db/d'],
    ['SMTP_URL', 'smtp://mail', 'smtpUrls', ['smtp://mail']],
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
