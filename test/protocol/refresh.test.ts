import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, newSecret, refresh, tokensOf, userinfo } from './protocol.ts'

const DAY_SECONDS = 86_400
const secret = newSecret()
const REDIRECT = 'https://mobile.fabrikam.example/callback'
const other: App = { id: 'other-app', secret, redirectUri: REDIRECT }
const mobile: App = { id: 'mobile', secret: null, redirectUri: REDIRECT }
/** A person agrees that the application stays signed in: such tokens outlive the session. */
const offline = { scope: 'openid email offline_access', prompt: 'consent' }

let stage: Stage
let app: App
const refused = { status: 400, body: { error: 'invalid_grant' } }

beforeAll(async () => {
  const common = { redirect_uris: [REDIRECT], first_party: true }
  stage = await startStage({
    env: {
      LIMITS: GENEROUS_LIMITS,
      OTHER_SECRET: secret,
      REFRESH_TOKEN_TTL: '30d',
      REFRESH_TOKEN_IDLE_TTL: '14d',
      SESSION_TTL: '60d',
      SESSION_IDLE_TTL: '2d',
    },
    clients: [
      { client_id: 'other-app', client_secret_env: 'OTHER_SECRET', ...common },
      { client_id: 'mobile', token_endpoint_auth_method: 'none', ...common },
      { client_id: 'no-refresh', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], ...common },
    ],
  })
  app = appOf(stage)
})
afterAll(() => stage.stop())

describe('a refresh token', () => {
  test.each(['confidential', 'public'] as const)(
    'R-020 of a %s client is changed at each use; an old one ends the whole family',
    async (kind) => {
      const client = kind === 'public' ? mobile : app
      const first = await tokensOf(stage, client, { email: `family-${kind}@fabrikam.example` })
      const second = await refresh(stage.service, client, first.body.refresh_token)
      expect(second.status).toBe(200)
      expect(second.body.refresh_token).not.toBe(first.body.refresh_token)
      expect(second.body).toMatchObject({ token_type: 'Bearer', expires_in: 300 })
      expect(String(second.body.scope).split(' ').sort()).toEqual(['email', 'openid', 'profile'])
      expect(decodeJwt(String(second.body.id_token)).sub).toBe(decodeJwt(String(first.body.id_token)).sub)
      expect((await userinfo(stage.service, second.body.access_token)).status).toBe(200)

      expect(await refresh(stage.service, client, first.body.refresh_token)).toMatchObject(refused)
      expect(await refresh(stage.service, client, second.body.refresh_token)).toMatchObject(refused)
      expect((await userinfo(stage.service, second.body.access_token)).status).toBe(401)
      const [row] = await query<{ count: number }>(
        stage.service.databaseUrl,
        `select count(*)::int as count from audit_entry where event = 'token.reuse_detected' and client_id = $1`,
        [client.id],
      )
      expect(row?.count).toBe(1)
    },
  )

  test('R-021 may be narrowed for one access token, never widened, and keeps what was granted', async () => {
    const first = await tokensOf(stage, app, { email: 'scopes@fabrikam.example', parameters: { scope: 'openid email' } })
    const wider = await refresh(stage.service, app, first.body.refresh_token, { scope: 'openid email profile' })
    expect(wider).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    const narrow = await refresh(stage.service, app, first.body.refresh_token, { scope: 'openid' })
    expect(narrow).toMatchObject({ status: 200, body: { scope: 'openid' } })
    expect((await userinfo(stage.service, narrow.body.access_token)).body).not.toHaveProperty('email')
    const back = await refresh(stage.service, app, narrow.body.refresh_token)
    expect(back).toMatchObject({ status: 200, body: { scope: 'openid email' } })
  })

  test('R-021 is worth nothing to another client, nor without the client proving itself', async () => {
    const { body } = await tokensOf(stage, app, { email: 'bound@fabrikam.example' })
    expect(await refresh(stage.service, other, body.refresh_token)).toMatchObject(refused)
    expect(await refresh(stage.service, mobile, body.refresh_token)).toMatchObject(refused)
    const unproven = await ask(
      stage.service,
      '/token',
      { ...app, secret: null },
      { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) },
    )
    expect(unproven).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect((await refresh(stage.service, app, body.refresh_token)).status).toBe(200)
  })

  test('an authorization for less takes nothing from one that was for more', async () => {
    const email = 'narrower@fabrikam.example'
    const first = await tokensOf(stage, app, { email, parameters: { scope: 'openid email' } })
    await tokensOf(stage, app, { email, visitor: first.visitor, parameters: { scope: 'openid' } })
    expect((await userinfo(stage.service, first.body.access_token)).body).toMatchObject({ email })
    expect(await refresh(stage.service, app, first.body.refresh_token)).toMatchObject({
      status: 200,
      body: { scope: 'openid email' },
    })
  })

  test('R-012 is not given to a client without the grant, whatever it asks for', async () => {
    const client: App = { id: 'no-refresh', secret: null, redirectUri: REDIRECT }
    const { body } = await tokensOf(stage, client, { email: 'no-refresh@fabrikam.example', parameters: offline })
    expect(body).not.toHaveProperty('refresh_token')
    const tried = await ask(stage.service, '/token', client, { grant_type: 'refresh_token', refresh_token: 'x' })
    expect(tried).toMatchObject({
      status: 400,
      body: { error_description: 'requested grant type is not allowed for this client' },
    })
  })

  test.each(['suspended', 'closed'])('R-023 asks for the account at each use: %s', async (state) => {
    const email = `${state}@fabrikam.example`
    const { body } = await tokensOf(stage, app, { email })
    await query(stage.service.databaseUrl, 'update account set state = $1 where id = $2', [
      state,
      decodeJwt(String(body.id_token)).sub,
    ])
    expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject(refused)
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
  })

  test('R-022 ends when it was not used for its idle time', async () => {
    const used = await tokensOf(stage, mobile, { email: 'idle@fabrikam.example', parameters: offline })
    const unused = await tokensOf(stage, mobile, { email: 'idle-too@fabrikam.example', parameters: offline })
    await stage.moveClock(14 * DAY_SECONDS - 60)
    const kept = await refresh(stage.service, mobile, used.body.refresh_token)
    expect(kept.status).toBe(200)
    await stage.moveClock(61)
    expect(await refresh(stage.service, mobile, unused.body.refresh_token)).toMatchObject(refused)
    expect((await refresh(stage.service, mobile, kept.body.refresh_token)).status).toBe(200)
  })

  test('R-022 ends at its longest life, however often it is used', async () => {
    let { body } = await tokensOf(stage, mobile, { email: 'constant@fabrikam.example', parameters: offline })
    for (let days = 0; days < 27; days += 9) {
      await stage.moveClock(9 * DAY_SECONDS)
      const next = await refresh(stage.service, mobile, body.refresh_token)
      expect(next.status).toBe(200)
      body = next.body
    }
    await stage.moveClock(3 * DAY_SECONDS + 1)
    expect(await refresh(stage.service, mobile, body.refresh_token)).toMatchObject(refused)
  })

  test('R-022 outlives a session that idled, and ends with a sign-out', async () => {
    let { body, visitor } = await tokensOf(stage, app, { email: 'idled@fabrikam.example' })
    for (let days = 0; days < 6; days += 3) {
      await stage.moveClock(3 * DAY_SECONDS)
      const next = await refresh(stage.service, app, body.refresh_token)
      expect(next.status).toBe(200)
      body = next.body
    }
    ;({ body, visitor } = await tokensOf(stage, app, { email: 'idled@fabrikam.example', visitor }))
    const question = await visitor.open(`${stage.service.issuer}/logout`)
    const [form] = question.forms
    if (!form) throw new Error(`no question: ${question.words}`)
    await visitor.follow(await visitor.submit(form, {}, 'yes'))
    expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject(refused)
  })
})
