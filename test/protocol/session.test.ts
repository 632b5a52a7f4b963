import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
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

const MINUTE_SECONDS = 60

let stage: Stage
let app: App

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SESSION_TTL: '3h', SESSION_IDLE_TTL: '1h', ID_TOKEN_TTL: '5m' } })
  app = appOf(stage)
})
afterAll(() => stage.stop())

/** What this browser's session is worth: `in`, or the error of an application that asks without showing a page. */
async function state(visitor: Visitor): Promise<string | null> {
  const answer = await silently(stage, app, visitor, { prompt: 'none' })
  return answer?.searchParams.has('code') ? 'in' : (answer?.searchParams.get('error') ?? null)
}

const cookieOf = (visitor: Visitor) => visitor.jar.value(stage.service.issuer, 'session')

/** A browser that holds the cookies this one holds now. */
function copyOf(visitor: Visitor): Visitor {
  const copy = createVisitor(stage.service)
  const own = visitor.jar.all().filter(({ host }) => host === 'localhost')
  copy.jar.keep(
    stage.service.issuer,
    own.map(({ name, value, path }) => `${name}=${value}; Path=${path}`),
  )
  return copy
}

const timeOf = (idToken: unknown) => Number(decodeJwt(String(idToken)).auth_time)

describe('asking for a sign-in', () => {
  test('R-031 prompt=none never shows a page: the code where somebody is signed in, else login_required', async () => {
    expect(await state(createVisitor(stage.service))).toBe('login_required')
    const { visitor } = await authorize(stage, app, { email: 'none@fabrikam.example' })
    expect(await state(visitor)).toBe('in')
  })

  test.each(['none login', 'none consent', 'login none', 'none create'])(
    'R-031 prompt=%s contradicts itself and is refused',
    async (prompt) => {
      const { visitor } = await authorize(stage, app, { email: 'contradiction@fabrikam.example' })
      expect((await silently(stage, app, visitor, { prompt }))?.searchParams.get('error')).toBe('invalid_request')
    },
  )

  test('R-031 prompt=login asks again, and the new token says when', async () => {
    const email = 'login-again@fabrikam.example'
    const first = await tokensOf(stage, app, { email })
    await stage.moveClock(2 * MINUTE_SECONDS)
    const page = await first.visitor.open(authorizeUrl(stage.service, app, newVerifier(), { prompt: 'login' }))
    expect(formWith(page, 'identifier')).toBeDefined()
    const again = await tokensOf(stage, app, { email, visitor: first.visitor, parameters: { prompt: 'login' } })
    expect(timeOf(again.body.id_token)).toBeGreaterThanOrEqual(timeOf(first.body.id_token) + 2 * MINUTE_SECONDS)
    expect(decodeJwt(String(again.body.id_token)).sub).toBe(decodeJwt(String(first.body.id_token)).sub)
  })

  test('R-031 max_age asks again where the sign-in is older, and only there', async () => {
    const email = 'max-age@fabrikam.example'
    const first = await tokensOf(stage, app, { email })
    await stage.moveClock(2 * MINUTE_SECONDS)
    const { visitor } = first
    const young = await authorize(stage, app, { email, visitor, parameters: { max_age: '600', prompt: 'none' } })
    const kept = await redeem(stage.service, app, young)
    expect(timeOf(kept.body.id_token)).toBe(timeOf(first.body.id_token))
    const old = await silently(stage, app, visitor, { max_age: '60', prompt: 'none' })
    expect(old?.searchParams.get('error')).toBe('login_required')
    const again = await tokensOf(stage, app, { email, visitor, parameters: { max_age: '60' } })
    expect(timeOf(again.body.id_token)).toBeGreaterThan(timeOf(first.body.id_token))
  })
})

describe('a session', () => {
  test('R-130 has a new id after each sign-in; the old one opens nothing', async () => {
    const email = 'new-id@fabrikam.example'
    const { visitor } = await authorize(stage, app, { email })
    const before = copyOf(visitor)
    expect(await state(copyOf(visitor))).toBe('in')
    await authorize(stage, app, { email, visitor, parameters: { prompt: 'login' } })
    expect(cookieOf(visitor)).not.toBe(cookieOf(before))
    expect(await state(before)).toBe('login_required')
    expect(await state(visitor)).toBe('in')
  })

  test('R-131 never takes an id that it did not give to this sign-in', async () => {
    const attacker = (await authorize(stage, app, { email: 'attacker@fabrikam.example' })).visitor
    const planted = copyOf(attacker)
    const signOut = await attacker.open(`${stage.service.issuer}/logout`)
    await attacker.submit(formWith(signOut, 'xsrf') ?? lacking(signOut), {}, 'yes')
    // A cookie with a good signature, whose session is over: the victim signs in with it.
    const fixed = cookieOf(planted)
    expect(fixed).toBeDefined()
    await authorize(stage, app, { email: 'victim@fabrikam.example', visitor: planted })
    expect(cookieOf(planted)).not.toBe(fixed)

    const invented = createVisitor(stage.service)
    invented.jar.keep(stage.service.issuer, ['session=0123456789abcdef0123456789; Path=/', 'session.sig=x; Path=/'])
    await authorize(stage, app, { email: 'victim@fabrikam.example', visitor: invented })
    expect(cookieOf(invented)).not.toBe('0123456789abcdef0123456789')
    expect(cookieOf(invented)?.length).toBeGreaterThanOrEqual(22) // 128 bits of base64url
  })

  test('R-133 ends when it was not used for its idle time', async () => {
    const { visitor } = await authorize(stage, app, { email: 'idle@fabrikam.example' })
    const kept = copyOf(visitor)
    await stage.moveClock(59 * MINUTE_SECONDS)
    expect(await state(visitor)).toBe('in')
    await stage.moveClock(59 * MINUTE_SECONDS)
    expect(await state(visitor)).toBe('in')
    await stage.moveClock(61 * MINUTE_SECONDS)
    // The copy's cookies have no end of their own: it is the server that says no.
    expect(await state(kept)).toBe('login_required')
  })

  test('R-133 ends at its longest life, however often it is used', async () => {
    const { visitor } = await authorize(stage, app, { email: 'longest@fabrikam.example' })
    const copy = copyOf(visitor)
    for (let used = 0; used < 3; used++) {
      await stage.moveClock(50 * MINUTE_SECONDS)
      expect(await state(copy)).toBe('in')
    }
    await stage.moveClock(31 * MINUTE_SECONDS)
    expect(await state(copyOf(copy))).toBe('login_required')
  })
})

describe('whom an application asks for', () => {
  test('R-031, R-059 by the hint of an ID token nobody else brings it a code, only an error', async () => {
    const asked = await tokensOf(stage, app, { email: 'hinted@fabrikam.example' })
    const parameters = { id_token_hint: String(asked.body.id_token) }
    const other = await authorize(stage, app, { email: 'not-hinted@fabrikam.example', parameters })
    expect([other.answer.get('error'), other.code]).toEqual(['login_required', ''])
    const same = await authorize(stage, app, { email: 'hinted@fabrikam.example', parameters })
    expect([same.answer.get('error'), same.code.length > 0]).toEqual([null, true])
  })
})

describe('signing out', () => {
  const signOutUrl = (parameters: Record<string, string> = {}) =>
    `${stage.service.issuer}/logout?${new URLSearchParams(parameters)}`

  test('R-041 an application leads to a question; the button ends the session and leads back', async () => {
    const { visitor, body } = await tokensOf(stage, app, { email: 'sign-out@fabrikam.example' })
    const back = `${stage.relyingParty.url}/signed-out`
    await stage.moveClock(10 * MINUTE_SECONDS) // an ID token that has ended still tells who asks
    const url = signOutUrl({ id_token_hint: String(body.id_token), post_logout_redirect_uri: back, state: 's1' })
    for (let count = 0; count < 2; count++) {
      const asked = await visitor.get(url, { 'sec-fetch-site': 'cross-site' })
      expect({ status: asked.status, location: asked.location }).toEqual({ status: 200, location: null })
    }
    expect(await state(visitor)).toBe('in')
    const question = await visitor.get(url)
    const end = await visitor.submit(formWith(question, 'xsrf') ?? lacking(question), {}, 'yes')
    expect({ status: end.status, location: end.location }).toEqual({ status: 303, location: `${back}?state=s1` })
    expect(await state(visitor)).toBe('login_required')
  })

  test('R-041 leads nowhere that is not registered, letter by letter', async () => {
    const { visitor, body } = await tokensOf(stage, app, { email: 'nowhere@fabrikam.example' })
    const back = `${stage.relyingParty.url}/signed-out`
    for (const uri of ['https://evil.example/', `${back}/`, `${back}?x=1`, back.replace('127.0.0.1', 'localhost')]) {
      const answer = await visitor.get(signOutUrl({ id_token_hint: String(body.id_token), post_logout_redirect_uri: uri }))
      expect({ uri, status: answer.status, location: answer.location }).toEqual({ uri, status: 400, location: null })
    }
    // Nobody says for which application: the question comes, and afterwards the way ends with us.
    const question = await visitor.get(signOutUrl({ post_logout_redirect_uri: 'https://evil.example/' }))
    const end = await visitor.submit(formWith(question, 'xsrf') ?? lacking(question), {}, 'yes')
    expect(end.location).toMatch(`${stage.service.issuer}/logout/success`)
    expect((await visitor.open(end.location ?? '')).status).toBe(200)
  })

  test('R-041, R-136 no other site can press the button', async () => {
    const { visitor } = await authorize(stage, app, { email: 'forged@fabrikam.example' })
    const question = await visitor.get(signOutUrl())
    const form = formWith(question, 'xsrf') ?? lacking(question)
    for (const xsrf of ['', 'x', String(form.values.xsrf).replace(/.$/, '_')]) {
      expect((await visitor.post(form.action, { xsrf, logout: 'yes' })).status).toBe(400)
    }
    expect(await state(visitor)).toBe('in')
  })

  test('R-134 ends the session at the server, and what hung on it: the old cookie and the tokens open nothing', async () => {
    const { visitor, body } = await tokensOf(stage, app, { email: 'replayed@fabrikam.example' })
    const before = copyOf(visitor)
    expect(await state(copyOf(before))).toBe('in')
    const question = await visitor.get(signOutUrl())
    await visitor.submit(formWith(question, 'xsrf') ?? lacking(question), {}, 'yes')
    expect(await state(before)).toBe('login_required')
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
    expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const left = `select 1 from oidc_record where model = 'Session' and account_id = $1`
    expect(await query(stage.service.databaseUrl, left, [decodeJwt(String(body.id_token)).sub])).toEqual([])
  })

  test('staying signed in is an answer too', async () => {
    const { visitor } = await authorize(stage, app, { email: 'stays@fabrikam.example' })
    const question = await visitor.get(signOutUrl())
    const form = formWith(question, 'xsrf') ?? lacking(question)
    const end = await visitor.follow(await visitor.post(form.action, { xsrf: String(form.values.xsrf) }))
    expect(end.status).toBe(200)
    expect(await state(visitor)).toBe('in')
  })
})

function lacking(page: Page): never {
  throw new Error(`the page lacks the form: ${page.words}`)
}
