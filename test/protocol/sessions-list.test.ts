import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createSecrets } from '../../src/base/index.ts'
import { accountClientSecret } from '../../src/clients/index.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import type { Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { ownAccess } from './own-access.ts'
import {
  type App,
  appOf,
  authorize,
  authorizeUrl,
  newVerifier,
  redeem,
  refresh,
  silently,
  tokensOf,
  userinfo,
} from './protocol.ts'

const REDIRECT = 'https://apps.fabrikam.example/callback'
const mail: App = { id: 'mail', secret: null, redirectUri: REDIRECT }
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const ROUNDS = 4
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }

let stage: Awaited<ReturnType<typeof startPairStage>>
let app: App
let own: ReturnType<typeof ownAccess>

beforeAll(async () => {
  stage = await startPairStage({
    env: { LIMITS: GENEROUS_LIMITS, SESSION_IDLE_TTL: '1h' },
    clients: [{ client_id: 'mail', token_endpoint_auth_method: 'none', redirect_uris: [REDIRECT], first_party: true }],
  })
  app = appOf(stage)
  own = ownAccess(stage.service)
})
afterAll(async () => {
  await own.close()
  await stage.stop()
})

const none = { prompt: 'none' }
const isIn = async (visitor: Visitor, of = app) => (await silently(stage, of, visitor, none))?.searchParams.has('code') === true
const errorOf = async (visitor: Visitor) => (await silently(stage, app, visitor, none))?.searchParams.get('error')

async function only(address: string) {
  const [session, ...others] = await own.sessionsOf(address)
  if (!session || others.length > 0) throw new Error(`${others.length} sessions too many`)
  return session
}

describe('the sessions of an account', () => {
  test('R-135 are told with the device, when they began, when they were used, and for which applications', async () => {
    const email = 'told@fabrikam.example'
    const { visitor } = await authorize(stage, app, { email })
    const first = await only(email)
    expect(first).toMatchObject({ device: 'Firefox on Linux', clientIds: [app.id] })
    expect(first.signedInAt).toEqual(first.lastSeenAt)
    await stage.moveClock(600)
    await visitor.get(authorizeUrl(stage.service, mail, newVerifier(), none), { 'user-agent': CHROME })
    const later = await only(email)
    expect(later).toMatchObject({ uid: first.uid, device: 'Chrome on Linux', signedInAt: first.signedInAt })
    expect(later.clientIds).toEqual(['mail', app.id].sort())
    expect(later.lastSeenAt.getTime() - first.lastSeenAt.getTime()).toBeGreaterThanOrEqual(600_000)
    // A new sign-in in the same browser is the same session, under a new identifier.
    await authorize(stage, app, { email, visitor, parameters: { prompt: 'login' } })
    expect(await only(email)).toMatchObject({ uid: first.uid, device: 'Firefox on Linux', signedInAt: first.signedInAt })
  })

  test('R-135 hold no network address', async () => {
    const email = 'no-address@fabrikam.example'
    await authorize(stage, app, { email })
    const [row] = await query<{ payload: { place: object } }>(
      stage.service.databaseUrl,
      `select payload from oidc_record where model = 'Session' and account_id = $1`,
      [await own.accountOf(email)],
    )
    expect(Object.keys(row?.payload.place ?? {}).sort()).toEqual(['device', 'firstSeenAt', 'lastSeenAt'])
    expect(JSON.stringify(row)).not.toMatch(/127\.0\.0\.1|::1/)
  })

  test('R-133 are told while they live, and one that ended by itself or was signed out is none', async () => {
    const email = 'living@fabrikam.example'
    await authorize(stage, app, { email })
    await stage.moveClock(1800)
    const second = await authorize(stage, app, { email })
    expect(await own.sessionsOf(email)).toHaveLength(2)
    await stage.moveClock(1800)
    const { uid } = await only(email)
    expect(await isIn(second.visitor)).toBe(true)
    expect((await only(email)).uid).toBe(uid)
    const question = await second.visitor.get(`${stage.service.issuer}/logout`)
    const form = question.forms.find(({ fields }) => fields.includes('xsrf'))
    if (!form) throw new Error(question.words)
    await second.visitor.submit(form, {}, 'yes')
    expect(await own.sessionsOf(email)).toEqual([])
  })
})

describe('the claim sid', () => {
  const asksSid = { ...none, claims: JSON.stringify({ id_token: { sid: null } }) }
  const sidOf = async (email: string, clientId: string) => {
    const sql = `select payload #>> array['authorizations', $2, 'sid'] as sid from oidc_record where model = 'Session' and account_id = $1`
    return (await query<{ sid: string }>(stage.service.databaseUrl, sql, [await own.accountOf(email), clientId]))[0]?.sid
  }

  test('R-135 names the session to whoever asks for it, and to nobody else; discovery says so', async () => {
    const email = 'asks-sid@fabrikam.example'
    const { visitor } = await authorize(stage, app, { email })
    const told = decodeJwt(String((await tokensOf(stage, app, { email, visitor, parameters: asksSid })).body.id_token))
    expect(told.sid).toBe(await sidOf(email, app.id))
    expect(decodeJwt(String((await tokensOf(stage, app, { email, visitor })).body.id_token))).not.toHaveProperty('sid')
    const discovery = await visitor.get(`${stage.service.issuer}/.well-known/openid-configuration`)
    expect(JSON.parse(discovery.text).claims_supported).toContain('sid')
  })

  test('R-135, R-030 the account page is told it, with how and when somebody signed in, and gets no refresh token', async () => {
    const email = 'page-sid@fabrikam.example'
    const secret = accountClientSecret(createSecrets([stage.service.env.SECRETS ?? '']))
    const page: App = { id: 'account', secret, redirectUri: `${stage.service.issuer}/account/callback` }
    const { visitor } = await authorize(stage, app, { email })
    const verifier = newVerifier()
    const wants = { ...asksSid, scope: 'openid offline_access' }
    const { location } = await visitor.get(authorizeUrl(stage.service, page, verifier, wants))
    const answer = new URL(location ?? '')
    expect(answer.href.split('?')[0]).toBe(page.redirectUri)
    const { body } = await redeem(stage.service, page, { code: answer.searchParams.get('code') ?? '', verifier })
    expect(decodeJwt(String(body.id_token))).toMatchObject({
      ...{ sid: await sidOf(email, 'account'), acr: 'urn:doorward:acr:1', amr: ['email_code'] },
      ...{ auth_time: expect.any(Number), nonce: 'the-nonce', aud: 'account' },
    })
    expect(body).not.toHaveProperty('refresh_token')
    // It is bound to PKCE and to its one address.
    for (const wrong of [
      { code_challenge: null, code_challenge_method: null },
      { redirect_uri: `${stage.service.issuer}/account` },
    ]) {
      const refused = await visitor.get(authorizeUrl(stage.service, page, verifier, { ...wants, ...wrong }))
      expect(new URL(refused.location ?? stage.service.issuer).searchParams.has('code')).toBe(false)
    }
  })
})

describe('R-135 a session that is ended from elsewhere', () => {
  test('R-135, R-024 opens nothing from the next request on, nor do its tokens; the others live on', async () => {
    const email = 'elsewhere@fabrikam.example'
    const here = await tokensOf(stage, app, { email })
    const { uid } = await only(email)
    const there = await tokensOf(stage, app, { email })
    const waiting = await authorize(stage, app, { email, visitor: there.visitor })
    const other = (await own.sessionsOf(email)).find((session) => session.uid !== uid)?.uid ?? ''
    expect(await own.end(email, other)).toBe(true)
    expect(await errorOf(there.visitor)).toBe('login_required')
    expect((await userinfo(stage.service, there.body.access_token)).status).toBe(401)
    expect(await refresh(stage.service, app, there.body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect(await redeem(stage.service, app, waiting)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect((await only(email)).uid).toBe(uid)
    expect(await isIn(here.visitor)).toBe(true)
    expect((await refresh(stage.service, app, here.body.refresh_token)).status).toBe(200)
    expect(await own.end(email, other)).toBe(false)
  })

  test('R-135 is never that of another account', async () => {
    const [one, two] = ['mine@fabrikam.example', 'yours@fabrikam.example']
    await authorize(stage, app, { email: one })
    const { visitor } = await authorize(stage, app, { email: two })
    expect(await own.end(one, (await only(two)).uid)).toBe(false)
    expect(await isIn(visitor)).toBe(true)
  })

  test('R-024 leaves offline access alone; what ends everything ends that too', async () => {
    const email = 'offline@fabrikam.example'
    const { body, visitor } = await tokensOf(stage, app, { email, parameters: OFFLINE })
    expect(await own.end(email, (await only(email)).uid)).toBe(true)
    expect(await errorOf(visitor)).toBe('login_required')
    const next = await refresh(stage.service, app, body.refresh_token)
    expect(next.status).toBe(200)
    expect(await own.endAll(email, { except: null, offline: true })).toBe(0)
    expect(await refresh(stage.service, app, next.body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect((await userinfo(stage.service, next.body.access_token)).status).toBe(401)
  })

  test('R-135, R-024 all others end at once: three browsers, one stays', async () => {
    const email = 'all-others@fabrikam.example'
    const here = await tokensOf(stage, app, { email, parameters: OFFLINE })
    const { uid } = await only(email)
    const others = [await tokensOf(stage, app, { email }), await tokensOf(stage, mail, { email })]
    expect(await own.endAll(email, { except: uid, offline: false })).toBe(2)
    for (const { visitor, body } of others) {
      expect(await errorOf(visitor)).toBe('login_required')
      expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
    }
    expect(await isIn(here.visitor)).toBe(true)
    expect((await refresh(stage.service, app, here.body.refresh_token)).status).toBe(200)
    expect(await own.endAll(email, { except: uid, offline: true })).toBe(0)
    expect(await isIn(here.visitor)).toBe(true)
    expect(await isIn(here.visitor, mail)).toBe(true)
  })

  test('R-135, S-1 stays ended while it is in use on two instances', async () => {
    const email = 'in-use@fabrikam.example'
    for (let round = 0; round < ROUNDS; round++) {
      const { visitor } = await authorize(stage, app, { email })
      const { uid } = await only(email)
      const url = authorizeUrl(stage.service, mail, newVerifier(), none)
      const cookie = visitor.jar.header(url) ?? ''
      const asks = Array.from({ length: 12 }, (_, index) => asked(url, cookie, index % 2 === 0 ? stage.service : stage.second))
      expect(await own.end(email, uid)).toBe(true)
      for (const { status } of await Promise.all(asks)) expect(status).toBe(303)
      expect(await own.sessionsOf(email)).toEqual([])
      expect(await records(email)).toEqual([])
    }
  })

  test('R-024, S-1 leaves no token to a code that is redeemed at that moment', async () => {
    const email = 'redeemed@fabrikam.example'
    for (let round = 0; round < ROUNDS; round++) {
      const issued = await authorize(stage, app, { email })
      const { uid } = await only(email)
      const redeemed = redeem(stage.service, app, issued, {}, stage.second)
      expect(await own.end(email, uid)).toBe(true)
      expect((await redeemed).status).toBeLessThan(500)
      expect(await records(email)).toEqual([])
    }
  })
})

async function asked(url: string, cookie: string, via: typeof stage.service) {
  return send(url, { headers: { cookie, accept: 'text/html' }, via })
}

const records = async (email: string) =>
  query(stage.service.databaseUrl, 'select model from oidc_record where account_id = $1', [await own.accountOf(email)])
