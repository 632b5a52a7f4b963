import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CountedStatements, countStatements } from '../support/counted-statements.ts'
import { freshDatabase } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, authorize, newSecret, redeem, refresh, tokensOf, userinfo } from './protocol.ts'

const secret = newSecret()
const machine: App = { id: 'machine', secret, redirectUri: '' }
const other: App = { id: 'other-app', secret, redirectUri: 'https://other.fabrikam.example/callback' }
const JWT_API = 'https://api.fabrikam.example'
const TURNS_MAX = 12

let stage: Stage
let statements: CountedStatements
let app: App

beforeAll(async () => {
  const databaseUrl = await freshDatabase()
  statements = await countStatements(databaseUrl)
  stage = await startStage({
    env: {
      LIMITS: GENEROUS_LIMITS,
      OTHER_SECRET: secret,
      DATABASE_URL: statements.url,
      // The queue and whoever listens to news keep out of it.
      DATABASE_DIRECT_URL: databaseUrl,
    },
    clients: [
      { client_id: 'machine', client_secret_env: 'OTHER_SECRET', grant_types: ['client_credentials'], resources: [JWT_API] },
      { client_id: 'other-app', client_secret_env: 'OTHER_SECRET', redirect_uris: [other.redirectUri] },
    ],
    resourceServers: [{ id: JWT_API, scopes: { 'orders:read': 'See your orders' }, token_format: 'jwt' }],
  })
  app = appOf(stage)
})
afterAll(async () => {
  await stage.stop()
  await statements.stop()
})

// Its name goes on to say of what parts it is.
const heard = () => statements.take().map((name) => name.replace(/^oidc_flush_.+/, 'oidc_flush'))

/**
 * Expects that an operation asks the database these and no others. Meanwhile the service does things of its own, such as
 * sending the mail of the sign-in before: of several turns the one counts that asks least.
 */
async function expectStatements(operation: () => Promise<{ status: number }>, expected: string[]): Promise<void> {
  let least: string[] | null = null
  for (let turn = 0; turn < TURNS_MAX && (least === null || least.length > expected.length); turn++) {
    heard()
    expect((await operation()).status).toBe(200)
    const asked = heard()
    if (least === null || asked.length < least.length) least = asked
  }
  expect(least).toEqual(expected)
}

describe('a request asks the database once for all that it reads, and writes in one statement', () => {
  test('userinfo', async () => {
    const { body } = await tokensOf(stage, app, { email: 'userinfo@fabrikam.example' })
    await expectStatements(() => userinfo(stage.service, body.access_token), ['oidc_read_token'])
  })

  test.each([
    ['access_token', 'access_token', true],
    ['access_token', undefined, true],
    ['refresh_token', 'refresh_token', true],
    ['refresh_token', 'access_token', true],
    ['neither', undefined, false],
  ])('introspection of %s, which is said to be of %s', async (kind, hint, active) => {
    const { body } = await tokensOf(stage, app, { email: 'introspection@fabrikam.example' })
    const fields = { token: String(body[kind]), ...(hint ? { token_type_hint: hint } : {}) }
    expect((await ask(stage.service, '/introspect', app, fields)).body.active).toBe(active)
    await expectStatements(() => ask(stage.service, '/introspect', app, fields), ['oidc_read_any_token'])
  })

  test('revocation', async () => {
    const { body } = await tokensOf(stage, app, { email: 'revocation@fabrikam.example' })
    heard()
    expect((await ask(stage.service, '/revoke', app, { token: String(body.refresh_token) })).status).toBe(200)
    expect(heard().filter((name) => name.startsWith('oidc_'))).toEqual(['oidc_read_any_token', 'oidc_flush'])
  })

  test('refresh, with a new refresh token', async () => {
    let { body } = await tokensOf(stage, app, { email: 'refresh@fabrikam.example' })
    const turn = async () => {
      const answer = await refresh(stage.service, app, body.refresh_token)
      body = answer.body
      return answer
    }
    await expectStatements(turn, ['oidc_read_token', 'oidc_flush'])
  })

  test('client credentials', async () => {
    const turn = () => ask(stage.service, '/token', machine, { grant_type: 'client_credentials' })
    await expectStatements(turn, ['oidc_flush'])
  })

  test('client credentials for a JWT: nothing, and it is counted all the same', async () => {
    const fields = { grant_type: 'client_credentials', resource: JWT_API, scope: 'orders:read' }
    const counted = async () => {
      const metrics = await (await fetch(`${stage.service.opsUrl}/metrics`)).text()
      return Number(/^doorward_events_total\{event="token.issued"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
    }
    const count = await counted()
    let turns = 0
    const turn = () => {
      turns += 1
      return ask(stage.service, '/token', machine, fields)
    }
    await expectStatements(turn, [])
    expect(await counted()).toBe(count + turns)
  })

  test.each(['first-party', 'agreed'])('authorize with a session, up to the tokens: %s', async (kind) => {
    const asker = kind === 'agreed' ? other : app
    const email = `session-${kind}@fabrikam.example`
    const { visitor } = await tokensOf(stage, asker, { email })
    const turn = async () => redeem(stage.service, asker, await authorize(stage, asker, { email, visitor }))
    await expectStatements(turn, ['oidc_read_session', 'oidc_flush', 'oidc_read_token', 'oidc_flush'])
  })

  test('a sign-in up to the tokens: the engine reads ahead at each step, and a screen looks once', async () => {
    heard()
    const { status } = await tokensOf(stage, app, { email: 'sign-in@fabrikam.example' })
    const engine = heard().filter((name) => /^(oidc|interaction)_/.test(name))
    expect(status).toBe(200)
    const looks = engine.lastIndexOf('oidc_claim')
    // Two pages and their two forms: the answer to the code leads straight to the engine.
    expect(engine.filter((name) => name === 'interaction_look')).toHaveLength(4)
    expect(engine.slice(0, looks).filter((name) => name !== 'interaction_look')).toEqual(['oidc_flush'])
    expect(engine.slice(looks)).toEqual([
      'oidc_claim',
      'oidc_flush', // the result of the sign-in
      ...['oidc_read_interaction', 'oidc_flush'], // the way back to the engine
      ...['oidc_read_token', 'oidc_flush'],
    ])
  })
})
