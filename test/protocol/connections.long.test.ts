import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { ownAccess } from './own-access.ts'
import {
  type App,
  appOf,
  ask,
  authorize,
  authorizeUrl,
  newSecret,
  newVerifier,
  redeem,
  refresh,
  silently,
  tokensOf,
  userinfo,
} from './protocol.ts'

const REDIRECT = 'https://crm.contoso.example/callback'
const API = 'https://api.contoso.example'
const secret = newSecret()
const crm: App = { id: 'crm', secret, redirectUri: REDIRECT }
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }
const none = { prompt: 'none' }

let stage: Awaited<ReturnType<typeof startPairStage>>
let app: App
let own: ReturnType<typeof ownAccess>

beforeAll(async () => {
  stage = await startPairStage({
    env: { LIMITS: GENEROUS_LIMITS, CRM_SECRET: secret },
    clients: [
      {
        client_id: 'crm',
        client_name: 'Contoso CRM',
        client_secret_env: 'CRM_SECRET',
        redirect_uris: [REDIRECT],
        resources: [API],
      },
    ],
    resourceServers: [{ id: API, scopes: { 'orders:read': 'See your orders' } }],
  })
  app = appOf(stage)
  own = ownAccess(stage.service)
})
afterAll(async () => {
  await own.close()
  await stage.stop()
})

const introspected = async (of: App, token: unknown) =>
  (await ask(stage.service, '/introspect', of, { token: String(token) })).body

describe('applications with access to an account', () => {
  test('are told with what they may do, since when, and when they last came', async () => {
    const email = 'told@fabrikam.example'
    const parameters = { ...OFFLINE, scope: `${OFFLINE.scope} orders:read`, resource: API }
    const issued = await authorize(stage, crm, { email, parameters })
    const { body } = await redeem(stage.service, crm, issued, { resource: API })
    const [first] = await own.appsOf(email)
    expect(first).toMatchObject({ clientId: 'crm', name: 'Contoso CRM', letter: 'C', offline: true, firstParty: false })
    expect(first?.scopes).toEqual(expect.arrayContaining(['openid', 'email', 'offline_access']))
    expect(first?.resources).toEqual({ [API]: ['orders:read'] })
    await stage.moveClock(600)
    expect((await refresh(stage.service, crm, body.refresh_token)).status).toBe(200)
    const [later] = await own.appsOf(email)
    expect(later?.since).toEqual(first?.since)
    expect(Number(later?.lastUsedAt) - Number(first?.lastUsedAt)).toBeGreaterThanOrEqual(599_000)
  })

  test("one's own are among them, by registration, for as long as a session or a token lives", async () => {
    const email = 'own@fabrikam.example'
    const { body, visitor } = await tokensOf(stage, app, { email })
    const [first] = await own.appsOf(email)
    expect(first).toMatchObject({ clientId: app.id, offline: false, firstParty: true, resources: {} })
    expect(first?.scopes).toEqual(expect.arrayContaining(['openid', 'profile', 'email']))
    await stage.moveClock(2 * 3600) // beyond the first access token
    expect((await silently(stage, app, visitor, none))?.searchParams.has('code')).toBe(true)
    expect((await refresh(stage.service, app, body.refresh_token)).status).toBe(200)
    expect((await own.appsOf(email))[0]?.since).toEqual(first?.since)
    await own.endAll(email, { except: null, offline: false })
    expect(await own.appsOf(email)).toEqual([])
  })

  test('whoever was agreed to stays among them without any session', async () => {
    const email = 'agreed@fabrikam.example'
    await tokensOf(stage, crm, { email, parameters: { scope: 'openid email' } })
    await own.endAll(email, { except: null, offline: true })
    expect(await own.appsOf(email)).toMatchObject([{ clientId: 'crm', lastUsedAt: null, offline: false }])
  })

  test('the account page is none of them, and nobody can take its access away there', async () => {
    const email = 'page@fabrikam.example'
    await authorize(stage, app, { email })
    const knowsPage = `update oidc_record set payload = jsonb_set(payload, '{authorizations,account}', '{"grantId": "x", "sid": "y"}')
      where model = 'Session' and account_id = $1`
    await query(stage.service.databaseUrl, knowsPage, [await own.accountOf(email)])
    expect((await own.appsOf(email)).map(({ clientId }) => clientId)).toEqual([app.id])
    expect((await own.sessionsOf(email)).flatMap(({ clientIds }) => clientIds)).toEqual([app.id])
    expect(await own.revoke(email, 'account')).toBe(false)
  })
})

describe('R-023 access that a person takes back', () => {
  test('R-023, R-026 ends every opaque and refresh token and code at once, offline ones too, and is asked for anew', async () => {
    const email = 'takes-back@fabrikam.example'
    const { body, visitor } = await tokensOf(stage, crm, { email, parameters: OFFLINE })
    const waiting = await authorize(stage, crm, { email, visitor, parameters: { scope: 'openid email' } })
    const elsewhere = await tokensOf(stage, crm, { email, parameters: { scope: 'openid email' } })
    const mine = await tokensOf(stage, app, { email, visitor })
    const neighbour = await tokensOf(stage, crm, { email: 'neighbour@fabrikam.example', parameters: OFFLINE })
    expect(await introspected(crm, body.access_token)).toMatchObject({ active: true })

    expect(await own.revoke(email, 'crm')).toBe(true)
    for (const token of [body.access_token, elsewhere.body.access_token]) {
      expect((await userinfo(stage.service, token)).status).toBe(401)
      expect(await introspected(crm, token)).toEqual({ active: false })
    }
    expect(await introspected(crm, body.refresh_token)).toEqual({ active: false })
    expect(await refresh(stage.service, crm, body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await redeem(stage.service, crm, waiting)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    for (const browser of [visitor, elsewhere.visitor]) {
      const answer = await silently(stage, crm, browser, { ...none, scope: 'openid email' })
      expect(answer?.searchParams.get('error')).toBe('consent_required')
    }
    expect((await own.appsOf(email)).map(({ clientId }) => clientId)).toEqual([app.id])
    expect((await own.sessionsOf(email)).flatMap(({ clientIds }) => clientIds)).not.toContain('crm')
    expect(await own.revoke(email, 'crm')).toBe(false)

    // Nobody else loses anything.
    expect((await refresh(stage.service, app, mine.body.refresh_token)).status).toBe(200)
    expect((await userinfo(stage.service, neighbour.body.access_token)).status).toBe(200)
    expect((await refresh(stage.service, crm, neighbour.body.refresh_token)).status).toBe(200)

    // What is agreed to anew begins anew: the old tokens stay dead.
    const anew = await tokensOf(stage, crm, { email, visitor, parameters: { scope: 'openid email' } })
    expect((await userinfo(stage.service, anew.body.access_token)).status).toBe(200)
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
  })

  test("R-023 one's own application is signed out by it: its tokens end, and the session stays", async () => {
    const email = 'own-ends@fabrikam.example'
    const { body, visitor } = await tokensOf(stage, app, { email })
    expect(await own.revoke(email, app.id)).toBe(true)
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
    expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect(await own.appsOf(email)).toEqual([])
    expect((await silently(stage, app, visitor, none))?.searchParams.has('code')).toBe(true)
  })
})

describe('R-023 access that is taken back while it is used, over two instances', () => {
  const by = (index: number): Service => (index % 2 === 0 ? stage.service : stage.second)

  test('R-023, S-1 a refresh at that moment brings nothing that lives on', async () => {
    const email = 'refreshes@fabrikam.example'
    for (let round = 0; round < 12; round++) {
      const { body } = await tokensOf(stage, crm, { email, parameters: OFFLINE })
      const refreshed = refresh(stage.service, crm, body.refresh_token, {}, by(round))
      await own.revoke(email, 'crm')
      const answer = await refreshed
      if (answer.status !== 200) expect(answer.body.error).toBe('invalid_grant')
      expect(await refresh(stage.service, crm, answer.body.refresh_token ?? body.refresh_token)).toMatchObject({ status: 400 })
      expect((await userinfo(stage.service, answer.body.access_token)).status).toBe(401)
      expect(await left(email)).toEqual([])
    }
  })

  test('R-023, S-1 a request at that moment brings no code that can be redeemed, also in a browser that comes first', async () => {
    const email = 'authorizes@fabrikam.example'
    const scope = 'openid email'
    const { visitor } = await tokensOf(stage, app, { email })
    for (let round = 0; round < 12; round++) {
      await authorize(stage, crm, { email, visitor, parameters: { scope } })
      const fresh = (await authorize(stage, app, { email })).visitor
      const asked = [visitor, fresh, visitor, fresh].map(async ({ jar }, index) => {
        const verifier = newVerifier()
        const url = authorizeUrl(stage.service, crm, verifier, { ...none, scope })
        const { headers } = await send(url, { headers: { cookie: jar.header(url) ?? '', accept: 'text/html' }, via: by(index) })
        return { code: new URL(headers.location ?? '', stage.service.issuer).searchParams.get('code') ?? '', verifier }
      })
      await own.revoke(email, 'crm')
      for (const issued of await Promise.all(asked)) {
        expect(await redeem(stage.service, crm, issued)).toMatchObject({ status: 400 })
      }
      expect(await left(email)).toEqual([])
    }
  })

  async function left(email: string) {
    const sql = `select model from oidc_record where account_id = $1 and payload ->> 'clientId' = 'crm'`
    return query(stage.service.databaseUrl, sql, [await own.accountOf(email)])
  }
})
