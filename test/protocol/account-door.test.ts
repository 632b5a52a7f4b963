import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openAccount } from '../support/account.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { createVisitor, type Page } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service, startService } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { aroundAccount, isAsked, person } from './account-walk.ts'
import { appOf, authorize, silently } from './protocol.ts'

let stage: Stage
let around: ReturnType<typeof aroundAccount>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  around = aroundAccount(stage)
})
afterAll(() => stage.stop())

describe('signing in on the account page', () => {
  test('is an ordinary sign-in at this issuer: code, PKCE, state, nonce; and leads to the page that was asked for', async () => {
    const visitor = createVisitor(stage.service)
    const asked = await visitor.get(around.at('/account/methods'))
    expect(isAsked(asked)).toBe(true)
    const parameters = new URL(asked.location ?? '').searchParams
    expect(Object.fromEntries(parameters)).toMatchObject({
      client_id: 'account',
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: around.at('/account/callback'),
      scope: 'openid',
      state: expect.stringMatching(/^[\w-]{22}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    })
    const page = await openAccount(stage, visitor, person('first'), { path: '/account/methods' })
    expect({ status: page.status, url: page.url }).toEqual({ status: 200, url: around.at('/account/methods') })
    expect(page.words).toContain(person('first'))
  })

  test('whoever is signed in for an application is let in without a word, and the other way round', async () => {
    const { visitor } = await authorize(stage, appOf(stage), { email: person('both') })
    expect((await visitor.open(around.at('/account'))).url).toBe(around.at('/account'))
    const other = createVisitor(stage.service)
    await openAccount(stage, other, person('both'))
    expect((await silently(stage, appOf(stage), other, { prompt: 'none' }))?.searchParams.get('code')).toBeTruthy()
  })

  test('R-003 leads to pages of its own only, whatever it is asked to', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('open'))
    const bad = [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/account//evil.example',
      '/account/../authorize',
      '/account/%2e%2e/authorize',
      '/account/..',
      '/accounts',
      '/account@evil.example',
      '/account\\@evil.example',
      '/account?to=//evil.example',
      '/account#x',
      '/account\t/x',
      '/account/sign-in',
      '/account/step-up?to=/account',
      'javascript:alert(1)',
      '',
    ]
    for (const door of ['sign-in', 'step-up']) {
      for (const to of bad) {
        const end = await visitor.open(around.at(`/account/${door}?${new URLSearchParams({ to })}`))
        expect({ door, to, end: end.location ?? end.url }).toEqual({ door, to, end: around.at('/account') })
      }
      const end = await visitor.open(around.at(`/account/${door}?${new URLSearchParams({ to: '/account/methods' })}`))
      expect(end.url).toBe(around.at('/account/methods'))
    }
    for (const query of ['to=/account/methods&to=https://evil.example', 'to[]=https://evil.example']) {
      expect((await visitor.open(around.at(`/account/sign-in?${query}`))).url).toBe(around.at('/account'))
    }
  })

  test('an answer that this browser does not wait for signs nobody in, and is asked for once more, not for ever', async () => {
    const mallory = createVisitor(stage.service)
    await openAccount(stage, mallory, person('mallory'))
    // Mallory's own answer, with a code that was never redeemed.
    const begun = await mallory.get(around.at('/account/sign-in'))
    const answer = (await mallory.get(begun.location ?? '')).location ?? ''
    expect(answer).toContain('/account/callback?code=')

    const visitor = createVisitor(stage.service)
    const first = await visitor.get(answer)
    expect(isAsked(first)).toBe(true)
    expect(around.cookieOf(visitor)).toBeUndefined()
    // The second try comes back to a browser that keeps no cookies: a page with a button, and nothing more by itself.
    const state = new URL(first.location ?? '').searchParams.get('state')
    const second = await createVisitor(stage.service).get(around.at(`/account/callback?state=${state}&code=x`))
    expect({ status: second.status, location: second.location }).toEqual({ status: 200, location: null })
    expect(await visitor.get(around.at('/account'))).toMatchObject({ status: 303 })
  })

  test('each part of an answer counts: state, code, issuer; and each answer counts once', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('parts'))
    const fresh = async () => {
      around.forget(visitor)
      const begun = await visitor.get(around.at('/account'))
      return new URL((await visitor.get(begun.location ?? '')).location ?? '')
    }
    const changes: Record<string, (answer: URL) => void> = {
      state: (answer) => answer.searchParams.set('state', 'x'),
      'no state': (answer) => answer.searchParams.delete('state'),
      code: (answer) => answer.searchParams.set('code', 'x'.repeat(43)),
      iss: (answer) => answer.searchParams.set('iss', 'https://evil.example'),
      'no iss': (answer) => answer.searchParams.delete('iss'),
      'two states': (answer) => answer.searchParams.append('state', 'x'),
    }
    for (const [name, change] of Object.entries(changes)) {
      const answer = await fresh()
      change(answer)
      const page = await visitor.get(answer.href)
      expect({ name, asked: isAsked(page), cookie: around.cookieOf(visitor) }).toEqual({ name, asked: true, cookie: undefined })
    }
    const answer = await fresh()
    const waiting = around.cookieOf(visitor, 'account-flow')
    expect(await visitor.get(answer.href)).toMatchObject({ status: 303, location: around.at('/account') })
    expect(around.cookieOf(visitor, 'account-flow')).toBeUndefined()
    const again = around.withCookies({ 'account-flow': waiting })
    expect(isAsked(await again.get(answer.href))).toBe(true)
  })

  test('a forged answer does not put out what the browser waits for', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('waits'))
    const step = await visitor.get(around.at('/account/step-up?to=/account/methods'))
    expect(await visitor.get(around.at('/account/callback?state=x&code=x'))).toMatchObject({ location: around.at('/account') })
    expect((await visitor.open(step.location ?? '')).url).toBe(around.at('/account/methods'))
  })

  test('two tabs that begin at once both arrive', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('tabs'))
    around.forget(visitor)
    const [one, two] = [await visitor.get(around.at('/account/methods')), await visitor.get(around.at('/account/activity'))]
    expect((await visitor.open(one.location ?? '')).status).toBe(200)
    const end = await visitor.open(two.location ?? '')
    expect({ status: end.status, path: new URL(end.url).pathname }).toEqual({
      status: 200,
      path: expect.stringMatching(/^\/account/),
    })
  })

  test('whoever turns back at the door stays out, and whoever is in stays in', async () => {
    const flowOf = (page: Page) => new URL(page.location ?? '').searchParams.get('state')
    const refusal = (page: Page) =>
      around.at(
        `/account/callback?${new URLSearchParams({ error: 'access_denied', state: flowOf(page) ?? '', iss: stage.service.issuer })}`,
      )
    const visitor = createVisitor(stage.service)
    const out = await visitor.get(refusal(await visitor.get(around.at('/account'))))
    expect({ status: out.status, location: out.location }).toEqual({ status: 200, location: null })
    await openAccount(stage, visitor, person('turns'))
    const back = await visitor.get(refusal(await visitor.get(around.at('/account/step-up'))))
    expect(back).toMatchObject({ status: 303, location: around.at('/account') })
    expect(await around.isIn(visitor)).toBe(true)
  })
})

describe('on https', () => {
  let mailbox: Mailbox
  let service: Service
  beforeAll(async () => {
    mailbox = await startMailbox()
    const env = { ISSUER: 'https://id.test', TRUSTED_PROXIES: '0', CLOCK_SKEW_MAX: '10s', LIMITS: GENEROUS_LIMITS }
    const clients = {
      clients: [
        { client_id: 'spa', token_endpoint_auth_method: 'none', redirect_uris: ['https://spa.fabrikam.example/callback'] },
      ],
    }
    service = await startService({ smtpUrl: mailbox.url, clients, env })
  })
  afterAll(async () => {
    await service.stop()
    await mailbox.stop()
  })

  test('R-132 its cookies are __Host-, Secure, HttpOnly and SameSite=Lax; the exchange stays in the house', async () => {
    const visitor = createVisitor(service)
    const kept: string[] = []
    const { keep } = visitor.jar
    visitor.jar.keep = (url, cookies) => {
      kept.push(...cookies)
      keep(url, cookies)
    }
    const page = await openAccount({ service, mailbox }, visitor, person('https'))
    expect(page.url).toBe('https://id.test/account')
    const own = kept.filter((cookie) => cookie.startsWith('__Host-account'))
    expect([...new Set(own.map((cookie) => cookie.slice(0, cookie.indexOf('='))))].toSorted()).toEqual([
      '__Host-account',
      '__Host-account-flow',
    ])
    for (const cookie of own) {
      const attributes = cookie.toLowerCase().split('; ').slice(1)
      expect(attributes).toEqual(expect.arrayContaining(['path=/', 'samesite=lax', 'secure', 'httponly']))
      expect(attributes.some((attribute) => attribute.startsWith('domain'))).toBe(false)
    }
    const flow =
      own.find((cookie) => cookie.startsWith('__Host-account-flow=') && !/expires=thu, 01 jan 1970/i.test(cookie)) ?? ''
    expect(Buffer.from(flow.split('=')[1] ?? '', 'base64url').toString('latin1')).not.toContain('/account')
  })
})
