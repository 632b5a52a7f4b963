import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  type App,
  appOf,
  authorize,
  authorizeUrl,
  type Issued,
  newVerifier,
  type Parameters,
  redeem,
  refresh,
  silently,
  userinfo,
} from './protocol.ts'

const appAt = (id: string): App => ({ id, secret: null, redirectUri: `https://${id}.example/callback` })
const [plain, mailer, own] = [appAt('plain'), appAt('mailer'), appAt('own')]

let stage: Stage

beforeAll(async () => {
  const entry = ({ id, redirectUri }: App, more: Record<string, unknown>) => ({
    ...{ client_id: id, token_endpoint_auth_method: 'none', redirect_uris: [redirectUri], ...more },
  })
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [
      entry(plain, { scope: 'openid' }),
      entry(mailer, { scope: 'openid email offline_access', refresh_token: 'always' }),
      entry(own, { scope: 'openid email', first_party: true }),
    ],
  })
})
afterAll(() => stage.stop())

const asking = (claims: unknown, more: Parameters = {}): Parameters => ({
  ...{ scope: 'openid', claims: typeof claims === 'string' ? claims : JSON.stringify(claims), ...more },
})
const claimsOf = (token: unknown) =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
const agreed = (email: string) =>
  query<{ scopes: string[]; claims: string[] }>(
    stage.service.databaseUrl,
    'select scopes, claims from consent c join address a on a.account_id = c.account_id where a.canonical = $1',
    [email],
  )

/** What the application learns in all: by the ID token, and at userinfo. */
async function learnt(app: App, issued: Issued) {
  const { body } = await redeem(stage.service, app, issued)
  return { idToken: claimsOf(body.id_token), userinfo: (await userinfo(stage.service, body.access_token)).body, body }
}

describe('the claims parameter', () => {
  test('R-012 gives a client nothing of a scope that it may not ask for: not wished, not essential, not at consent', async () => {
    const email = 'not-for-plain@fabrikam.example'
    const claims = {
      userinfo: { email: null, email_verified: { essential: true }, locale: null, phone_number: null },
      id_token: { email: { essential: true }, updated_at: null },
    }
    const { visitor } = await authorize(stage, appOf(stage), { email })
    const page = await visitor.open(authorizeUrl(stage.service, plain, newVerifier(), asking(claims)))
    expect(page.words).not.toMatch(/see your email|email address/i)
    const issued = await authorize(stage, plain, { email, visitor, parameters: asking(claims) })
    const seen = await learnt(plain, issued)
    expect(Object.keys(seen.userinfo)).toEqual(['sub'])
    for (const name of ['email', 'email_verified', 'updated_at', 'locale']) expect(seen.idToken).not.toHaveProperty(name)
    expect(await agreed(email)).toEqual([{ scopes: ['openid'], claims: [] }])
  })

  test('R-039 asks for a claim by the words of its scope, remembers it, and gives that claim alone', async () => {
    const email = 'by-name@fabrikam.example'
    const { visitor } = await authorize(stage, mailer, { email, parameters: { scope: 'openid' } })
    const wanted = asking({ userinfo: { email: null } })
    const silent = () => silently(stage, mailer, visitor, { ...wanted, prompt: 'none' })
    expect((await silent())?.searchParams.get('error')).toBe('consent_required')
    const page = await visitor.open(authorizeUrl(stage.service, mailer, newVerifier(), wanted))
    expect(page.words).toMatch(/email address/i)
    const seen = await learnt(mailer, await authorize(stage, mailer, { email, visitor, parameters: wanted }))
    expect(seen.userinfo).toEqual({ sub: expect.any(String), email })
    expect(seen.idToken).not.toHaveProperty('email')
    expect(await agreed(email)).toMatchObject([{ claims: ['email'] }])
    expect((await silent())?.searchParams.has('code')).toBe(true)

    const without = await learnt(mailer, await authorize(stage, mailer, { email, visitor, parameters: { scope: 'openid' } }))
    expect(without.userinfo).toEqual({ sub: expect.any(String) })
    const again = await refresh(stage.service, mailer, seen.body.refresh_token)
    expect((await userinfo(stage.service, again.body.access_token)).body).toEqual(seen.userinfo)
  })

  test('R-039 gives nothing where the person does not agree', async () => {
    const email = 'refuses@fabrikam.example'
    const parameters = asking({ userinfo: { email: null } })
    const { answer } = await authorize(stage, mailer, { email, parameters, consent: 'cancel' })
    expect(answer.get('error')).toBe('access_denied')
    expect(await agreed(email)).toEqual([])
  })

  test('puts into the ID token what was asked for there, and no more', async () => {
    const email = 'in-token@fabrikam.example'
    const seen = await learnt(
      mailer,
      await authorize(stage, mailer, { email, parameters: asking({ id_token: { email: null } }) }),
    )
    expect(seen.idToken).toMatchObject({ email })
    expect(seen.idToken).not.toHaveProperty('email_verified')
    expect(seen.userinfo).toEqual({ sub: expect.any(String) })

    const both = asking({ id_token: { email_verified: null } }, { scope: 'openid email' })
    const more = await learnt(mailer, await authorize(stage, mailer, { email, parameters: both }))
    expect(more.idToken).toMatchObject({ email_verified: true })
    expect(more.idToken).not.toHaveProperty('email')
    expect(more.userinfo).toMatchObject({ email, email_verified: true })
  })

  test('asks nobody again who has agreed to the scope, and nobody at all for an application of one’s own', async () => {
    const email = 'agreed-before@fabrikam.example'
    const { visitor } = await authorize(stage, mailer, { email, parameters: { scope: 'openid email' } })
    const parameters = asking({ userinfo: { email: null } }, { prompt: 'none' })
    expect((await silently(stage, mailer, visitor, parameters))?.searchParams.has('code')).toBe(true)
    const wide = asking({ userinfo: { email: null, locale: null } }, { prompt: 'none' })
    expect((await learnt(own, await authorize(stage, own, { email, visitor, parameters: wide }))).userinfo).toEqual({
      ...{ sub: expect.any(String), email },
    })
  })

  test('R-031 somebody else than the one that was named gets no code: login_required, and no second round', async () => {
    const [ada, bela] = ['ada@fabrikam.example', 'bela@fabrikam.example']
    const first = await authorize(stage, own, { email: ada, parameters: { scope: 'openid' } })
    const { idToken, body } = await learnt(own, first)
    const named = asking({ id_token: { sub: { value: idToken.sub } } })
    for (const parameters of [named, { scope: 'openid', id_token_hint: String(body.id_token) }]) {
      expect((await silently(stage, own, first.visitor, { ...parameters, prompt: 'none' }))?.searchParams.has('code')).toBe(true)
      const visitor = createVisitor(stage.service)
      const other = await authorize(stage, own, { email: bela, visitor, parameters })
      expect(other.answer.get('error')).toBe('login_required')
      expect((await authorize(stage, own, { email: ada, parameters })).code).not.toBe('')
    }
  })

  test('what it does not know, or that is nothing of a person, is passed over', async () => {
    const email = 'passed-over@fabrikam.example'
    const claims = `{"userinfo":{"__proto__":{"email":null},"constructor":null,"password":null,"sid":null,"acr":{"essential":true,"value":"x"}},
      "id_token":{"__proto__":null,"toString":null,"auth_time":{"essential":true},"acr":null,"amr":null,"sub":null},"more":{"x":null}}`
    const seen = await learnt(own, await authorize(stage, own, { email, parameters: asking(claims.replace(/\n\s*/, '')) }))
    expect(seen.userinfo).toEqual({ sub: expect.any(String) })
    expect(seen.idToken).toMatchObject({ acr: 'urn:doorward:acr:1', amr: ['email_code'], auth_time: expect.any(Number) })
    expect(Object.keys(seen.idToken)).not.toEqual(expect.arrayContaining(['sid']))
  })

  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['text', '"email"'],
    ['neither userinfo nor id_token', '{}'],
    ['userinfo that is a list', '{"userinfo":[]}'],
    ['id_token that is text', '{"id_token":"acr"}'],
    ['acr that is text', '{"id_token":{"acr":"urn:doorward:acr:3"}}'],
    ['acr with values that are no list', '{"id_token":{"acr":{"essential":true,"values":"urn:doorward:acr:3"}}}'],
    ['acr with a value that is no text', '{"id_token":{"acr":{"essential":true,"value":{"x":1}}}}'],
    ['acr with a list in the list', '{"id_token":{"acr":{"essential":true,"values":[["urn:doorward:acr:1"]]}}}'],
    ['acr that is essential in words', '{"id_token":{"acr":{"essential":"true","values":["urn:doorward:acr:3"]}}}'],
    ['sub that is text', '{"id_token":{"sub":"somebody"}}'],
    ['sub that is a number', '{"id_token":{"sub":{"value":5}}}'],
  ])('R-032 %s is refused, to the application', async (_what, claims) => {
    const answer = await silently(stage, own, createVisitor(stage.service), asking(claims))
    expect(answer?.origin).toBe('https://own.example')
    expect(answer?.searchParams.get('error')).toBe('invalid_request')
  })
})
