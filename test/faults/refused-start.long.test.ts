import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { freePorts } from '../support/ports.ts'
import { type Service, startService } from '../support/service.ts'
import { launch, until } from './fault-tools.ts'

// A start that would do harm is refused with one clear line and leaves nothing running.

let service: Service

beforeAll(async () => {
  service = await startService({ smtpUrl: 'smtp://127.0.0.1:9', clients: CLIENTS })
})
afterAll(() => service.stop())

const CLIENTS = {
  clients: [
    { client_id: 'app', client_name: 'App', redirect_uris: ['http://127.0.0.1:9/cb'], token_endpoint_auth_method: 'none' },
  ],
}

/** Starts a second process on the same database, with these settings changed, and answers how it ended. */
async function startBeside(env: Record<string, string>, clockSeconds = 0): Promise<{ code: number | null; words: string }> {
  const [port] = await freePorts(3)
  const second = launch({ ...service.env, PORT: String(port), OPS_PORT: String(port + 2), ...env }, clockSeconds)
  await until('it has ended', () => !second.running(), 20).finally(() => second.signal('SIGKILL'))
  const code = await second.ended
  const words = second
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'))
    .join('\n')
  return { code, words }
}

describe('a second instance on the same database', () => {
  test('F-63 with another ISSUER is refused, and the first goes on', async () => {
    const { code, words } = await startBeside({ ISSUER: 'http://localhost:1' })
    expect(code).toBe(1)
    expect(words).toMatch(/^this database belongs to ISSUER http:\/\/localhost:\d+, and ISSUER is http:\/\/localhost:1/)
    expect(words.split('\n')).toHaveLength(1)
    expect((await fetch(`http://127.0.0.1:${service.port}/jwks`)).status).toBe(200)
  })

  test('F-63 with other SECRETS is refused; with one more in front it is taken', async () => {
    const fresh = randomBytes(32).toString('base64url')
    const refused = await startBeside({ SECRETS: fresh })
    expect(refused.code).toBe(1)
    expect(refused.words).toMatch(/^no key of SECRETS is one that this database was used with/)
    expect(refused.words).not.toContain(fresh)

    const [port] = await freePorts(3)
    const env = { SECRETS: `${fresh} ${service.env.SECRETS}`, PORT: String(port), OPS_PORT: String(port + 2) }
    const second = launch({ ...service.env, ...env })
    await until(
      'it serves',
      async () => (await fetch(`http://127.0.0.1:${port}/jwks`).catch(() => null))?.ok || !second.running(),
    )
    expect(second.running()).toBe(true)
    second.signal('SIGTERM')
    expect(await second.ended).toBe(0)
  })
})

test('F-36 a clock too far from that of the database refuses the start and says by how much', async () => {
  const { code, words } = await startBeside({ CLOCK_SKEW_MAX: '10s' }, 600)
  expect(code).toBe(1)
  expect(words).toMatch(
    /^the clock differs from the database's by -(6\d\d|599)(\.\d+)? s; at most 10 s are allowed \(CLOCK_SKEW_MAX\)$/,
  )
})

test('F-40 a signing key that cannot be opened refuses the start and is named', async () => {
  await query(service.databaseUrl, `update signing_key set private_jwe = 'damaged' where alg = 'ES256'`)
  const { code, words } = await startBeside({})
  expect(code).toBe(1)
  expect(words).toMatch(/signing key/i)
  expect(words.split('\n')).toHaveLength(1)
})

test('R-172 every fault of the settings is told at once, by name', async () => {
  const { code, words } = await startBeside({
    ...{ NODE_ENV: 'production', ISSUER: 'http://id.fabrikam.example', DATABASE_URL: '', SECRETS: 'short', SMTP_URL: '' },
    ...{ TRUSTED_PROXIES: '', CLOCK_SKEW_MAX: 'soon', SESSION_TTL: 'never' },
  })
  expect(code).toBe(1)
  const named = words.split('\n').map((line) => line.split(' ')[0])
  for (const name of ['ISSUER', 'DATABASE_URL', 'SECRETS', 'SMTP_URL', 'TRUSTED_PROXIES', 'CLOCK_SKEW_MAX', 'SESSION_TTL'])
    expect(named).toContain(name)
})
