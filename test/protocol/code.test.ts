import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { stoppedAtProof } from '../support/stopped.ts'
import { type App, appOf, authorize, authorizeUrl, newSecret, newVerifier, redeem, refresh, userinfo } from './protocol.ts'

const REDIRECT = 'https://other.fabrikam.example/callback'
const secret = newSecret()
const other: App = { id: 'other-app', secret, redirectUri: REDIRECT }

let stage: Stage
let app: App
let visitor: Visitor
const email = 'code@fabrikam.example'
const issue = () => authorize(stage, app, { email, visitor })

beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS, OTHER_SECRET: secret },
    clients: [{ client_id: 'other-app', client_secret_env: 'OTHER_SECRET', redirect_uris: [REDIRECT], first_party: true }],
  })
  app = appOf(stage)
  visitor = (await authorize(stage, app, { email })).visitor
})
afterAll(() => stage.stop())

describe('an authorization code', () => {
  test('R-007 works once; a second use ends what came of the first', async () => {
    const issued = await issue()
    const first = await redeem(stage.service, app, issued)
    expect(first.status).toBe(200)
    expect((await userinfo(stage.service, first.body.access_token)).status).toBe(200)

    const second = await redeem(stage.service, app, issued)
    expect(second.status).toBe(400)
    expect(second.body).toMatchObject({ error: 'invalid_grant' })
    expect((await userinfo(stage.service, first.body.access_token)).status).toBe(401)
    const refreshed = await refresh(stage.service, app, first.body.refresh_token)
    expect(refreshed.status).toBe(400)
    expect(refreshed.body).toMatchObject({ error: 'invalid_grant' })
  })

  test('R-009 lives for 60 seconds: at 55 it works, at 61 it does not', async () => {
    const early = await issue()
    await stage.moveClock(55)
    expect((await redeem(stage.service, app, early)).status).toBe(200)
    const late = await issue()
    await stage.moveClock(61)
    const answer = await redeem(stage.service, app, late)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ error: 'invalid_grant' })
  })

  test('R-010 is worth nothing to another client, at another address, with another proof', async () => {
    const issued = await issue()
    const refused = { status: 400, body: { error: 'invalid_grant' } }
    expect(await redeem(stage.service, other, issued, { redirect_uri: app.redirectUri })).toMatchObject(refused)
    expect(await redeem(stage.service, other, issued)).toMatchObject(refused)
    expect(await redeem(stage.service, app, issued, { redirect_uri: `${app.redirectUri}/` })).toMatchObject(refused)
    expect((await redeem(stage.service, app, issued, { redirect_uri: null })).status).toBe(400)
    expect(await redeem(stage.service, app, issued, { code_verifier: newVerifier() })).toMatchObject(refused)
    expect(await redeem(stage.service, app, issued, { code_verifier: null })).toMatchObject(refused)
    expect(await redeem(stage.service, app, { ...issued, code: issued.code.slice(0, -1) })).toMatchObject(refused)
    // None of it has used the code up.
    expect((await redeem(stage.service, app, issued)).status).toBe(200)
  })

  test('R-095 ends with the account: suspended between code and token', async () => {
    const issued = await authorize(stage, app, { email: 'suspended-at-code@fabrikam.example' })
    await setState('suspended-at-code@fabrikam.example', 'suspended')
    expect(await redeem(stage.service, app, issued)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  test('R-095 is never made for an account that was closed between proof and the way back', async () => {
    const address = 'closed-on-the-way@fabrikam.example'
    await authorize(stage, app, { email: address })
    const browser = createVisitor(stage.service)
    const start = await browser.open(authorizeUrl(stage.service, app, newVerifier()))
    const identify = formWith(start, 'identifier')
    const waiting = await browser.follow(await browser.submit(identify ?? fail(), { identifier: address }))
    const { code } = await stage.mailbox.next(address)
    const { databaseUrl } = stage.service
    await stoppedAtProof(databaseUrl, () => browser.submit(formWith(waiting, 'code') ?? fail(), { code: code ?? '' }))
    await setState(address, 'closed')
    const end = await browser.open(`${waiting.url}/continue`)
    expect({ status: end.status, location: end.location }).toEqual({ status: 403, location: null })
  })

  test('R-095 a living session of a suspended account is no session', async () => {
    const address = 'suspended-session@fabrikam.example'
    const { visitor: browser } = await authorize(stage, app, { email: address })
    await setState(address, 'suspended')
    const { location } = await browser.open(authorizeUrl(stage.service, app, newVerifier(), { prompt: 'none' }))
    expect(new URL(location ?? 'none:').searchParams.get('error')).toBe('login_required')
    const page = await browser.open(authorizeUrl(stage.service, app, newVerifier()))
    expect(formWith(page, 'identifier')).toBeDefined()
  })

  test('R-015, R-016 answers that carry a code lead on by 303, and answers that carry tokens are not kept', async () => {
    const browser = createVisitor(stage.service)
    let page = await browser.get(authorizeUrl(stage.service, app, newVerifier()))
    const seen = [page.status]
    page = await browser.open(page.location ?? '')
    page = await browser.submit(formWith(page, 'identifier') ?? fail(), { identifier: 'see-other@fabrikam.example' })
    seen.push(page.status)
    page = await browser.follow(page)
    const { code } = await stage.mailbox.next('see-other@fabrikam.example')
    page = await browser.submit(formWith(page, 'code') ?? fail(), { code: code ?? '' })
    while (page.location?.startsWith(stage.service.issuer)) {
      seen.push(page.status)
      expect(page.headers['cache-control']).toMatch('no-store')
      page = await browser.get(page.location)
    }
    seen.push(page.status)
    expect(page.location).toMatch(/[?&]code=/)
    expect(new Set(seen)).toEqual(new Set([303]))

    const tokens = await redeem(stage.service, app, await issue())
    for (const answer of [
      tokens,
      await userinfo(stage.service, tokens.body.access_token),
      await redeem(stage.service, app, { code: 'x', verifier: 'x' }),
    ]) {
      expect(answer.headers['cache-control']).toMatch('no-store')
    }
  })
})

async function setState(address: string, state: string): Promise<void> {
  const sql = 'update account set state = $1 where id = (select account_id from address where canonical = $2) returning id'
  expect(await query(stage.service.databaseUrl, sql, [state, address])).toHaveLength(1)
}

function fail(): never {
  throw new Error('the page lacks the form')
}
