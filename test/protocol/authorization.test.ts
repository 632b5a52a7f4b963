import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, authorize, authorizeUrl, challengeOf, newSecret, newVerifier, redeem, silently } from './protocol.ts'

const BASIC_SECRET = newSecret()
const REDIRECT = 'https://app.fabrikam.example/callback'
const NATIVE = 'http://127.0.0.1/callback'

let stage: Stage
let app: App
let signedIn: Visitor
const spa: App = { id: 'spa', secret: null, redirectUri: REDIRECT }
const plain: App = { id: 'no-pkce', secret: BASIC_SECRET, redirectUri: REDIRECT }
const native: App = { id: 'native', secret: null, redirectUri: NATIVE }

beforeAll(async () => {
  const common = { redirect_uris: [REDIRECT], first_party: true }
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS, PLAIN_SECRET: BASIC_SECRET },
    clients: [
      { client_id: 'spa', token_endpoint_auth_method: 'none', ...common },
      { client_id: 'no-pkce', client_secret_env: 'PLAIN_SECRET', require_pkce: false, ...common },
      { client_id: 'native', token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: [NATIVE] },
    ],
  })
  app = appOf(stage)
  signedIn = (await authorize(stage, app, { email: 'protocol@fabrikam.example' })).visitor
})
afterAll(() => stage.stop())

/** What this request is answered with, for a person who is signed in. */
async function errorOf(client: App, parameters: Record<string, string | null>): Promise<string | null> {
  const answer = await silently(stage, client, signedIn, parameters)
  return answer ? answer.searchParams.get('error') : 'a page'
}

describe('where an authorization answer may go', () => {
  const nearMisses = [
    'https://app.fabrikam.example/callback/',
    'https://app.fabrikam.example/Callback',
    'https://app.fabrikam.example/callbac',
    'https://app.fabrikam.example/callback2',
    'https://app.fabrikam.example/callback/../callback',
    'https://app.fabrikam.example/./callback',
    'https://app.fabrikam.example//callback',
    'https://app.fabrikam.example/%63allback',
    'https://app.fabrikam.example/callback?',
    'https://app.fabrikam.example/callback?next=1',
    'https://app.fabrikam.example/callback#',
    'https://app.fabrikam.example/callback#x',
    'https://app.fabrikam.example/callback%20',
    ' https://app.fabrikam.example/callback',
    'https://app.fabrikam.example:443/callback',
    'https://app.fabrikam.example:8443/callback',
    'http://app.fabrikam.example/callback',
    'HTTPS://app.fabrikam.example/callback',
    'https://APP.fabrikam.example/callback',
    'https://app.fabrikam.example./callback',
    'https://user@app.fabrikam.example/callback',
    'https://app.fabrikam.example@evil.example/callback',
    'https://app.fabrikam.example.evil.example/callback',
    'https://evil.example/callback',
    '//app.fabrikam.example/callback',
    'https:/app.fabrikam.example/callback',
    'https://app.fabrikam.example\\callback',
    'javascript:alert(1)',
  ]

  test('R-001 only to an address that is registered, letter by letter: 28 near misses are told to the person', async () => {
    expect((await silently(stage, spa, signedIn))?.href).toMatch(`${REDIRECT}?code=`)
    for (const redirect_uri of nearMisses) {
      const page = await signedIn.get(authorizeUrl(stage.service, spa, newVerifier(), { redirect_uri }))
      expect({ redirect_uri, status: page.status, location: page.location }).toEqual({
        redirect_uri,
        status: 400,
        location: null,
      })
      expect(page.headers['content-type']).toMatch('text/html')
    }
  })

  test('R-001 a native application may listen on any port of loopback, and on nothing else', async () => {
    const asked = async (redirect_uri: string) =>
      (await createVisitor(stage.service).get(authorizeUrl(stage.service, native, newVerifier(), { redirect_uri }))).status
    expect(await asked('http://127.0.0.1:49152/callback')).toBe(303)
    expect(await asked('http://127.0.0.1:49152/other')).toBe(400)
    expect(await asked('http://localhost:49152/callback')).toBe(400)
    expect(await asked('http://127.0.0.2:49152/callback')).toBe(400)
    expect(await asked('https://127.0.0.1:49152/callback')).toBe(400)
  })

  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: null }],
    ['a client id with control characters', { client_id: 'spa\u0000' }],
    ['no redirect address', { redirect_uri: null }],
    ['an unknown redirect address', { redirect_uri: 'https://evil.example/' }],
  ])('R-002 %s: a page that says so, and no redirect', async (_what, parameters) => {
    const page = await signedIn.get(authorizeUrl(stage.service, spa, newVerifier(), parameters))
    expect(page.status).toBe(400)
    expect(page.location).toBeNull()
    expect(page.headers['content-type']).toMatch('text/html')
    expect(page.text).not.toMatch(/href="https:\/\/evil/)
  })

  test('R-013 success and error both name who answered', async () => {
    const success = await silently(stage, spa, signedIn)
    expect(success?.searchParams.get('iss')).toBe(stage.service.issuer)
    expect(success?.searchParams.get('state')).toBe('the-state')
    const error = await silently(stage, spa, createVisitor(stage.service), { prompt: 'none' })
    expect(Object.fromEntries(error?.searchParams ?? [])).toMatchObject({
      error: 'login_required',
      iss: stage.service.issuer,
      state: 'the-state',
    })
    const early = await silently(stage, spa, signedIn, { response_type: 'code', scope: 'openid', code_challenge: 'short' })
    expect(Object.fromEntries(early?.searchParams ?? [])).toMatchObject({ error: 'invalid_request', iss: stage.service.issuer })
  })

  test('R-017 a parameter that is there twice is refused, and nothing of it is followed', async () => {
    const url = authorizeUrl(stage.service, spa, newVerifier())
    const twice = (name: string, value: string) => signedIn.get(`${url}&${name}=${encodeURIComponent(value)}`)
    for (const [name, value] of [
      ['client_id', 'spa'],
      ['redirect_uri', REDIRECT],
      ['redirect_uri', 'https://evil.example/'],
    ] as const) {
      const page = await twice(name, value)
      expect({ name, status: page.status, location: page.location }).toEqual({ name, status: 400, location: null })
    }
    for (const name of ['state', 'scope', 'nonce', 'response_type', 'code_challenge']) {
      const { location } = await twice(name, 'x')
      expect(new URL(location ?? 'none:').searchParams.get('error')).toBe('invalid_request')
    }
    const again = await send(`${stage.service.issuer}/token`, {
      body: 'grant_type=authorization_code&grant_type=refresh_token&client_id=spa',
      headers: FORM,
    })
    expect(again.status).toBe(400)
    expect(JSON.parse(again.text)).toMatchObject({ error: 'invalid_request' })
  })
})

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

describe('proof of the code (PKCE)', () => {
  test('R-004 S256 alone: `plain`, and a challenge without a method, are refused', async () => {
    const verifier = newVerifier()
    expect(await errorOf(spa, { code_challenge: verifier, code_challenge_method: 'plain' })).toBe('invalid_request')
    expect(await errorOf(spa, { code_challenge: verifier, code_challenge_method: null })).toBe('invalid_request')
    expect(await errorOf(plain, { code_challenge: verifier, code_challenge_method: null })).toBe('invalid_request')
    expect(await errorOf(spa, {})).toBeNull()
  })

  test('R-006 a public client cannot do without; nor can any other that did not ask to', async () => {
    const without = { code_challenge: null, code_challenge_method: null }
    expect(await errorOf(spa, without)).toBe('invalid_request')
    expect(await errorOf(native, { ...without, redirect_uri: `${NATIVE}` })).toBe('invalid_request')
    expect(await errorOf(app, without)).toBe('invalid_request')
    expect(await errorOf(plain, without)).toBeNull()
  })

  test('R-005 challenge and verifier go together: of the four combinations two bring tokens', async () => {
    const none = { code_challenge: null, code_challenge_method: null }
    const tried = async (parameters: Record<string, string | null>, verifier: (right: string) => string | null) => {
      const issued = await authorize(stage, plain, { email: 'x', visitor: signedIn, parameters })
      const { status, body } = await redeem(stage.service, plain, issued, { code_verifier: verifier(issued.verifier) })
      return status === 200 ? 'tokens' : body.error
    }
    expect(await tried({}, (right) => right)).toBe('tokens')
    expect(await tried({}, () => null)).toBe('invalid_grant')
    expect(await tried({}, () => newVerifier())).toBe('invalid_grant')
    expect(await tried({}, challengeOf)).toBe('invalid_grant')
    expect(await tried(none, () => null)).toBe('tokens')
    expect(await tried(none, (right) => right)).toBe('invalid_grant')
  })
})

describe('what is not on offer', () => {
  test.each(['token', 'id_token', 'code token', 'code id_token', 'id_token token', 'none'])(
    'R-011 no tokens through the browser: response_type=%s',
    async (response_type) => {
      const answer = await silently(stage, spa, signedIn, { response_type })
      expect(answer?.href ?? '').not.toMatch(/access_token|id_token=/)
      expect(answer && new URLSearchParams(answer.search || answer.hash.slice(1)).get('error')).toBe('unsupported_response_type')
    },
  )

  test('R-011 no passwords: grant_type=password', async () => {
    const body = { grant_type: 'password', username: 'protocol@fabrikam.example', password: 'x', client_id: 'spa' }
    const { status, text } = await send(`${stage.service.issuer}/token`, { body })
    expect(status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ error: 'unsupported_grant_type' })
  })

  test.each(['request', 'request_uri', 'registration'])('no %s in an authorization request', async (name) => {
    expect(await errorOf(spa, { [name]: 'https://evil.example/x' })).toBe(`${name}_not_supported`)
  })
})
