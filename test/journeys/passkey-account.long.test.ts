import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { openAccountPage } from '../support/account-window.ts'
import { launchBrowser } from '../support/browser.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { addAuthenticator } from '../support/virtual-authenticator.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

test('R-101, R-109 a passkey is made on the account page, asked for always from then on, shown for its recovery codes, and removed', async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 800 } })
  const page = await context.newPage()
  await openAccountPage(stage, page, 'maria@fabrikam.example', { path: '/account/methods' })
  await addAuthenticator(page)
  await page.getByRole('link', { name: 'Add passkey' }).click()
  expect(await page.getByText('This browser cannot make passkeys').isVisible()).toBe(false)
  await page.getByRole('button', { name: 'Create a passkey' }).click()
  await page.getByText('The passkey opens your account from now on.').waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)

  await page.getByRole('link', { name: 'Always ask for a passkey' }).click()
  await page.getByRole('button', { name: 'Always ask' }).click()
  await page.locator('button[name=way][value=passkey]').click()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.waitForURL('**/account/codes')
  expect(await page.locator('main').innerText()).toMatch(/(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}/)

  await page.goto(`${stage.service.issuer}/account/methods`)
  await page.getByText('A passkey is always asked for: nobody opens').waitFor()
  await page.getByRole('link', { name: /^Manage/ }).click()
  await page.getByRole('link', { name: 'Remove this passkey' }).click()
  await page.getByRole('button', { name: 'Remove it' }).click()
  await page.getByText('The passkey was removed.').waitFor()
  await page.goto(`${stage.service.issuer}/account/methods`)
  await page.getByText('No passkey yet').waitFor()
})

test('without script the page says that it cannot make one, and leads back', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await openAccountPage(stage, page, 'noscript@fabrikam.example', { path: '/account/passkeys/new' })
  await page.getByText('This browser cannot make passkeys').waitFor()
  expect(await page.getByRole('button', { name: 'Create a passkey' }).isVisible()).toBe(false)
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByText('No passkey yet').waitFor()
})
