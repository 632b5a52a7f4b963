import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { csrfOf, isAccountPage, openAccount } from '../support/account.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { aroundAccount, FRESH, isAsked, person } from './account-walk.ts'
import { appOf, authorize } from './protocol.ts'
import { addAuthenticator, THREE, TWO } from './second-walk.ts'

const MINUTE = 60

let stage: Stage
let around: ReturnType<typeof aroundAccount>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  around = aroundAccount(stage)
})
afterAll(() => stage.stop())

describe('what matters on the account page', () => {
  test('needs a proof of the last ten minutes, and comes back to the same page', async () => {
    const visitor = createVisitor(stage.service)
    const page = await openAccount(stage, visitor, person('young'))
    expect((await visitor.get(around.at(FRESH))).status).toBe(200)
    await stage.moveClock(10 * MINUTE + 1)
    const asked = await visitor.get(around.at(FRESH))
    expect(isAsked(asked)).toBe(true)
    const parameters = new URL(asked.location ?? '').searchParams
    expect(Object.fromEntries(parameters)).toMatchObject({ max_age: '600', login_hint: person('young'), ui_locales: 'en' })
    expect(JSON.parse(parameters.get('claims') ?? '').id_token.acr).toBeUndefined()
    // A form leads to its page's door as well, and does nothing.
    expect(isAsked(await visitor.post(around.at(FRESH), { csrf: csrfOf(page) }))).toBe(true)
    const end = await openAccount(stage, visitor, person('young'), { path: FRESH })
    expect({ status: end.status, url: end.url }).toEqual({ status: 200, url: around.at(FRESH) })
  })

  test('R-120 a fresh sign-in by mail does not do where the person has an authenticator', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('strong'))
    expect((await visitor.get(around.at(FRESH))).status).toBe(200)
    const authenticator = await addAuthenticator(stage.service, person('strong'))
    const asked = await visitor.get(around.at(FRESH))
    expect(isAsked(asked)).toBe(true)
    const claims = JSON.parse(new URL(asked.location ?? '').searchParams.get('claims') ?? '')
    expect(claims.id_token.acr).toEqual({ essential: true, values: [TWO, THREE, 'phr'] })
    expect(isAccountPage(await openAccount(stage, visitor, person('strong')))).toBe(true) // the session itself lives on
    const end = await openAccount(stage, visitor, person('strong'), { path: FRESH, authenticator })
    expect(end.url).toBe(around.at(FRESH))
    // Ten minutes later the authenticator alone is not asked for: all is.
    await stage.moveClock(10 * MINUTE + 1)
    const again = await visitor.open(around.at(FRESH))
    expect(formWith(again, 'identifier')).toBeDefined()
  })

  test('R-120 nor does what a remembered device lets through, nor another answer than was asked for', async () => {
    const address = person('remembered')
    await openAccount(stage, createVisitor(stage.service), address)
    const authenticator = await addAuthenticator(stage.service, address)
    const known = createVisitor(stage.service)
    await openAccount(stage, known, address, { authenticator, remember: true })
    const visitor = around.withCookies({
      device: around.cookieOf(known, 'device'),
      'device.sig': around.cookieOf(known, 'device.sig'),
    })
    await openAccount(stage, visitor, address)
    expect(await around.isIn(visitor)).toBe(true)
    // Nor is the engine's answer to a request that asks for less.
    const step = await visitor.get(around.at(FRESH))
    expect(isAsked(step)).toBe(true)
    const weaker = new URL(step.location ?? '')
    weaker.searchParams.delete('claims')
    weaker.searchParams.set('claims', JSON.stringify({ id_token: { sid: null } }))
    const end = await visitor.open(weaker.href)
    expect({ path: new URL(end.url).pathname, status: end.status }).toEqual({ path: '/account/callback', status: 403 })
    expect(isAsked(await visitor.get(around.at(FRESH)))).toBe(true)
  })

  test('R-032 what cannot be had ends in words, not in a circle', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('unmet'))
    const step = await visitor.get(around.at('/account/step-up'))
    const state = new URL(step.location ?? '').searchParams.get('state') ?? ''
    const error = { error: 'unmet_authentication_requirements', state, iss: stage.service.issuer }
    const end = await visitor.get(around.at(`/account/callback?${new URLSearchParams(error)}`))
    expect({ status: end.status, location: end.location }).toEqual({ status: 403, location: null })
    expect(await around.isIn(visitor)).toBe(true)
  })

  test('somebody else who signs in at the door gets nothing of what the first one wanted', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('wanted'))
    const step = await visitor.get(around.at(`/account/step-up?to=${FRESH}`))
    const parameters = { prompt: 'login' }
    const other = createVisitor(stage.service)
    await authorize(stage, appOf(stage), { email: person('other'), visitor: other, parameters })
    // The answer of the other one's browser, which has taken over what the first one waits for.
    other.jar.keep(around.at('/'), [`account-flow=${around.cookieOf(visitor, 'account-flow')}; Path=/`])
    const url = new URL(step.location ?? '')
    url.searchParams.delete('login_hint')
    const answer = await other.get(url.href)
    expect(await other.get(answer.location ?? '')).toMatchObject({ status: 303, location: around.at('/account') })
  })
})
