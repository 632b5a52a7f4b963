import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Answer, send } from '../support/http.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service, startService } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, authorizeUrl, newVerifier, shortCodeOf, tokensOf } from './protocol.ts'

const ORIGIN = 'https://spa.fabrikam.example'
const REDIRECT = `${ORIGIN}/callback`
const spa: App = { id: 'spa', secret: null, redirectUri: REDIRECT }
const client = {
  client_id: 'spa',
  token_endpoint_auth_method: 'none',
  redirect_uris: [REDIRECT],
  first_party: true,
  cors_origins: [ORIGIN],
}

describe('scripts of other origins', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS }, clients: [client] })
  })
  afterAll(() => stage.stop())

  const allowed = ({ headers }: Answer) => headers['access-control-allow-origin']
  const token = (origin: string, client_id: string) =>
    send(`${stage.service.issuer}/token`, {
      body: { client_id, grant_type: 'authorization_code', code: 'x' },
      headers: { origin },
    })

  test('R-046 may read the token endpoint where the client registered their origin', async () => {
    expect(allowed(await token(ORIGIN, 'spa'))).toBe(ORIGIN)
    for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, ORIGIN.replace('https', 'http'), `${ORIGIN}:8443`]) {
      expect(allowed(await token(origin, 'spa'))).toBeUndefined()
    }
    expect(allowed(await token(ORIGIN, appOf(stage).id))).toBeUndefined()
  })

  test('R-046 may read userinfo with a token of such a client, and with no other', async () => {
    const own = await tokensOf(stage, spa, { email: 'cors@fabrikam.example' })
    const others = await tokensOf(stage, appOf(stage), { email: 'cors@fabrikam.example' })
    const read = (value: unknown, origin: string) =>
      send(`${stage.service.issuer}/userinfo`, { headers: { authorization: `Bearer ${value}`, origin } })
    expect(allowed(await read(own.body.access_token, ORIGIN))).toBe(ORIGIN)
    expect(allowed(await read(own.body.access_token, 'https://evil.example'))).toBeUndefined()
    expect(allowed(await read(others.body.access_token, ORIGIN))).toBeUndefined()
  })

  test('R-046 without an origin of their own (`null`) read nothing that belongs to anybody', async () => {
    const own = await tokensOf(stage, spa, { email: 'null@fabrikam.example' })
    expect(allowed(await token('null', 'spa'))).toBeUndefined()
    const read = await send(`${stage.service.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${own.body.access_token}`, origin: 'null' },
    })
    expect(allowed(read)).toBeUndefined()
  })

  test('R-046 never come with cookies, and read no page', async () => {
    const { issuer } = stage.service
    const asked = { origin: ORIGIN, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    for (const path of ['/.well-known/openid-configuration', '/jwks', '/token', '/userinfo', '/revoke', '/introspect']) {
      for (const answer of [
        await send(`${issuer}${path}`, { headers: { origin: ORIGIN } }),
        await send(`${issuer}${path}`, { method: 'OPTIONS', headers: asked }),
      ]) {
        expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
        expect(answer.setCookies).toEqual([])
      }
    }
    for (const path of ['/authorize', '/logout', '/sign-in/xxxxxxxxxxxxxxxxxxxxxx', '/']) {
      expect(allowed(await send(`${issuer}${path}`, { headers: { origin: ORIGIN } }))).toBeUndefined()
      expect(allowed(await send(`${issuer}${path}`, { method: 'OPTIONS', headers: asked }))).toBeUndefined()
    }
  })
})

describe('cookies on https', () => {
  let service: Service
  let mailbox: Mailbox
  beforeAll(async () => {
    mailbox = await startMailbox()
    service = await startService({
      smtpUrl: mailbox.url,
      clients: { clients: [client] },
      env: { ISSUER: 'https://id.test', TRUSTED_PROXIES: '0', CLOCK_SKEW_MAX: '10s', LIMITS: GENEROUS_LIMITS },
    })
  })
  afterAll(async () => {
    await service.stop()
    await mailbox.stop()
  })

  test('R-132 each is bound to this host, to https, to http requests and to visits from our own pages', async () => {
    const set = new Map<string, string>()
    const visitor = createVisitor(service)
    const keep = <T extends Answer>(answer: T): T => {
      for (const cookie of answer.setCookies) if (!/=;/.test(cookie)) set.set(cookie.slice(0, cookie.indexOf('=')), cookie)
      return answer
    }
    const begun = keep(await visitor.get(authorizeUrl(service, spa, newVerifier())))
    const home = new URL(begun.headers.location ?? '', service.issuer)
    expect(home.origin).toBe('https://id.test')
    const start = keep(await visitor.get(home.href))
    const form = (page: typeof start, field: string) => formWith(page, field) ?? fail(page.words)
    keep(await visitor.submit(form(start, 'identifier'), { identifier: 'nobody' }))
    const again = keep(await visitor.get(home.href))
    keep(await visitor.submit(form(again, 'identifier'), { identifier: 'https@fabrikam.example' }))
    const waiting = keep(await visitor.get(home.href))
    // The mail server of the test has no TLS, so outside of trial mode nothing is sent to it.
    let page = keep(await visitor.submit(form(waiting, 'code'), { code: await shortCodeOf(service, 'https@fabrikam.example') }))
    while (page.location?.startsWith(service.issuer)) page = keep(await visitor.get(page.location))
    expect(page.location).toMatch(`${REDIRECT}?code=`)

    const names = [...set.keys()].filter((name) => !name.endsWith('.sig')).sort()
    expect(names).toEqual(['__Host-known', '__Host-said', '__Host-session', '__Secure-interaction', '__Secure-resume'])
    for (const [name, cookie] of set) {
      expect(cookie).toMatch(/; secure/i)
      expect(cookie).toMatch(/; httponly/i)
      expect(cookie).toMatch(/; samesite=lax/i)
      expect(cookie).not.toMatch(/; domain=/i)
      const path = /; path=([^;]+)/i.exec(cookie)?.[1]
      if (name.startsWith('__Host-')) expect(path).toBe('/')
      else
        expect(path).toBe(
          name.startsWith('__Secure-interaction') ? home.pathname : home.pathname.replace('/sign-in/', '/authorize/'),
        )
      expect(set.has(name.endsWith('.sig') ? name.slice(0, -4) : `${name}.sig`)).toBe(true)
    }
    expect(page.headers['strict-transport-security']).toMatch(/max-age=\d{8}/)
  })
})

function fail(words: string): never {
  throw new Error(words)
}
