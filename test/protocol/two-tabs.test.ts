import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor, formWith, type Page, type Visitor } from '../support/person.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  type App,
  appOf,
  authorize,
  authorizeUrl,
  newSecret,
  newVerifier,
  redeem,
  refresh,
  silently,
  tokensOf,
} from './protocol.ts'

let stage: Stage
let app: App
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: 'email:1000/15m email-day:1000/1d ip:1000/15m authorize-ip:60/1m token-ip:20/1m' } })
  app = appOf(stage)
})
afterAll(() => stage.stop())

const offline = { scope: 'openid offline_access', prompt: 'consent' }

/** The same browser at an earlier moment: what a second tab sends that was under way already. */
function copyOf(visitor: Visitor): Visitor {
  const copy = createVisitor(stage.service)
  copy.jar.keep(
    stage.service.issuer,
    (visitor.jar.header(`${stage.service.issuer}/`) ?? '').split('; ').map((cookie) => `${cookie}; path=/`),
  )
  return copy
}

async function askToSignOut(visitor: Visitor): Promise<() => Promise<Page>> {
  const question = await visitor.open(`${stage.service.issuer}/logout`)
  const form = formWith(question, 'xsrf')
  if (!form) throw new Error(`no question: ${question.words}`)
  return () => visitor.submit(form, {}, 'yes')
}

async function sessions(): Promise<number> {
  const rows = await query(stage.service.databaseUrl, `select 1 from oidc_record where model = 'Session'`)
  return rows.length
}

describe('a browser with several tabs', () => {
  test('a tab that was under way with an ended session gets no cookie that could put out the new one, and writes no row', async () => {
    const { visitor } = await authorize(stage, app, { email: 'outdated@fabrikam.example' })
    const before = copyOf(visitor)
    const press = await askToSignOut(visitor)
    await press()
    const rows = await sessions()
    for (const parameters of [{ prompt: 'none' }, { redirect_uri: 'https://elsewhere.example/' }]) {
      const answer = await before.get(authorizeUrl(stage.service, app, newVerifier(), parameters))
      expect(answer.setCookies.filter((cookie) => cookie.startsWith('session'))).toEqual([])
    }
    expect(await sessions()).toBe(rows)
  })

  test('the button of a sign-out pressed twice ends at the page that says so', async () => {
    const { visitor } = await authorize(stage, app, { email: 'double@fabrikam.example' })
    const press = await askToSignOut(visitor)
    for (const end of await Promise.all([press(), press()])) {
      expect((await visitor.follow(end)).words).toContain('You are signed out')
    }
    expect((await visitor.follow(await press())).words).toContain('You are signed out')
  })

  test('R-024 a sign-out ends what was not granted offline access, whatever the application asked for before or after', async () => {
    const plain = await tokensOf(stage, app, { email: 'both@fabrikam.example' })
    const { visitor } = plain
    const kept = await tokensOf(stage, app, { email: 'both@fabrikam.example', visitor, parameters: offline })
    await silently(stage, app, visitor, { prompt: 'none' })
    const press = await askToSignOut(visitor)
    await press()
    expect(await refresh(stage.service, app, plain.body.refresh_token)).toMatchObject({ status: 400 })
    expect((await refresh(stage.service, app, kept.body.refresh_token)).status).toBe(200)
  })

  test('R-059 a sign-in that was on its way when somebody else signed in asks before it goes on', async () => {
    const visitor = createVisitor(stage.service)
    // Bela has proven who they are, and the way back to the application has not arrived yet.
    let page = await visitor.open(authorizeUrl(stage.service, app, newVerifier()))
    page = await visitor.follow(await visitor.submit(must(page, 'identifier'), { identifier: 'bela-tabs@fabrikam.example' }))
    const { code } = await stage.mailbox.next('bela-tabs@fabrikam.example')
    const onTheWay = await visitor.submit(must(page, 'code'), { code: code ?? '' })
    expect(onTheWay.location).toMatch(/\/authorize\//)

    const anna = await tokensOf(stage, app, { email: 'anna-tabs@fabrikam.example', visitor })
    const asked = await visitor.open(onTheWay.location ?? '')
    expect(asked.words).toContain('Another account is signed in')
    expect((await refresh(stage.service, app, anna.body.refresh_token)).status).toBe(200)
  })
})

describe('limits go by what is true of a request', () => {
  test('R-150, R-156 a made-up Authorization header is no way round the limit of a network', async () => {
    await stage.moveClock(61)
    const begin = async () => {
      const authorization = `Basic ${Buffer.from(`${newSecret()}:x`).toString('base64')}`
      const url = authorizeUrl(stage.service, app, newVerifier())
      return (await send(url, { headers: { authorization, accept: 'text/html' }, via: stage.service })).status
    }
    const answers: number[] = []
    for (let count = 0; count < 65; count++) answers.push(await begin())
    expect(answers.filter((status) => status === 303)).toHaveLength(60)
    expect(answers.at(-1)).toBe(429)
  })

  test('R-150 guesses at one secret are counted together, however the name of the client is spelled', async () => {
    await stage.moveClock(61)
    const guess = async (name: string) => {
      const authorization = `Basic ${Buffer.from(`${name}:${newSecret()}`).toString('base64')}`
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
      const body = { grant_type: 'client_credentials' }
      return (await send(`${stage.service.issuer}/token`, { method: 'POST', headers, body, via: stage.service })).status
    }
    const spellings = ['test-app', '%74est-app', 't%65st-app', 'te%73t-app']
    const answers: number[] = []
    for (let count = 0; count < 24; count++) answers.push(await guess(spellings[count % 4] ?? ''))
    expect(answers.filter((status) => status === 401)).toHaveLength(20)
    expect(answers.at(-1)).toBe(429)
    const { status, body } = await redeem(stage.service, app, { code: newSecret(), verifier: newVerifier() })
    expect({ status, error: body.error }).toEqual({ status: 429, error: 'temporarily_unavailable' })
  })
})

function must(page: Page, field: string) {
  const form = formWith(page, field)
  if (!form) throw new Error(`no ${field} on ${page.url}: ${page.words}`)
  return form
}
