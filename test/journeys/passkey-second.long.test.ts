import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { essential } from '../protocol/second-walk.ts'
import { axe, launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { openWindow, pressPasskey, toDoor } from './passkey-window.ts'
import { firstProof, keepCodes, setUp, toldTo, typeAppCode } from './second-window.ts'

const [TWO, THREE] = ['urn:doorward:acr:2', 'urn:doorward:acr:3']
const LOGIN = { prompt: 'login' }

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const options = { env: { LIMITS: GENEROUS_LIMITS, SECOND_FACTOR: 'required' }, client: { client_name: 'Fabrikam' } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

describe('a passkey as the second proof', () => {
  test.each([
    ['the device itself', { transport: 'internal', resident: true, verification: true }, true],
    [
      'a security key that finds nobody by itself and knows nobody',
      { transport: 'usb', resident: false, verification: false },
      false,
    ],
  ] as const)(
    'R-069, R-101 by %s: set up on the way, asked for the next time, recovery codes beside it',
    async (_by, kind, uv) => {
      const email = `second-${kind.transport}@fabrikam.example`
      const { page } = await openWindow(browser, { ...kind, field: false })
      await firstProof(stage, page, email)
      await page.getByRole('heading', { name: 'Set up a second proof' }).waitFor()
      expect(await axe(page)).toEqual([])
      await page.getByRole('button', { name: 'Create a passkey' }).click()
      expect(await keepCodes(page)).toHaveLength(10)
      const how = uv ? ['passkey', 'pop', 'user', 'uv'] : ['passkey', 'pop', 'user']
      const first = await toldTo(page)
      expect(first).toMatchObject({ amr: ['email_code', ...how, 'mfa'], acr: 'phr' })

      await firstProof(stage, page, email, LOGIN)
      await page.getByRole('heading', { name: 'Use your passkey' }).waitFor()
      expect(await axe(page)).toEqual([])
      await page.locator('button:focus', { hasText: 'Use a passkey' }).waitFor()
      await page.keyboard.press('Enter')
      expect(await toldTo(page)).toMatchObject({ sub: first.sub, amr: ['email_code', ...how, 'mfa'], acr: 'phr' })
      if (!kind.resident) return
      // Used first it is two factors by itself, and is not asked for again.
      await toDoor(stage, page)
      await pressPasskey(page)
      expect(await toldTo(page)).toMatchObject({ sub: first.sub, amr: [...how, 'mfa'], acr: 'phr' })
    },
    40_000,
  )

  test('R-121 a browser that is remembered is not asked again', async () => {
    const { page } = await openWindow(browser, { field: false })
    await firstProof(stage, page, 'remembered@fabrikam.example')
    await page.getByRole('button', { name: 'Create a passkey' }).click()
    await keepCodes(page)
    await toldTo(page)
    await firstProof(stage, page, 'remembered@fabrikam.example', LOGIN)
    await page.getByLabel('Do not ask again in this browser').check()
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await toldTo(page)
    await firstProof(stage, page, 'remembered@fabrikam.example', LOGIN)
    expect(await toldTo(page)).toMatchObject({ amr: ['email_code'] })
  })

  test('without JavaScript the page says so, and a recovery code stands in for it', async () => {
    const { page } = await openWindow(browser, { field: false })
    await firstProof(stage, page, 'lost@fabrikam.example')
    await page.getByRole('button', { name: 'Create a passkey' }).click()
    const codes = await keepCodes(page)
    await toldTo(page)
    const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    await firstProof(stage, plain, 'lost@fabrikam.example')
    await plain.getByText('This browser cannot use passkeys, or runs no script on this page.').waitFor()
    expect(await plain.getByRole('button', { name: 'Use a passkey' }).isVisible()).toBe(false)
    await plain.getByRole('button', { name: 'Confirm in another way' }).click()
    await plain.getByRole('button', { name: 'Recovery code' }).click()
    await plain.getByLabel('Recovery code').fill(codes[0] ?? '')
    await plain.getByRole('button', { name: 'Continue' }).click()
    expect(await toldTo(plain)).toMatchObject({ amr: ['email_code', 'recovery_code', 'mfa'], acr: TWO })
  })
})

describe('whoever has no second proof yet', () => {
  test('sets up an authenticator app without JavaScript: no passkey is spoken of', async () => {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    await firstProof(stage, page, 'app@fabrikam.example')
    expect(await page.getByRole('button', { name: 'Create a passkey' }).isVisible()).toBe(false)
    await setUp(stage, page)
    expect(await toldTo(page)).toMatchObject({ acr: THREE })
  })

  test('R-032 phr is insisted on: only a passkey will do, and without JavaScript the way is back', async () => {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    await firstProof(stage, page, 'phr-plain@fabrikam.example', { claims: essential('phr') })
    await page.getByText('This browser cannot make passkeys, or runs no script on this page.').waitFor()
    expect(await page.getByRole('button', { name: 'Set up an authenticator app' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Go back to Fabrikam' }).click()
    expect(await page.locator('#error').textContent()).toContain('access_denied')

    const scripted = await openWindow(browser, { field: false })
    await firstProof(stage, scripted.page, 'phr@fabrikam.example', { claims: essential('phr') })
    await scripted.page.getByRole('heading', { name: 'Set up a passkey' }).waitFor()
    expect(await axe(scripted.page)).toEqual([])
    await scripted.page.getByRole('button', { name: 'Create a passkey' }).click()
    await keepCodes(scripted.page)
    expect(await toldTo(scripted.page)).toMatchObject({ acr: 'phr' })
  })

  test('R-101 an app and a passkey: the app is asked for after the email, the passkey is one more way', async () => {
    const { page } = await openWindow(browser, { field: false })
    await firstProof(stage, page, 'both@fabrikam.example')
    const { app } = await setUp(stage, page, 'My phone')
    // After a sign-in by email and app a passkey is offered: it would spare both.
    await page.getByRole('button', { name: 'Create a passkey' }).click()
    await toldTo(page)
    await stage.moveClock(30)
    await firstProof(stage, page, 'both@fabrikam.example', LOGIN)
    await page.getByRole('button', { name: 'Confirm in another way' }).click()
    await page.getByRole('button', { name: 'Authenticator app' }).click()
    await typeAppCode(page, app())
    expect(await toldTo(page)).toMatchObject({ amr: ['email_code', 'otp', 'mfa'], acr: THREE })
  })
})
