import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { send } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, launch, type OwnPostgres, probe, startOwnPostgres, submit, until } from './fault-tools.ts'

// One PostgreSQL of its own, which goes away and comes back under a running service.

let postgres: OwnPostgres
let stage: Stage

beforeAll(async () => {
  postgres = await startOwnPostgres()
  await migrate({ url: postgres.url, log: createLog('error') })
  stage = await startStage({ env: { DATABASE_URL: postgres.url, LIMITS: GENEROUS_LIMITS } })
})
afterAll(async () => {
  await stage.stop()
  await postgres.stop()
})

const authorize = () => stage.authorizeUrl(createVisitor(stage.service))

describe('when the database goes away', () => {
  test('S-3, S-4 away: 503 with Retry-After and never "wrong code"; keys and discovery are there; it goes on by itself', async () => {
    const walk = await ask(stage, 'away@fabrikam.example')
    const mail = await stage.mailbox.next('away@fabrikam.example')
    const { pid } = stage.service
    const authorizeUrl = await authorize()
    const signedIn = await stage.signIn('signed-in@fabrikam.example')
    await postgres.down()

    const page = await submit(walk, 'code', { code: mail.code ?? '' })
    expect(page.status).toBe(503)
    expect(page.headers['retry-after']).toMatch(/^\d+$/)
    expect(page.headers['content-security-policy']).toBeTruthy()
    expect(page.words).not.toMatch(/code|postgres|ECONN/i)
    expect(page.words).toContain('Try again in a minute')

    const asked = await walk.visitor.get(authorizeUrl)
    expect(asked.status).toBe(503)
    expect(asked.headers['retry-after']).toMatch(/^\d+$/)
    expect(asked.words).toContain('Try again in a minute')

    const leaving = await signedIn.get(`${stage.service.issuer}/logout`)
    expect([leaving.status, leaving.headers['retry-after']]).toEqual([503, '5'])
    expect(leaving.words).toContain('Try again in a minute')

    const { clientId, clientSecret } = stage.relyingParty
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const token = await send(`${stage.service.issuer}/token`, {
      body: { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) },
      headers: { authorization: `Basic ${basic}` },
    })
    expect(token.status).toBe(503)
    expect(token.headers['retry-after']).toMatch(/^\d+$/)
    expect(JSON.parse(token.text)).toBeTruthy()
    expect(token.text).not.toContain('invalid_grant')

    for (const path of ['/jwks', '/.well-known/openid-configuration'])
      expect((await send(`${stage.service.issuer}${path}`)).status).toBe(200)
    expect(await probe(stage.service.env.OPS_PORT as string, '/livez')).toBe(200)
    expect(await probe(stage.service.env.OPS_PORT as string, '/readyz')).toBe(200)

    await postgres.up()
    const end = await until(
      'requests are served again',
      async () => {
        const answered = await submit(walk, 'code', { code: mail.code ?? '' })
        return answered.status === 503 ? null : answered
      },
      5,
    )
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.service.pid).toBe(pid)
  })
})

describe('when the database is not there at start', () => {
  test('F-01 it waits, alive and not ready, and is ready within five seconds after the database', async () => {
    const opsPort = Number(stage.service.env.OPS_PORT)
    await stage.service.stop()
    await postgres.down()
    const started = launch({ ...stage.service.env })
    await until('it is alive', async () => (await probe(opsPort, '/livez')) === 200)
    expect(await probe(opsPort, '/readyz')).toBe(503)
    await until('it says what it waits for', () => /waiting for the database/.test(started.output()))
    await postgres.up()
    await until('it is ready', async () => (await probe(opsPort, '/readyz')) === 200, 5)
    started.signal('SIGTERM')
    expect(await started.ended).toBe(0)
  })
})
