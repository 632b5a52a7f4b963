import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, authorize, newSecret, refresh, reply, tokensOf, userinfo } from './protocol.ts'

const secret = newSecret()
const REDIRECT = 'https://other.fabrikam.example/callback'
const API = 'https://api.fabrikam.example'
const OPAQUE_API = 'https://opaque.fabrikam.example'
const other: App = { id: 'other-app', secret, redirectUri: REDIRECT }
const machine: App = { id: 'machine', secret, redirectUri: REDIRECT }
const spa: App = { id: 'spa', secret: null, redirectUri: REDIRECT }

let stage: Stage
let app: App

beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS, OTHER_SECRET: secret },
    client: { resources: [API, OPAQUE_API] },
    clients: [
      { client_id: 'other-app', client_secret_env: 'OTHER_SECRET', redirect_uris: [REDIRECT], first_party: true },
      { client_id: 'spa', token_endpoint_auth_method: 'none', redirect_uris: [REDIRECT], first_party: true },
      {
        client_id: 'machine',
        client_secret_env: 'OTHER_SECRET',
        grant_types: ['client_credentials'],
        resources: [API, OPAQUE_API],
      },
    ],
    resourceServers: [
      { id: API, scopes: { 'orders:read': 'See your orders', 'orders:write': 'Change your orders' }, token_format: 'jwt' },
      { id: OPAQUE_API, scopes: { 'orders:read': 'See your orders' }, token_format: 'opaque' },
    ],
  })
  app = appOf(stage)
})
afterAll(() => stage.stop())

const json = async (path: string) => reply(await send(`${stage.service.issuer}${path}`))

async function keys(): Promise<JSONWebKeySet> {
  return (await json('/jwks')).body as unknown as JSONWebKeySet
}

describe('what everybody may read', () => {
  test('R-014 discovery names the issuer and its own addresses, and offers no more than there is', async () => {
    const { status, body } = await json('/.well-known/openid-configuration')
    const { issuer } = stage.service
    expect(status).toBe(200)
    expect(body).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/logout`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      subject_types_supported: ['public'],
    })
    expect(body.grant_types_supported).not.toEqual(expect.arrayContaining(['implicit']))
    expect(body.grant_types_supported).not.toEqual(expect.arrayContaining(['password']))
    expect(body.id_token_signing_alg_values_supported).toEqual(['ES256', 'RS256'])
    expect(body.token_endpoint_auth_signing_alg_values_supported).not.toContain('none')
    expect(body).not.toHaveProperty('registration_endpoint')
  })

  test('R-045 the keys are public: no private or symmetric member, each with its own name, use and algorithm', async () => {
    const { keys: published } = await keys()
    expect(published.length).toBeGreaterThan(0)
    for (const key of published) {
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'priv']) expect(key).not.toHaveProperty(member)
      expect(key).toMatchObject({ kid: expect.any(String), use: 'sig', alg: expect.stringMatching(/^(ES|RS)256$/) })
    }
    expect(new Set(published.map(({ kid }) => kid)).size).toBe(published.length)
  })
})

describe('an ID token', () => {
  test('R-030, R-069 says who, for whom, when and how: one factor, and nothing that was not proven', async () => {
    const { body } = await tokensOf(stage, app, { email: 'idtoken@fabrikam.example', parameters: { nonce: 'n-0S6_WzA2Mj' } })
    const { payload, protectedHeader } = await jwtVerify(String(body.id_token), createLocalJWKSet(await keys()))
    expect(protectedHeader.alg).toBe('ES256')
    expect(payload).toMatchObject({ iss: stage.service.issuer, aud: app.id, nonce: 'n-0S6_WzA2Mj' })
    expect(payload).toMatchObject({ acr: 'urn:doorward:acr:1', amr: ['email_code'], auth_time: expect.any(Number) })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600)
    expect(Math.abs(Number(payload.auth_time) - Date.now() / 1000)).toBeLessThan(60)
    expect(payload.sub).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(JSON.stringify(payload)).not.toMatch(/fabrikam\.example|mfa|otp/)
  })

  test('R-033 names a person for ever: the same at each sign-in, and nobody else after them', async () => {
    const email = 'again@fabrikam.example'
    const subOf = async (client: App) => decodeJwt(String((await tokensOf(stage, client, { email })).body.id_token)).sub
    const first = await subOf(app)
    expect(await subOf(app)).toBe(first)
    expect(await subOf(other)).toBe(first)
    await query(stage.service.databaseUrl, 'delete from account where id = $1', [first])
    expect(await subOf(app)).not.toBe(first)
  })
})

describe('an access token', () => {
  test('R-034 opens userinfo: the address, and `email_verified` as a boolean', async () => {
    const email = 'userinfo@fabrikam.example'
    const { body } = await tokensOf(stage, app, { email })
    const answer = await userinfo(stage.service, body.access_token)
    expect(answer.body).toMatchObject({ email, email_verified: true, sub: decodeJwt(String(body.id_token)).sub })
    const narrow = await tokensOf(stage, app, { email, parameters: { scope: 'openid' } })
    expect(Object.keys((await userinfo(stage.service, narrow.body.access_token)).body)).toEqual(['sub'])
  })

  test('R-025, V-61 nothing else does: an ID token, a refresh token, one for an API, one cut short, none', async () => {
    const { body } = await tokensOf(stage, app, { email: 'bearer@fabrikam.example' })
    const api = await tokensOf(stage, app, {
      email: 'bearer@fabrikam.example',
      parameters: { scope: 'openid orders:read', resource: API },
    })
    const token = String(body.access_token)
    const swapped = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    for (const wrong of [
      body.id_token,
      body.refresh_token,
      api.body.access_token,
      token.slice(0, -1),
      `${token}A`,
      swapped,
      'x',
    ]) {
      const answer = await userinfo(stage.service, wrong)
      expect({ status: answer.status, error: answer.body.error }).toEqual({ status: 401, error: 'invalid_token' })
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/)
    }
    const without = await send(`${stage.service.issuer}/userinfo`)
    expect(without.status).toBe(401)
    expect(without.headers['www-authenticate']).toMatch(/^Bearer/)
    expect((await userinfo(stage.service, token)).status).toBe(200)
  })

  test('R-025 for an API is a JWT of RFC 9068: typed, for that API alone, with the scopes that were asked for', async () => {
    const { body } = await tokensOf(stage, app, {
      email: 'api@fabrikam.example',
      parameters: { scope: 'openid orders:read', resource: API },
    })
    const { payload, protectedHeader } = await jwtVerify(String(body.access_token), createLocalJWKSet(await keys()), {
      issuer: stage.service.issuer,
      audience: API,
      typ: 'at+jwt',
    })
    expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg: 'ES256', kid: expect.any(String) })
    expect(payload).toMatchObject({
      scope: 'orders:read',
      client_id: app.id,
      sub: decodeJwt(String(body.id_token)).sub,
      jti: expect.any(String),
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
    const again = await refresh(stage.service, app, body.refresh_token)
    expect(decodeJwt(String(again.body.access_token))).toMatchObject({ aud: API, scope: 'orders:read' })
  })

  test('R-025 is not to be had for an API that the client is not registered for', async () => {
    const refused = await ask(stage.service, '/token', machine, {
      grant_type: 'client_credentials',
      resource: 'https://elsewhere.example',
    })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    const { answer } = await authorize(stage, other, {
      email: 'elsewhere@fabrikam.example',
      parameters: { resource: API },
    })
    expect(answer.get('error')).toBe('invalid_target')
  })

  test('R-047 keys count with their own algorithm alone: HS256 with the public key is no signature', async () => {
    const { body } = await tokensOf(stage, app, { email: 'forged@fabrikam.example' })
    const [key] = (await keys()).keys
    const { payload } = await jwtVerify(String(body.id_token), createLocalJWKSet(await keys()))
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const unsigned = `${part({ alg: 'HS256', kid: key?.kid })}.${part(payload)}`
    const forged = `${unsigned}.${createHmac('sha256', JSON.stringify(key)).update(unsigned).digest('base64url')}`
    const url = `${stage.service.issuer}/logout?id_token_hint=${forged}`
    expect((await send(url)).status).toBe(400)
    expect((await send(`${stage.service.issuer}/logout?id_token_hint=${part({ alg: 'none' })}.${part(payload)}.`)).status).toBe(
      400,
    )
  })
})

describe('a token of an application for itself', () => {
  test('R-040 is opaque, or a JWT for an API, and never names a person', async () => {
    const own = await ask(stage.service, '/token', machine, { grant_type: 'client_credentials' })
    expect(own).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
    expect(String(own.body.access_token).split('.')).toHaveLength(1)
    expect((await userinfo(stage.service, own.body.access_token)).status).toBe(401)

    const fields = { grant_type: 'client_credentials', scope: 'orders:read' }
    const opaque = await ask(stage.service, '/token', machine, { ...fields, resource: OPAQUE_API })
    expect(String(opaque.body.access_token).split('.')).toHaveLength(1)
    const jwt = await ask(stage.service, '/token', machine, { ...fields, resource: API })
    const payload = decodeJwt(String(jwt.body.access_token))
    expect(decodeProtectedHeader(String(jwt.body.access_token)).typ).toBe('at+jwt')
    expect(payload).toMatchObject({ aud: API, client_id: 'machine', scope: 'orders:read', sub: 'machine' })
    expect(jwt.body).not.toHaveProperty('refresh_token')
    // No client may have a name that could be a person's: see the tests of the clients file.
    expect(payload.sub).not.toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  test('R-012 is not to be had by a client without the grant', async () => {
    const answer = await ask(stage.service, '/token', app, { grant_type: 'client_credentials' })
    expect(answer.status).toBe(400)
    expect(answer.body).not.toHaveProperty('access_token')
  })
})

describe('introspection', () => {
  test('R-028 tells a client of its own tokens, and of any other only that it is not active', async () => {
    const { body } = await tokensOf(stage, app, { email: 'introspect@fabrikam.example' })
    const own = await ask(stage.service, '/introspect', app, { token: String(body.access_token) })
    expect(own).toMatchObject({
      status: 200,
      body: { active: true, client_id: app.id, scope: expect.stringContaining('openid') },
    })
    const refreshed = await ask(stage.service, '/introspect', app, { token: String(body.refresh_token) })
    expect(refreshed.body).toMatchObject({ active: true, sub: decodeJwt(String(body.id_token)).sub })
    for (const token of [body.access_token, body.refresh_token]) {
      expect((await ask(stage.service, '/introspect', other, { token: String(token) })).body).toEqual({ active: false })
    }
    for (const token of ['unknown', String(body.access_token).slice(0, -1)]) {
      expect((await ask(stage.service, '/introspect', app, { token })).body).toEqual({ active: false })
    }
    // A signed token is judged by its signature: the endpoint says so, and nothing else.
    const signed = await ask(stage.service, '/introspect', app, { token: String(body.id_token) })
    expect(signed).toMatchObject({ status: 400, body: { error: 'unsupported_token_type' } })
  })

  test('R-028 is for those who prove who they are', async () => {
    const { body } = await tokensOf(stage, app, { email: 'introspect@fabrikam.example' })
    const token = String(body.access_token)
    const nobody = await ask(stage.service, '/introspect', null, { token })
    expect(nobody).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(nobody.body).not.toHaveProperty('active')
    const unproven = await ask(stage.service, '/introspect', { ...app, secret: null }, { token })
    expect(unproven).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect((await ask(stage.service, '/introspect', { ...app, secret: newSecret() }, { token })).status).toBe(401)
    const own = await tokensOf(stage, spa, { email: 'introspect@fabrikam.example' })
    const open = await ask(stage.service, '/introspect', spa, { token: String(own.body.access_token) })
    expect(open.body.active).not.toBe(true)
  })
})
