import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { addAuthenticator } from '../support/virtual-authenticator.ts'
import { askForMail, typeCode } from '../support/window.ts'
import { toldTo } from './second-window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

test('R-114, R-069 after a sign-in by email a passkey is offered, and the next time the field itself signs in with it: no mail, and phishing-resistant', async () => {
  const page = await (await browser.newContext()).newPage()
  await addAuthenticator(page)
  const { code } = await askForMail(stage, page, 'maria@fabrikam.example')
  await typeCode(page, code)
  await page.getByRole('heading', { name: 'Next time, skip the email' }).waitFor()
  await page.getByRole('button', { name: 'Create a passkey' }).click()
  const first = await toldTo(page)
  expect(first).toMatchObject({ amr: ['email_code'], acr: 'urn:doorward:acr:1' })

  await page.goto(`${stage.relyingParty.url}/login?prompt=login`)
  await page.locator('#claims').waitFor()
  expect(await toldTo(page)).toMatchObject({ sub: first.sub, amr: ['passkey', 'pop', 'user', 'uv', 'mfa'], acr: 'phr' })
})
