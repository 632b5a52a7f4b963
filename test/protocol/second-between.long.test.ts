import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { type App, appOf, ask, silently, userinfo } from './protocol.ts'
import { afterFirst, askedOn, countOf, keyOn, tokenOf, typing } from './second-standing.ts'
import { addAuthenticator, THREE } from './second-walk.ts'
import { anyStep, here, posting, type Standing, statuses, toStep, withField } from './text-walk.ts'

const strict: App = { id: 'strict', secret: null, redirectUri: 'https://strict.example/callback' }

let stage: Awaited<ReturnType<typeof startPairStage>>

beforeAll(async () => {
  const { id, redirectUri } = strict
  stage = await startPairStage({
    texts: true,
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [
      {
        client_id: id,
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        first_party: true,
        second_factor: 'required',
      },
    ],
  })
})
afterAll(() => stage?.stop())

/** Somebody with an account and an authenticator. */
async function member(email: string) {
  await stage.signIn(email)
  return addAuthenticator(stage.service, email)
}

const sessions = (email: string) =>
  countOf(
    stage.service,
    `oidc_record r join address a on a.account_id = r.account_id where a.canonical = $1
     and r.model in ('Session', 'AuthorizationCode', 'AccessToken', 'RefreshToken')`,
    [email],
  )

/** Every path of a sign-in, by name, with what its form may hold. */
const STEPS: Readonly<Record<string, Record<string, string>>> = {
  answer: { code: '123456' },
  second: { identifier: 'somebody@fabrikam.example' },
  text: {},
  digits: { digits: '11' },
  email: {},
  work: {},
  way: { way: 'totp' },
  'other-way': {},
  without: {},
  factor: { code: '123456' },
  enrol: {},
  'enrol-code': { code: '123456', name: 'x' },
  'keep-codes': { kept: 'yes' },
  resend: {},
  retry: {},
  again: {},
  continue: {},
  'switch?of=x': {},
  consent: { answer: 'allow' },
}

/** Nothing is open to this browser: no answer to the application, no page of somebody who is signed in, no session. */
async function expectNoRights(walk: Standing, email: string, sessionsBefore: number): Promise<void> {
  const { visitor, home } = walk
  const { issuer } = stage.service
  expect((await silently(stage, appOf(stage), visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe('login_required')
  expect(await visitor.get(`${home}/continue`)).toMatchObject({ status: 303, location: home })
  const cookie = visitor.jar.header(home) ?? ''
  for (const path of [
    '/userinfo',
    '/account',
    '/account/data',
    '/authorize',
    '/introspect',
    '/revoke',
    '/admin/api/v1/clients',
  ]) {
    const { status, headers, text } = await send(`${issuer}${path}`, { headers: { cookie, accept: 'application/json' } })
    expect([path, status === 200, text.includes(email), /[?&]code=/.test(headers.location ?? '')]).toEqual([
      path,
      false,
      false,
      false,
    ])
  }
  for (const value of cookie.split('; ').map((one) => one.slice(one.indexOf('=') + 1))) {
    expect((await userinfo(stage.service, value)).status).toBe(401)
    const fields = { grant_type: 'authorization_code', code: value, redirect_uri: appOf(stage).redirectUri }
    expect((await ask(stage.service, '/token', appOf(stage), fields)).status).toBe(400)
  }
  expect(cookie).not.toMatch(/(^|; )(_?session|known|device|account)/)
  expect(await sessions(email)).toBe(sessionsBefore)
}

describe('between the first proof and the second', () => {
  test('R-100 nothing is open: no session, no code, no claims, whatever is asked for with whatever cookie', async () => {
    const email = 'between@fabrikam.example'
    await member(email)
    const before = await sessions(email)
    const walk = await afterFirst(stage, email)
    expect(askedOn(walk)).toBe('factor')
    await expectNoRights(walk, email, before)
    await walk.visitor.submit(toStep(walk, 'restart'))
    await expectNoRights(await here(walk), email, before)
  })

  test('R-100, R-101 no form of a sign-in leads past it, with any of its names, in any order', async () => {
    const email = 'all-steps@fabrikam.example'
    await member(email)
    const walk = await afterFirst(stage, email)
    for (const [step, fields] of Object.entries(STEPS)) {
      const { status } = await anyStep(walk, step, fields)
      const onward = await walk.visitor.get(`${walk.home}/continue`)
      expect([step, status < 500, onward.location]).toEqual([step, true, walk.home])
    }
  })

  test('R-100 the same where a factor is set up first: at the first page of it, at the key, at the codes', async () => {
    const email = 'setting-up@fabrikam.example'
    await stage.signIn(email)
    const before = await sessions(email)
    let walk = await afterFirst(stage, email, { app: strict })
    expect(askedOn(walk)).toBe('enrol')
    await expectNoRights(walk, email, before)
    walk = { ...walk, page: await walk.visitor.follow(await anyStep(walk, 'enrol')) }
    expect(askedOn(walk)).toBe('enrol-code')
    await expectNoRights(walk, email, before)
    expect(await anyStep(walk, 'keep-codes', { kept: 'yes' })).toMatchObject({ status: 303, location: walk.home })
    await expectNoRights(walk, email, before)
  })

  test('R-051, R-100 the first proof is good for ten minutes: a factor that is set up later does not bring it back', async () => {
    const email = 'later@fabrikam.example'
    await stage.signIn(email)
    let walk = await afterFirst(stage, email, { app: strict })
    walk = { ...walk, page: await walk.visitor.follow(await anyStep(walk, 'enrol')) }
    const { codeNow } = keyOn(walk, stage.service)
    await stage.moveClock(11 * 60)
    const late = await anyStep(walk, 'enrol-code', { code: codeNow(), name: '' })
    expect(late).toMatchObject({ status: 303, location: walk.home })
    expect(
      await countOf(
        stage.service,
        `credential c join address a using (account_id) where canonical = $1 and c.proven_at is not null`,
        [email],
      ),
    ).toBe(0)
    expect(await walk.visitor.get(`${walk.home}/continue`)).toMatchObject({ location: walk.home })
  })

  test('R-101 a sign-in that was to set one up asks for the one that was set up meanwhile', async () => {
    const email = 'meanwhile@fabrikam.example'
    await stage.signIn(email)
    let walk = await afterFirst(stage, email, { app: strict })
    walk = { ...walk, page: await walk.visitor.follow(await anyStep(walk, 'enrol')) }
    const { codeNow } = keyOn(walk, stage.service)
    const authenticator = await addAuthenticator(stage.service, email)
    walk = { ...walk, page: await walk.visitor.follow(await anyStep(walk, 'enrol-code', { code: codeNow(), name: 'mine' })) }
    expect(askedOn(walk)).toBe('factor')
    expect(askedOn(await typing(walk, codeNow()))).toBe('factor')
    expect(await tokenOf(stage, await typing({ ...walk, ...(await here(walk)) }, authenticator()))).toMatchObject({ acr: THREE })
  })

  test('R-107, R-108 two sign-ins of one person never show each other’s key', async () => {
    const email = 'two-keys@fabrikam.example'
    await stage.signIn(email)
    const [one, two] = [await afterFirst(stage, email, { app: strict }), await afterFirst(stage, email, { app: strict })]
    await anyStep(two, 'enrol')
    expect(askedOn(await here(one))).toBe('enrol')
    const ofTwo = keyOn(await here(two), stage.service)
    await anyStep(one, 'enrol')
    const ofOne = keyOn(await here(one), stage.service)
    expect(ofOne.key).not.toBe(ofTwo.key)
    expect(keyOn(await here(two), stage.service).key).toBe(ofTwo.key)
    await anyStep(one, 'enrol-code', { code: ofTwo.codeNow(), name: '' })
    expect(askedOn(await here(one))).toBe('enrol-code')
  })

  test('R-101, F-22 of two that are set up at the same moment one counts, and the other sign-in asks for it', async () => {
    for (let round = 0; round < 5; round++) {
      const email = `same-moment-${round}@fabrikam.example`
      await stage.signIn(email)
      const walks = [await afterFirst(stage, email, { app: strict }), await afterFirst(stage, email, { app: strict })]
      const posts = []
      for (const [index, walk] of walks.entries()) {
        await anyStep(walk, 'enrol')
        const now = await here(walk)
        const fields = { code: keyOn(now, stage.service).codeNow(), name: '' }
        const via = index === 0 ? stage.service : stage.second
        posts.push(() => posting(walk.visitor, withField(now.page, 'code'), fields)(via))
      }
      expect(statuses(await Promise.all(posts.map((post) => post())))).toEqual({ 303: 2 })
      const proven = `credential c join address a using (account_id)
        where a.canonical = $1 and c.kind = 'totp' and c.proven_at is not null`
      expect([round, await countOf(stage.service, proven, [email])]).toEqual([round, 1])
      const asked = await Promise.all(walks.map(async (walk) => askedOn(await here(walk))))
      expect(asked.sort()).toEqual(['factor', 'keep-codes'])
    }
  })
})
