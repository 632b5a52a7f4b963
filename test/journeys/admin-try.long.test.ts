import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { startAdminStage } from '../support/admin.ts'
import { axe, launchBrowser, outside } from '../support/browser.ts'
import { type ConsoleWindowOptions, windowAtConsole } from '../support/console-window.ts'
import { query } from '../support/database.ts'
import type { Stage } from '../support/stage.ts'
import { press } from '../support/walking.ts'

const APP = 'https://handbook.example'
/** What may name a copy that is gone: the trail, and the session of the person who tried it. */
const MAY_NAME_IT = ['audit_entry', 'oidc_record']

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const handbook = {
    client_id: 'handbook',
    client_name: 'Handbook',
    redirect_uris: [`${APP}/callback`],
    token_endpoint_auth_method: 'none',
    cors_origins: [APP],
    profile_claims_in_id_token: true,
  }
  ;[stage, browser] = await Promise.all([startAdminStage({ clients: [handbook] }), launchBrowser()])
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const rows = <T>(sql: string, values: string[] = []) => query<T>(stage.service.databaseUrl, sql, values)

/** A window where a sign-in to the application was begun, up to the question what it may see; what the window says to the application. */
async function tried(address: string, options: ConsoleWindowOptions): Promise<{ page: Page; told: string[] }> {
  const page = await windowAtConsole(stage, browser, address, options)
  const told: string[] = []
  page.on('request', (request) => void (request.url().startsWith(APP) && told.push(request.url())))
  await page.goto(`${stage.service.issuer}/admin/clients/handbook`)
  await press(page, 'a[href="/admin/clients/handbook/try"]')
  await press(page, 'main form button')
  expect(await page.locator('main').innerText()).toContain('Handbook')
  return { page, told }
}

interface Row {
  name: string
  value: string
  meaning: string
}

/** What a step tells: name, value and meaning. */
async function stepOf(page: Page, heading: string): Promise<Row[]> {
  const section = page.locator('section', { has: page.getByRole('heading', { name: heading, exact: true }) })
  const found = (await section.locator('tbody tr').all()).map(async (row) => ({
    name: await row.locator('th').innerText(),
    value: await row.locator('td .mono').first().innerText(),
    meaning: await row.locator('td').nth(1).innerText(),
  }))
  return Promise.all(found)
}

const valuesOf = (step: Row[]) => Object.fromEntries(step.map(({ name, value }) => [name, value]))

/** The tables that still name this copy. */
async function whoNames(copy: string): Promise<string[]> {
  const tables = await rows<{ name: string }>("select tablename as name from pg_tables where schemaname = 'public'")
  const named = tables.map(async ({ name }) => {
    const found = await rows(`select 1 from "${name}" t where strpos(t::text, $1) > 0 limit 1`, [copy])
    return found.length > 0 ? [name] : []
  })
  return (await Promise.all(named)).flat()
}

async function expectNothingLeft(copy: string): Promise<void> {
  expect(copy).toMatch(/^try-/)
  expect(await rows("select id from client where source = 'try'")).toEqual([])
  expect((await whoNames(copy)).filter((table) => !MAY_NAME_IT.includes(table))).toEqual([])
  expect(await rows("select model from oidc_record where model <> 'Session' and strpos(payload::text, $1) > 0", [copy])).toEqual(
    [],
  )
}

describe('a sign-in that is tried from the page of a client', () => {
  test('shows every step and claim with its meaning, no token, and leaves no copy behind', async () => {
    const address = 'ada@fabrikam.example'
    const { page, told } = await tried(address, { viewport: { width: 1280, height: 900 } })
    await press(page, 'button[value="allow"]')
    expect(await page.locator('h1').innerText()).toBe('The sign-in to Handbook works')
    const { issuer } = stage.service

    const request = await stepOf(page, 'The app asks')
    const asked = valuesOf(request)
    expect(asked).toMatchObject({
      redirect_uri: `${issuer}/admin/try/callback`,
      response_type: 'code',
      code_challenge_method: 'S256',
    })
    const answer = await stepOf(page, 'The browser comes back')
    expect(valuesOf(answer)).toEqual({ code: 'not shown (43)', state: asked.state, iss: issuer })
    const token = await stepOf(page, 'The app redeems the code')
    expect(valuesOf(token)).toMatchObject({
      token_type: 'bearer',
      access_token: 'not shown (43)',
      id_token: expect.stringMatching(/^ES256, /),
    })
    const claims = await stepOf(page, 'The app reads the ID token')
    const userinfo = await stepOf(page, 'The app asks who it is')
    const [account] = await rows<{ sub: string }>('select account_id as sub from address where canonical = $1', [address])
    const person = { sub: account?.sub, email: address, email_verified: 'true' }
    expect(valuesOf(claims)).toMatchObject({
      ...person,
      iss: issuer,
      aud: asked.client_id,
      nonce: asked.nonce,
      amr: 'email_code otp mfa',
    })
    expect(valuesOf(userinfo)).toMatchObject(person)
    for (const { name, meaning } of [request, answer, token, claims, userinfo].flat())
      expect([name, meaning]).not.toEqual([name, ''])

    const code = new URL(page.url()).searchParams.get('code') ?? 'none'
    expect(await page.content()).not.toContain(code)
    expect(await page.content()).not.toMatch(/eyJ[\w-]{10}/)
    expect(told).toEqual([])
    expect(await axe(page)).toEqual([])
    await expectNothingLeft(asked.client_id ?? '')

    // Nothing of it shows elsewhere but in the trail, it cannot be told twice, and the person's own session ends as any other.
    for (const [path, part] of [
      ['/admin/clients', 'main'],
      [`/admin/people/${account?.sub}`, 'section[aria-labelledby=sessions]'],
      [`/admin/people/${account?.sub}`, 'section[aria-labelledby=apps]'],
      ['/account/apps', 'main'],
      ['/account/devices', 'main'],
    ] as const) {
      await page.goto(`${issuer}${path}`)
      expect([path, await page.locator(part).innerText()]).toEqual([path, expect.not.stringMatching(/\btry-[\w-]{20}/)])
    }
    await page.goto(`${issuer}/admin/try/callback?code=${code}`)
    expect(await page.locator('main').innerText()).toContain('This sign-in was tried already')
    await page.goto(`${issuer}/logout`)
    await press(page, 'main form button')
    expect(await page.locator('main').innerText()).toMatch(/signed out/i)
  }, 60_000)

  test('that is refused on the way says where it stopped, on a phone too, and leaves nothing either', async () => {
    const { page, told } = await tried('bea@fabrikam.example', {
      viewport: { width: 360, height: 740 },
      javaScriptEnabled: false,
    })
    await press(page, 'button[value="cancel"]')
    expect(await page.locator('h1').innerText()).toBe('The sign-in to Handbook stopped')
    expect(await page.locator('main').innerText()).toContain('access_denied')
    const { client_id: copy } = valuesOf(await stepOf(page, 'The app asks'))
    expect(await page.locator('main h2').allInnerTexts()).toEqual(['The app asks', 'The browser comes back'])
    expect(await outside(page)).toEqual([])
    expect(told).toEqual([])
    await expectNothingLeft(copy ?? '')
  }, 60_000)
})
