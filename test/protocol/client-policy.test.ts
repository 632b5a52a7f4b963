import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { engineMetadata } from '../../src/oidc/client-metadata.ts'
import { clientOf, WEB } from '../rooms/clients-samples.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, authorizeUrl, newSecret, newVerifier, refresh, tokensOf, userinfo } from './protocol.ts'

const secret = newSecret()
const REDIRECT = 'https://other.fabrikam.example/callback'
const API = 'https://api.fabrikam.example'
const OPAQUE_API = 'https://opaque.fabrikam.example'
const LOGO = 'https://cdn.fabrikam.example/logo.png'
const app = (id: string, own: string | null = secret): App => ({ id, secret: own, redirectUri: REDIRECT })
const shop = app('shop')
const api = app('api')

let stage: Stage
let adminApi: string

// A memory of clients is five seconds old at most, even where nobody tells of a change.
const FORGOTTEN_SECONDS = 6

beforeAll(async () => {
  const common = { client_secret_env: 'OTHER_SECRET', redirect_uris: [REDIRECT], first_party: true }
  const machine = { client_secret_env: 'OTHER_SECRET', grant_types: ['client_credentials'] }
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS, OTHER_SECRET: secret, ACCESS_TOKEN_TTL: '5m' },
    texts: true,
    clients: [
      { client_id: 'shop', ...common, resources: [OPAQUE_API], logo_uri: LOGO },
      { client_id: 'short', ...common, resources: [API], access_token_ttl: '60s', id_token_ttl: '90s', refresh_token_ttl: '1h' },
      { client_id: 'by-mail', ...common, methods: ['email'] },
      { client_id: 'by-text', ...common, methods: ['sms'] },
      { client_id: 'api', ...machine, introspects: [OPAQUE_API] },
    ],
    resourceServers: [
      { id: API, scopes: { 'orders:read': 'See your orders' } },
      { id: OPAQUE_API, scopes: { 'orders:read': 'See your orders' }, token_format: 'opaque' },
    ],
  })
  adminApi = `${stage.service.issuer}/admin/api/v1`
})
afterAll(() => stage.stop())

async function change(sql: string, values: readonly unknown[] = []): Promise<void> {
  await query(stage.service.databaseUrl, sql, values)
  await stage.moveClock(FORGOTTEN_SECONDS)
}

const clockNow = () => new Date(Date.now() + stage.service.clockSeconds * 1000)
const invalidClient = { status: 401, body: { error: 'invalid_client' } }

test('R-161 a logo is kept, and stands neither on a page nor in what a page may load', async () => {
  const sql = `select metadata ->> 'logo_uri' as logo from client where id = 'shop'`
  expect(await query(stage.service.databaseUrl, sql)).toEqual([{ logo: LOGO }])
  const page = await createVisitor(stage.service).open(authorizeUrl(stage.service, shop, newVerifier()))
  expect(formWith(page, 'identifier')).toBeDefined()
  expect(JSON.stringify([page.text, page.headers])).not.toContain('cdn.fabrikam.example')
  const { id, metadata, policy, disabled: _off } = clientOf({ ...WEB, logo_uri: LOGO })
  const stored = { id, metadata, policy, secrets: [], source: 'file' as const, disabledAt: null, expiresAt: null }
  expect(JSON.stringify(engineMetadata(stored))).not.toContain(LOGO)
})

describe.each([
  ['is switched off', `update client set disabled_at = $1 where id = 'shop'`],
  ['has ended', `update client set expires_at = $1 where id = 'shop'`],
])('a client that %s', (_what, sql) => {
  afterEach(() => change(`update client set disabled_at = null, expires_at = null where id = 'shop'`))

  test('gets no token, and those that it has are worth nothing at once', async () => {
    const tokens = await tokensOf(stage, shop, { email: 'off@fabrikam.example' })
    const forApi = { resource: OPAQUE_API, scope: 'orders:read' }
    const apiTokens = await tokensOf(stage, shop, {
      ...{ email: 'off@fabrikam.example', visitor: tokens.visitor },
      parameters: { resource: OPAQUE_API, scope: 'openid orders:read' },
    })
    const introspect = async () =>
      (await ask(stage.service, '/introspect', api, { token: String(apiTokens.body.access_token) })).body
    expect(await introspect()).toMatchObject({ active: true, client_id: 'shop' })
    expect((await userinfo(stage.service, tokens.body.access_token)).status).toBe(200)

    await change(sql, [clockNow()])
    expect(await refresh(stage.service, shop, tokens.body.refresh_token)).toMatchObject(invalidClient)
    expect(await refresh(stage.service, shop, apiTokens.body.refresh_token, forApi)).toMatchObject(invalidClient)
    expect((await userinfo(stage.service, tokens.body.access_token)).status).toBe(401)
    expect(await introspect()).toEqual({ active: false })
    expect(await ask(stage.service, '/introspect', shop, { token: String(tokens.body.access_token) })).toMatchObject(
      invalidClient,
    )
  })

  test('is said to be so, to whoever comes from there and to whoever is in the middle of it', async () => {
    const visitor = createVisitor(stage.service)
    const begun = await visitor.open(authorizeUrl(stage.service, shop, newVerifier()))
    const form = formWith(begun, 'identifier')
    if (!form) throw new Error(begun.words)
    await change(sql, [clockNow()])
    for (const page of [
      await createVisitor(stage.service).open(authorizeUrl(stage.service, shop, newVerifier())),
      await visitor.open(begun.url),
      await visitor.follow(await visitor.submit(form, { identifier: 'middle@fabrikam.example' })),
    ]) {
      expect(page.words).toContain('This app is switched off')
      expect(page.location).toBeNull()
      expect(page.status).toBeGreaterThanOrEqual(400)
    }
    const sql2 = `select 1 from challenge where target = 'middle@fabrikam.example'`
    expect(await query(stage.service.databaseUrl, sql2)).toEqual([])
  })
})

test('a client that will end is somebody up to then, and nobody from then on, however lately it was looked at', async () => {
  const token = () => ask(stage.service, '/token', api, { grant_type: 'client_credentials' })
  const end = new Date(clockNow().getTime() + (FORGOTTEN_SECONDS + 3) * 1000)
  await change(`update client set expires_at = $1 where id = 'api'`, [end])
  expect((await token()).status).toBe(200)
  await stage.moveClock(3)
  expect(await token()).toMatchObject(invalidClient)
  await change(`update client set expires_at = null where id = 'api'`)
})

describe('R-171 a secret that ends', () => {
  test('is taken up to then, and not from then on', async () => {
    const end = new Date(clockNow().getTime() + 3600_000).toISOString()
    await change(`update client set secrets = jsonb_set(secrets, '{0,expiresAt}', to_jsonb($1::text)) where id = 'api'`, [end])
    expect((await ask(stage.service, '/token', api, { grant_type: 'client_credentials' })).status).toBe(200)
    await stage.moveClock(3600)
    expect(await ask(stage.service, '/token', api, { grant_type: 'client_credentials' })).toMatchObject(invalidClient)
    await change(`update client set secrets = jsonb_set(secrets, '{0,expiresAt}', 'null') where id = 'api'`)
  })
})

describe("a client's own lifetimes", () => {
  test('count where they are shorter than those of the service and of its APIs', async () => {
    const short = app('short')
    const tokens = await tokensOf(stage, short, { email: 'short@fabrikam.example' })
    expect(tokens.body.expires_in).toBe(60)
    const { exp = 0, iat = 0 } = decodeJwt(String(tokens.body.id_token))
    expect(exp - iat).toBe(90)
    const parameters = { resource: API, scope: 'openid orders:read' }
    const forApi = await tokensOf(stage, short, { email: 'short@fabrikam.example', visitor: tokens.visitor, parameters })
    expect(forApi.body.expires_in).toBe(60)
    expect((await tokensOf(stage, shop, { email: 'short@fabrikam.example' })).body.expires_in).toBe(300)
  })

  test('end a refresh token so long after the sign-in, however often it is used', async () => {
    const short = app('short')
    const first = await tokensOf(stage, short, { email: 'refresh@fabrikam.example' })
    await stage.moveClock(1800)
    const second = await refresh(stage.service, short, first.body.refresh_token)
    expect(second.status).toBe(200)
    await stage.moveClock(1801)
    expect(await refresh(stage.service, short, second.body.refresh_token)).toMatchObject({ status: 400 })
  })
})

describe('what may begin a sign-in', () => {
  const NUMBER = '+4915123000001'

  async function typed(id: string, identifier: string): Promise<{ page: Page; visitor: ReturnType<typeof createVisitor> }> {
    const visitor = createVisitor(stage.service)
    const page = await visitor.open(authorizeUrl(stage.service, app(id), newVerifier()))
    const form = formWith(page, 'identifier')
    if (!form) throw new Error(page.words)
    return { page: await visitor.follow(await visitor.submit(form, { identifier })), visitor }
  }
  const challenges = (kind: string) => query(stage.service.databaseUrl, 'select 1 from challenge where kind = $1', [kind])

  test('where it is email alone, no number is taken, and no text stands in for the mail', async () => {
    const before = (await challenges('sms')).length
    const { page } = await typed('by-mail', NUMBER)
    expect(formWith(page, 'identifier')).toBeDefined()
    expect(page.words).toContain('email')
    const { page: waiting, visitor } = await typed('by-mail', 'mail@fabrikam.example')
    expect(waiting.forms.some(({ action }) => action.endsWith('/text'))).toBe(false)
    const answer = formWith(waiting, 'code')
    if (!answer) throw new Error(waiting.words)
    await visitor.post(`${waiting.url}/text`, answer.values)
    expect(formWith(await visitor.open(waiting.url), 'digits')).toBeUndefined()
    expect(await challenges('sms')).toHaveLength(before)
  })

  test('where it is text alone, no email address is taken', async () => {
    const before = (await challenges('email')).length
    const { page } = await typed('by-text', 'mail@fabrikam.example')
    expect(page.words).toContain('Type one phone number')
    expect(await challenges('email')).toHaveLength(before)
    const { page: waiting } = await typed('by-text', NUMBER)
    expect(formWith(waiting, 'code') ?? formWith(waiting, 'payload') ?? waiting.words).toBeDefined()
    expect((await challenges('sms')).length).toBeGreaterThan(0)
  })
})

describe('R-175 a token for the admin API', () => {
  const policy = (id: string, more: object) =>
    change(`update client set policy = policy || $2::jsonb where id = $1`, [id, JSON.stringify(more)])

  test('is for clients that are registered for it alone', async () => {
    const fields = { grant_type: 'client_credentials', resource: adminApi, scope: 'clients:read' }
    expect(await ask(stage.service, '/token', api, fields)).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })

  test('that a machine gets for itself holds the scopes of its registration, whatever it asks for', async () => {
    await policy('api', { resources: [adminApi], adminScopes: ['clients:read'] })
    const fields = {
      grant_type: 'client_credentials',
      resource: adminApi,
      scope: 'clients:read clients:write administrators:write',
    }
    const { status, body } = await ask(stage.service, '/token', api, fields)
    expect([status, body.scope]).toEqual([200, 'clients:read'])
    expect(decodeJwt(String(body.access_token))).toMatchObject({ aud: adminApi, scope: 'clients:read', client_id: 'api' })
    expect(body.expires_in).toBe(300)
    await policy('api', { adminScopes: [] })
    const refused = { status: 400, body: { error: 'invalid_scope' } }
    expect(await ask(stage.service, '/token', api, fields)).toMatchObject(refused)
    const { scope: _, ...open } = fields
    const none = await ask(stage.service, '/token', api, open)
    expect(decodeJwt(String(none.body.access_token)).scope).toBeUndefined()
  })

  test('of a person holds what the client asks for: the role decides on each request', async () => {
    const own = appOf(stage)
    await policy(own.id, { resources: [adminApi] })
    const parameters = { resource: adminApi, scope: 'openid clients:read clients:write' }
    const tokens = await tokensOf(stage, own, { email: 'person@fabrikam.example', parameters })
    const token = decodeJwt(String(tokens.body.access_token))
    expect(token).toMatchObject({ aud: adminApi, scope: 'clients:read clients:write' })
    expect((token.exp ?? 0) - (token.iat ?? 0)).toBe(300)
    expect((await userinfo(stage.service, tokens.body.access_token)).status).toBe(401)
  })
})
