import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, authorize, authorizeUrl, newSecret, newVerifier, redeem, refresh, tokensOf } from './protocol.ts'

const API = 'https://orders.fabrikam.example'
const secret = newSecret()
const orders: App = { id: 'orders-api', secret, redirectUri: 'https://orders.fabrikam.example/callback' }
const asks: App = { ...orders, id: 'asks-too' }

let stage: Stage
let app: App
beforeAll(async () => {
  const common = { redirect_uris: [orders.redirectUri], first_party: true, client_secret_env: 'OTHER_SECRET' }
  stage = await startStage({
    env: { OTHER_SECRET: secret, LIMITS: 'token-ip:20/1m authorize-ip:20/1m' },
    client: { resources: [API] },
    clients: [
      { client_id: orders.id, introspects: [API], ...common },
      { client_id: asks.id, resources: [API], ...common },
    ],
    resourceServers: [{ id: API, name: 'Orders', scopes: { 'orders:read': 'Read your orders' }, token_format: 'opaque' }],
  })
  app = appOf(stage)
})
afterAll(() => stage.stop())

describe('what goes wrong at a request takes nothing from anybody', () => {
  test('F-17, S-1 a refresh that is refused leaves the refresh token as it was', async () => {
    const { body } = await tokensOf(stage, app, { email: 'refused@fabrikam.example' })
    const unknown = await refresh(stage.service, app, body.refresh_token, { resource: 'https://nowhere.example' })
    expect(unknown).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
    expect((await refresh(stage.service, app, body.refresh_token)).status).toBe(200)
  })

  test('R-020 a grant that was revoked does not come back with the next sign-in of the session', async () => {
    const issued = await authorize(stage, app, { email: 'revoked@fabrikam.example' })
    await redeem(stage.service, app, issued)
    const grants = async () => {
      const sql = 'select distinct grant_id as id from oidc_record where grant_id is not null'
      return (await query<{ id: string }>(stage.service.databaseUrl, sql)).map(({ id }) => id)
    }
    const before = await grants()
    await redeem(stage.service, app, issued) // the second use revokes
    expect(await grants()).toHaveLength(before.length - 1)
    await authorize(stage, app, { email: 'revoked@fabrikam.example', visitor: issued.visitor })
    const fresh = (await grants()).filter((id) => !before.includes(id))
    expect(fresh).toHaveLength(1)
  })

  test('a NUL or another control character in a parameter is bad input, and the sign-in goes on without it', async () => {
    const { visitor } = await tokensOf(stage, app, { email: 'nul@fabrikam.example' })
    for (const value of ['a\0b', 'a\x1fb', 'a\x7fb']) {
      const { status, location } = await visitor.get(authorizeUrl(stage.service, app, newVerifier(), { nonce: value }))
      expect({ status, location }).toEqual({ status: 400, location: null })
    }
    expect((await authorize(stage, app, { email: 'nul@fabrikam.example', visitor })).code).toBeTruthy()
  })
})

describe('strangers cannot shut an application out', () => {
  test('R-150 codes that are none, brought by its visitors, do not close its token endpoint', async () => {
    const { body } = await tokensOf(stage, app, { email: 'garbage@fabrikam.example' })
    for (let count = 0; count < 25; count++) {
      const garbage = await redeem(stage.service, app, { code: newSecret(), verifier: newVerifier() })
      expect(garbage).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
    expect((await refresh(stage.service, app, body.refresh_token)).status).toBe(200)
  })

  test('R-155 guesses at its secret close it to the guesser by name, with the time to wait', async () => {
    const guess = () => ask(stage.service, '/token', { ...orders, secret: newSecret() }, { grant_type: 'client_credentials' })
    for (let count = 0; count < 20; count++) expect((await guess()).status).toBe(401)
    const closed = await guess()
    expect(closed.status).toBe(429)
    expect(Number(closed.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask(stage.service, '/token', asks, { grant_type: 'client_credentials' })).status).not.toBe(429)
  })

  test('R-156, R-141 sign-ins that only begin are limited, and another spelling of the path is no way round', async () => {
    await stage.moveClock(61)
    const begin = async (path: string) => {
      const url = authorizeUrl(stage.service, app, newVerifier()).replace('/authorize', path)
      return (await createVisitor(stage.service).get(url)).status
    }
    for (let count = 0; count < 20; count++) expect(await begin('/authorize')).toBe(303)
    expect(await begin('/authorize')).toBe(429)
    for (const path of ['/Authorize', '/authorize/', '//authorize', '/%61uthorize', '/authorize/.']) {
      expect({ path, status: await begin(path) }).toEqual({ path, status: 404 })
    }
  })
})

describe('who may ask what a token is worth', () => {
  test('R-028 the API that stands for the resource; not everybody who may get its tokens', async () => {
    await stage.moveClock(61)
    const parameters = { resource: API, scope: 'openid orders:read' }
    const { body } = await tokensOf(stage, app, { email: 'orders@fabrikam.example', parameters })
    const token = String(body.access_token)
    expect((await ask(stage.service, '/introspect', orders, { token })).body).toMatchObject({ active: true, aud: API })
    expect((await ask(stage.service, '/introspect', asks, { token })).body).toEqual({ active: false })
  })

  test('R-095 the token of a suspended person is worth nothing', async () => {
    const { body } = await tokensOf(stage, app, { email: 'suspended@fabrikam.example' })
    const token = String(body.access_token)
    expect((await ask(stage.service, '/introspect', app, { token })).body.active).toBe(true)
    await query(
      stage.service.databaseUrl,
      `update account set state = 'suspended' where id = (select account_id from address where canonical = $1)`,
      ['suspended@fabrikam.example'],
    )
    expect((await ask(stage.service, '/introspect', app, { token })).body).toEqual({ active: false })
  })
})
