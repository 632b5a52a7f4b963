import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { somebody } from '../protocol/console-walk.ts'
import { appOf, refresh, userinfo } from '../protocol/protocol.ts'
import { startAdminStage } from '../support/admin.ts'
import { axe, launchBrowser } from '../support/browser.ts'
import { windowAtConsole } from '../support/console-window.ts'
import { query } from '../support/database.ts'
import type { Stage } from '../support/stage.ts'
import { press } from '../support/walking.ts'
import { arrived, askForMail, silentError, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser
let admin: Page

beforeAll(async () => {
  const options = { client: { first_party: false, refresh_token: 'always' } }
  ;[stage, browser] = await Promise.all([startAdminStage(options), launchBrowser()])
  admin = await windowAtConsole(stage, browser, 'sam@fabrikam.example', { role: 'support' })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

/** From the search to the question, and the answer. */
async function suspend(address: string): Promise<void> {
  await admin.goto(`${stage.service.issuer}/admin/people?q=${address}`)
  await admin.getByRole('link', { name: address }).click()
  await admin.getByRole('link', { name: 'Suspend', exact: true }).click()
  await press(admin, 'main form button')
  expect(await admin.getByRole('status').innerText()).toContain('Suspended. Sessions and tokens have ended.')
}

const newWindow = async (): Promise<Page> => (await browser.newContext()).newPage()

/** What the engine has of somebody who is signed in. */
const kept = (address: string) =>
  query(
    stage.service.databaseUrl,
    "select model from oidc_record where model in ('Session', 'AccessToken', 'RefreshToken', 'Grant') and account_id = (select account_id from address where canonical = $1)",
    [address],
  )

test('R-095 who is suspended in the middle of a sign-in comes in nowhere, and is told on a page', async () => {
  const address = 'midway@fabrikam.example'
  await somebody(stage, address)
  const [typed, asked] = [await newWindow(), await newWindow()]
  await typeCode(asked, (await askForMail(stage, asked, address, { prompt: 'consent' })).code)
  await asked.locator('button[value="allow"]').waitFor()
  await typed.getByLabel('6-digit code').fill((await askForMail(stage, typed, address)).code)
  await suspend(address)

  await typed.getByRole('button', { name: 'Continue' }).click()
  await asked.locator('button[value="allow"]').click()
  const told = [
    [typed, 'This account is closed'],
    [asked, 'This sign-in is no longer open here'], // it ended with the proof that had been given
  ] as const
  for (const [page, words] of told) {
    await page.getByRole('heading', { name: words }).waitFor()
    expect(await page.locator('main').innerText()).not.toContain(address)
    expect(await axe(page)).toEqual([])
    expect(await silentError(stage, page.context())).toBe('login_required')
  }
  expect(await kept(address)).toEqual([])
}, 60_000)

test('R-024, R-135 who is signed in to an application is out of it with the answer', async () => {
  const address = 'inside@fabrikam.example'
  const page = await newWindow()
  await typeCode(page, (await askForMail(stage, page, address)).code)
  await press(page, 'button[value="allow"]')
  const { sub } = await arrived(page)
  const { tokens } = stage.relyingParty.last()
  const app = appOf(stage)
  expect((await userinfo(stage.service, tokens.access_token)).body.sub).toBe(sub)
  const { body: next } = await refresh(stage.service, app, tokens.refresh_token)

  await suspend(address)
  expect((await userinfo(stage.service, next.access_token)).status).toBe(401)
  expect(await refresh(stage.service, app, next.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  expect(await silentError(stage, page.context())).toBe('login_required')
  expect(await kept(address)).toEqual([])
  await page.goto(`${stage.relyingParty.url}/login`)
  expect(await page.locator('#identifier').count()).toBe(1)
}, 60_000)
