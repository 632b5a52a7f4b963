import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { formWith, type Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, finish, type Walk } from './fault-tools.ts'

// a page of somebody else's cannot press our buttons, and one interaction's token opens no other.

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

const STEPS = [
  'identify',
  'answer',
  'resend',
  'restart',
  'again',
  'continue',
  'switch',
  'keep',
  'consent',
  'other',
  ...['passkey/options', 'passkey', 'factor-passkey/options', 'factor-passkey'],
  ...['passkey-new/options', 'passkey-new', 'passkey-offer'],
  `link/${'x'.repeat(32)}`,
]
const FIELDS = { identifier: 'victim@fabrikam.example', code: '123456', answer: 'allow' }

const csrfOf = (page: Page) => page.forms.find(({ values }) => values.csrf)?.values.csrf ?? ''

/** What a request could have changed. */
async function stored() {
  const sql = `select a.state, c.state as challenge, c.tries, c.messages from attempt a join challenge c on c.attempt_id = a.id order by a.id`
  const ceremonies = await query(stage.service.databaseUrl, 'select id from passkey_ceremony order by id')
  return [...(await query(stage.service.databaseUrl, sql)), ...ceremonies]
}

describe('a form from elsewhere', () => {
  test.each([
    ['another site, by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour on the same site', { 'sec-fetch-site': 'same-site' }],
    ['an address typed by hand', { 'sec-fetch-site': 'none' }],
    ['another origin, in a browser without Sec-Fetch-Site', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
    ['the application itself', { 'sec-fetch-site': '', origin: 'http://127.0.0.1:1' }],
  ])('R-136 from %s is refused at every step, even with the right token', async (who, headers) => {
    const email = `${who.replace(/[^a-z]/gi, '')}@fabrikam.example`.toLowerCase()
    const walk = await ask(stage, email)
    const csrf = csrfOf(walk.page)
    const before = await stored()
    for (const step of STEPS) {
      const page = await walk.visitor.post(`${walk.home}/${step}`, { ...FIELDS, csrf }, headers)
      expect([step, page.status, page.location]).toEqual([step, 403, null])
      expect(page.headers['content-security-policy']).toBeTruthy()
    }
    expect(await stored()).toEqual(before)
    expect((await finish(stage, walk, email)).status).toBe(200)
  })

  test.each(['', 'x', 'x'.repeat(43), 'A'.repeat(10_000), '\u0000', 'ü'])(
    'R-136 without its token (%#) is refused at every step',
    async (csrf) => {
      const walk = await ask(stage, 'token@fabrikam.example')
      const before = await stored()
      for (const step of STEPS) {
        const page = await walk.visitor.post(`${walk.home}/${step}`, { ...FIELDS, csrf })
        expect([step, page.status]).toEqual([step, 403])
      }
      expect(await stored()).toEqual(before)
    },
  )

  test('R-136 with the token of another interaction, or of another browser, is refused', async () => {
    const [mine, foreign] = [await ask(stage, 'mine@fabrikam.example'), await ask(stage, 'foreign@fabrikam.example')]
    const before = await stored()
    for (const step of STEPS) {
      const wrongToken = await mine.visitor.post(`${mine.home}/${step}`, { ...FIELDS, csrf: csrfOf(foreign.page) })
      const wrongBrowser = await foreign.visitor.post(`${mine.home}/${step}`, { ...FIELDS, csrf: csrfOf(mine.page) })
      expect([step, wrongToken.status, wrongBrowser.status]).toEqual([step, 403, 400])
    }
    expect(await stored()).toEqual(before)
    expect((await finish(stage, mine, 'mine@fabrikam.example')).status).toBe(200)
  })

  test('R-136 signing out needs our own page', async () => {
    const visitor = await stage.signIn('leaving@fabrikam.example')
    const { issuer } = stage.service
    const page = await visitor.open(`${issuer}/logout`)
    const form = formWith(page, 'xsrf')
    if (!form) throw new Error(page.words)
    const { xsrf = '' } = form.values
    for (const [fields, headers] of [
      [{ logout: 'yes', xsrf: 'x'.repeat(32) }, {}],
      [{ logout: 'yes' }, {}],
      [
        { logout: 'yes', xsrf },
        { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      ],
    ] as [Record<string, string>, Record<string, string>][]) {
      const refused = await visitor.post(form.action, fields, headers)
      expect(refused.status).toBeGreaterThanOrEqual(400)
      expect(refused.status).toBeLessThan(500)
    }
    const silent = await visitor.open(await stage.authorizeUrl(visitor, { prompt: 'none' }))
    expect(new URL(silent.location ?? '').searchParams.get('code')).toBeTruthy()
  })

  test('R-140 fields that come twice, or as a list, count as none', async () => {
    const walk = await arrive(stage)
    const csrf = csrfOf(walk.page)
    const url = `${walk.home}/identify`
    for (const body of [
      'identifier[]=a@fabrikam.example',
      'identifier=a@fabrikam.example&identifier=b@fabrikam.example',
      'identifier[toString]=a@fabrikam.example',
      'identifier[__proto__][x]=a@fabrikam.example',
      '__proto__[identifier]=a@fabrikam.example',
    ]) {
      const status = await postText(walk, url, `${body}&csrf=${csrf}`)
      expect([body, status < 500]).toEqual([body, true])
    }
    const rows = await query(
      stage.service.databaseUrl,
      `select from challenge where target in ('a@fabrikam.example', 'b@fabrikam.example')`,
    )
    expect(rows).toHaveLength(0)
    for (const twice of [`csrf=${csrf}&csrf=${csrf}`, `csrf[]=${csrf}`])
      expect(await postText(walk, url, `identifier=c@fabrikam.example&${twice}`)).toBe(403)
    const page = await walk.visitor.follow(await walk.visitor.post(url, { identifier: 'good@fabrikam.example', csrf }))
    expect((await finish(stage, { ...walk, page }, 'good@fabrikam.example')).status).toBe(200)
  })
})

async function postText(walk: Walk, url: string, body: string): Promise<number> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'sec-fetch-site': 'same-origin',
    cookie: walk.visitor.jar.header(url) ?? '',
    accept: 'text/html',
  }
  return (await send(url, { method: 'POST', body, headers })).status
}
