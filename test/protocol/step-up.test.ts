import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, authorize, authorizeUrl, newVerifier, redeem, refresh, silently } from './protocol.ts'
import {
  addAuthenticator,
  addNumber,
  essential,
  forgetDevices,
  forgetRequirement,
  proveLevel,
  removeAuthenticators,
  stepUp,
  THREE,
  TWO,
} from './second-walk.ts'
import { withField } from './text-walk.ts'

const strict: App = { id: 'strict', secret: null, redirectUri: 'https://strict.example/callback' }
const lax: App = { id: 'lax', secret: null, redirectUri: 'https://lax.example/callback' }
const common = ({ id, redirectUri }: App) => ({
  ...{ client_id: id, token_endpoint_auth_method: 'none', redirect_uris: [redirectUri], first_party: true },
})

let stage: Stage
let app: App

beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [
      { ...common(strict), second_factor: 'required' },
      { ...common(lax), second_factor: 'off' },
    ],
  })
  app = appOf(stage)
})
afterAll(() => stage.stop())

const none = { prompt: 'none' }
const errorOf = async (visitor: Visitor, parameters: Record<string, string>, of = app) =>
  (await silently(stage, of, visitor, parameters))?.searchParams.get('error')
const open = (visitor: Visitor, parameters: Record<string, string>, of = app) =>
  visitor.open(authorizeUrl(stage.service, of, newVerifier(), parameters))
const claimsOf = (token: unknown) =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

/** A browser in which somebody has signed in by email alone. */
async function signedIn(email: string): Promise<Visitor> {
  return (await authorize(stage, app, { email })).visitor
}

/** A sign-in by email that ends with one proof, whatever was asked for; answers where the application's answer goes. */
async function slipIn(email: string, parameters: Record<string, string>, visitor = createVisitor(stage.service)): Promise<URL> {
  const page = await open(visitor, parameters)
  await visitor.submit(withField(page, 'identifier'), { identifier: email })
  await forgetRequirement(stage.service, email)
  const { code } = await stage.mailbox.next(email)
  const answer = withField(await visitor.open(page.url), 'code')
  const end = await visitor.follow(await visitor.submit(answer, { code: code ?? '' }))
  return new URL(end.location ?? end.url)
}

describe('discovery', () => {
  test('R-069 names the levels that can be reached, and the claims parameter', async () => {
    const { text } = await createVisitor(stage.service).get(`${stage.service.issuer}/.well-known/openid-configuration`)
    expect(JSON.parse(text)).toMatchObject({
      acr_values_supported: ['urn:doorward:acr:1', TWO, THREE, 'phr'],
      claims_parameter_supported: true,
    })
  })
})

describe('a session that proves less than is asked for', () => {
  test('R-032 an essential acr: login_required without a page, a page otherwise, and never a code', async () => {
    const visitor = await signedIn('essential@fabrikam.example')
    for (const values of [[TWO], [THREE], [THREE, TWO], ['urn:elsewhere', TWO]]) {
      expect(await errorOf(visitor, { claims: essential(...values), ...none })).toBe('login_required')
      expect((await open(visitor, { claims: essential(...values) })).forms).not.toEqual([])
    }
    expect(await errorOf(visitor, { claims: essential('urn:doorward:acr:1'), ...none })).toBeNull()
  })

  test('R-032 an essential acr that does not exist is unmet, with nobody signed in as with somebody, and nobody is asked', async () => {
    for (const visitor of [createVisitor(stage.service), await signedIn('unknown@fabrikam.example')]) {
      for (const more of [{}, none]) {
        const claims = essential('urn:elsewhere:gold')
        expect(await errorOf(visitor, { claims, ...more })).toBe('unmet_authentication_requirements')
      }
    }
  })

  test('R-032 acr_values beside it take nothing from what is essential', async () => {
    const visitor = await signedIn('both@fabrikam.example')
    const both = { claims: essential(THREE), acr_values: 'urn:doorward:acr:1' }
    expect(await errorOf(visitor, { ...both, ...none })).toBe('login_required')
  })

  test('R-032 acr_values alone: the true, lower acr where there are no means for more', async () => {
    const email = 'no-means@fabrikam.example'
    const visitor = await signedIn(email)
    const issued = await authorize(stage, app, { email, visitor, parameters: { acr_values: `${THREE} ${TWO}`, prompt: 'none' } })
    expect(claimsOf((await redeem(stage.service, app, issued)).body.id_token)).toMatchObject({ acr: 'urn:doorward:acr:1' })
  })

  test('R-101 a factor that the person enrolled is asked for, although nobody else asks', async () => {
    const email = 'enrolled@fabrikam.example'
    const visitor = await signedIn(email)
    expect(await errorOf(visitor, none)).toBeNull()
    await addAuthenticator(stage.service, email)
    expect(await errorOf(visitor, none)).toBe('login_required')
    expect(await silently(stage, app, visitor)).toBeNull()
    await removeAuthenticators(stage.service, email)
    expect(await errorOf(visitor, none)).toBeNull()
  })

  test('R-101 one that is being set up is not', async () => {
    const email = 'setting-up@fabrikam.example'
    const visitor = await signedIn(email)
    await addAuthenticator(stage.service, email, { proven: false })
    expect(await errorOf(visitor, none)).toBeNull()
  })

  test('R-101 a client that requires a second factor gets no code for one proof; another client does', async () => {
    const visitor = await signedIn('required@fabrikam.example')
    expect(await errorOf(visitor, none, strict)).toBe('login_required')
    expect(await silently(stage, strict, visitor)).toBeNull()
    expect(await errorOf(visitor, none)).toBeNull()
  })

  test('R-032 another channel of the account is a means: level two is asked for, level three is not', async () => {
    const email = 'two-channels@fabrikam.example'
    const visitor = await signedIn(email)
    expect(await errorOf(visitor, { acr_values: TWO, ...none })).toBeNull()
    await addNumber(stage.service, email, '+4915123777001')
    expect(await errorOf(visitor, { acr_values: TWO, ...none })).toBe('login_required')
    expect((await open(visitor, { acr_values: TWO })).text).toContain('value="sms"')
    expect(await errorOf(visitor, { acr_values: THREE, ...none })).toBeNull()
    expect(await errorOf(visitor, none)).toBeNull()
  })

  test('R-032 where nobody may set up a factor, what cannot be had is unmet, and the session stays', async () => {
    const email = 'lax@fabrikam.example'
    const visitor = await signedIn(email)
    const claims = essential(THREE)
    expect(await errorOf(visitor, { claims }, lax)).toBe('unmet_authentication_requirements')
    expect(await errorOf(visitor, { claims, ...none }, lax)).toBe('login_required')
    expect(await errorOf(visitor, none, lax)).toBeNull()
    const stranger = await authorize(stage, lax, { email: 'lax-stranger@fabrikam.example', parameters: { claims } })
    expect(stranger.answer.get('error')).toBe('unmet_authentication_requirements')
    expect(await errorOf(stranger.visitor, none)).toBe('login_required')
  })

  test('R-032 a sign-in that ends below what is essential is unmet, whatever let it end', async () => {
    const email = 'slipped@fabrikam.example'
    const visitor = createVisitor(stage.service)
    const end = await slipIn(email, { claims: essential(TWO) }, visitor)
    expect(end.searchParams.get('error')).toBe('unmet_authentication_requirements')
    expect(await errorOf(visitor, none)).toBe('login_required')
  })

  test('R-121 a remembered browser stands in for what was enrolled: not for acr, nor for another person', async () => {
    const [email, other] = ['remembers@fabrikam.example', 'beside@fabrikam.example']
    const visitor = await signedIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    await stepUp(stage, visitor, {}, authenticator, { remember: true })
    await authorize(stage, app, { email, visitor, parameters: { prompt: 'login' } })
    expect(await errorOf(visitor, none)).toBeNull()
    expect(await errorOf(visitor, none, strict)).toBeNull()
    expect(await errorOf(visitor, { claims: essential(TWO), ...none })).toBe('login_required')
    expect(await errorOf(visitor, { acr_values: THREE, ...none })).toBe('login_required')

    await proveLevel(stage.service, email, 1)
    await forgetDevices(stage.service, email)
    expect(await errorOf(visitor, none)).toBe('login_required')

    const beside = await signedIn(other)
    await addAuthenticator(stage.service, other)
    await stage.moveClock(60)
    await stepUp(stage, visitor, {}, authenticator, { remember: true })
    const cookies = ['device', 'device.sig'].map((name) => `${name}=${visitor.jar.value(stage.service.issuer, name)}; Path=/`)
    beside.jar.keep(stage.service.issuer, cookies)
    expect(beside.jar.value(stage.service.issuer, 'device')).toMatch(/^[\w-]{43}$/)
    expect(await errorOf(beside, none)).toBe('login_required')
  })

  test('R-100 a step-up that was begun and not ended leaves the session as it was', async () => {
    const email = 'between@fabrikam.example'
    const visitor = await signedIn(email)
    await addAuthenticator(stage.service, email)
    await open(visitor, { claims: essential(THREE) })
    expect(await errorOf(visitor, none)).toBe('login_required')
  })
})

describe('a step-up', () => {
  test('R-032, R-030 asks the living session only for what is missing, and the token says what was proven and when', async () => {
    const email = 'steps-up@fabrikam.example'
    const { visitor, ...first } = await authorize(stage, app, { email })
    const before = claimsOf((await redeem(stage.service, app, first)).body.id_token)
    const authenticator = await addAuthenticator(stage.service, email)
    await stage.moveClock(60)
    const verifier = newVerifier()
    const page = await open(visitor, { claims: essential(THREE) })
    expect(page.forms.some(({ fields }) => fields.includes('identifier'))).toBe(false)
    const back = await stepUp(stage, visitor, { claims: essential(THREE) }, authenticator, { verifier })
    const tokens = await redeem(stage.service, app, { code: back.searchParams.get('code') ?? '', verifier })
    const after = claimsOf(tokens.body.id_token)
    expect(after).toMatchObject({ sub: before.sub, acr: THREE, amr: ['email_code', 'otp', 'mfa'] })
    expect(after.auth_time).toBe(before.auth_time)
    const later = await refresh(stage.service, app, tokens.body.refresh_token)
    expect(claimsOf(later.body.id_token)).toMatchObject({ acr: THREE, auth_time: before.auth_time })
    for (const level of [TWO, THREE]) expect(await errorOf(visitor, { claims: essential(level), ...none })).toBeNull()
  })

  test('R-032 by acr_values alone is asked for once, where there are means; whoever comes back is not asked again', async () => {
    const email = 'wished@fabrikam.example'
    const visitor = await signedIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    expect(await silently(stage, app, visitor, { acr_values: THREE })).toBeNull()
    const back = await stepUp(stage, visitor, { acr_values: THREE }, authenticator)
    expect(back.searchParams.has('code')).toBe(true)
  })

  test('R-032 what is only wished for and was not reached after all is not asked for without end', async () => {
    const email = 'wished-for@fabrikam.example'
    await signedIn(email)
    await addNumber(stage.service, email, '+4915123777002')
    const end = await slipIn(email, { acr_values: TWO })
    expect(end.searchParams.has('code')).toBe(true)
  })

  test('R-032 whoever insists on less than was proven is told what they insist on', async () => {
    const email = 'insists@fabrikam.example'
    const visitor = await signedIn(email)
    await proveLevel(stage.service, email, 3)
    for (const [values, told] of [
      [[TWO], TWO],
      [['urn:doorward:acr:1', TWO], TWO],
      [[TWO, THREE], THREE],
    ] as const) {
      const issued = await authorize(stage, app, { email, visitor, parameters: { claims: essential(...values), ...none } })
      expect(claimsOf((await redeem(stage.service, app, issued)).body.id_token)).toMatchObject({ acr: told })
    }
    const wished = await authorize(stage, app, { email, visitor, parameters: { acr_values: TWO, ...none } })
    expect(claimsOf((await redeem(stage.service, app, wished)).body.id_token)).toMatchObject({ acr: THREE })
  })

  test('R-120 begins from nothing with prompt=login, a session that is too old, or an address of somebody else', async () => {
    const email = 'from-nothing@fabrikam.example'
    const visitor = await signedIn(email)
    await addAuthenticator(stage.service, email)
    await stage.moveClock(60)
    const asksWho = async (parameters: Record<string, string>) =>
      (await open(visitor, { claims: essential(THREE), ...parameters })).forms.some(({ fields }) => fields.includes('identifier'))
    for (const parameters of [
      { prompt: 'login' },
      { prompt: 'select_account' },
      { prompt: 'create' },
      { max_age: '30' },
      { login_hint: 'somebody-else@fabrikam.example' },
      { login_hint: 'no address' },
    ]) {
      expect([parameters, await asksWho(parameters)]).toEqual([parameters, true])
    }
    for (const parameters of [{}, { max_age: '3600' }, { login_hint: email.toUpperCase() }]) {
      expect([parameters, await asksWho(parameters as Record<string, string>)]).toEqual([parameters, false])
    }
  })

  test('R-120 max_age that passes over the session while its person looks for the authenticator: all is asked for', async () => {
    const email = 'slow@fabrikam.example'
    const visitor = await signedIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const asked = { claims: essential(THREE), max_age: '300' }
    await stage.moveClock(240)
    const end = await stepUp(stage, visitor, asked, authenticator, { beforeAnswer: () => stage.moveClock(120) })
    expect(end.origin).toBe(stage.service.issuer)
    expect((await open(visitor, asked)).forms.some(({ fields }) => fields.includes('identifier'))).toBe(true)
  })

  test('R-030 a newer sign-in with less takes the place of what was proven before', async () => {
    const email = 'less@fabrikam.example'
    const visitor = await signedIn(email)
    await proveLevel(stage.service, email, 3)
    await authorize(stage, app, { email, visitor, parameters: { prompt: 'login' } })
    expect(await errorOf(visitor, { claims: essential(TWO), ...none })).toBe('login_required')
  })
})
