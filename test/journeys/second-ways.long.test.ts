import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { addRecoveryCodes } from '../protocol/second-standing.ts'
import { addAuthenticator, essential } from '../protocol/second-walk.ts'
import { axe, launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { giveNumber, nextText, silentError, typeCode } from '../support/window.ts'
import { firstProof, toldTo, typeAppCode } from './second-window.ts'

const [ONE, TWO, THREE] = ['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3'] as const
const LOGIN = { prompt: 'login' }
const DAY_SECONDS = 86_400

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const client = { client_name: 'Fabrikam', second_factor: 'off' }
  const options = { texts: true, client, env: { LIMITS: GENEROUS_LIMITS } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

const ask = (page: Page, parameters: Record<string, string> = {}) =>
  page.goto(`${stage.relyingParty.url}/login?${new URLSearchParams(parameters)}`)

/** Somebody with an account and an authenticator. */
async function member(email: string) {
  await stage.signIn(email)
  return addAuthenticator(stage.service, email)
}

describe('several ways to give the second proof', () => {
  test.each([true, false])('the person takes another, and comes back to the first (JavaScript: %s)', async (script) => {
    const email = script ? 'several@fabrikam.example' : 'several-plain@fabrikam.example'
    const app = await member(email)
    await addRecoveryCodes(stage.service, email)
    const page = await newPage({ javaScriptEnabled: script })
    await firstProof(stage, page, email)
    await page.getByRole('button', { name: 'Confirm in another way' }).click()
    await page.getByRole('heading', { name: 'Confirm it is you' }).waitFor()
    if (script) expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Recovery code' }).click()
    await page.getByRole('heading', { name: 'Type a recovery code' }).waitFor()
    await page.getByLabel('Recovery code').fill('not one of mine')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('That code is not right').first().waitFor()
    await page.getByRole('button', { name: 'Confirm in another way' }).click()
    await page.getByRole('button', { name: 'Authenticator app' }).click()
    await typeAppCode(page, app())
    expect(await toldTo(page)).toMatchObject({ amr: ['email_code', 'otp', 'mfa'], acr: THREE })
  })

  test('the one that was used last comes first', async () => {
    const email = 'last-used@fabrikam.example'
    const app = await member(email)
    await addRecoveryCodes(stage.service, email)
    const page = await newPage()
    await firstProof(stage, page, email)
    await typeAppCode(page, app())
    await toldTo(page)
    await stage.moveClock(60)
    await firstProof(stage, page, email, LOGIN)
    await page.getByRole('button', { name: 'Confirm in another way' }).click()
    const ways = await page.getByRole('list', { name: 'Ways to confirm' }).getByRole('listitem').allInnerTexts()
    expect(ways.map((way) => way.split('\n')[0])).toEqual(['Authenticator app', 'Recovery code'])
    expect(ways[0]).toContain('Last used')
  })
})

describe('a browser that need not ask again', () => {
  test('R-121 is not asked the second time, and asked again after its end; never enough for what an application insists on', async () => {
    const email = 'remembers@fabrikam.example'
    const app = await member(email)
    const page = await newPage()
    await firstProof(stage, page, email)
    await page.getByLabel(/Do not ask again in this browser for 30 days/).check()
    await typeAppCode(page, app())
    expect(await toldTo(page)).toMatchObject({ acr: THREE })

    await stage.moveClock(60)
    await firstProof(stage, page, email, LOGIN)
    expect(await toldTo(page)).toMatchObject({ amr: ['email_code'], acr: ONE })

    await ask(page, { claims: essential(THREE) })
    await page.getByText('You are signed in. One more proof is needed to go on to Fabrikam.').waitFor()
    await page.getByRole('button', { name: 'Authenticator app' }).click()
    await page.getByRole('heading', { name: 'Type the code from your app' }).waitFor()
    expect(await page.getByLabel(/Do not ask again/).count()).toBe(0)

    await stage.moveClock(30 * DAY_SECONDS)
    await firstProof(stage, page, email, LOGIN)
    await typeAppCode(page, app())
    expect(await toldTo(page)).toMatchObject({ acr: THREE })
  })
})

describe('an application that asks for more in the middle of a session', () => {
  test.each([true, false])('R-032 gets just what is missing, once (JavaScript: %s)', async (script) => {
    const email = script ? 'steps-up@fabrikam.example' : 'steps-up-plain@fabrikam.example'
    const page = await newPage({ javaScriptEnabled: script })
    await firstProof(stage, page, email)
    const before = await toldTo(page)
    const app = await addAuthenticator(stage.service, email)
    await stage.moveClock(60)
    await ask(page, { claims: essential(THREE) })
    await page.getByRole('button', { name: 'Authenticator app' }).click()
    await typeAppCode(page, app())
    const { amr, acr, auth_time } = await toldTo(page)
    expect({ amr, acr, auth_time }).toEqual({ amr: ['email_code', 'otp', 'mfa'], acr: THREE, auth_time: before.auth_time })
    expect(stage.mailbox.count(email)).toBe(1)
    await ask(page, { claims: essential(THREE) })
    expect(await toldTo(page)).toMatchObject({ acr: THREE })
  })

  test('R-032, R-102 a text will do where two proofs are asked for', async () => {
    const [email, number] = ['text-will-do@fabrikam.example', '+4915123888001']
    const page = await newPage()
    await firstProof(stage, page, email)
    await toldTo(page)
    await giveNumber(stage, email, number)
    await ask(page, { acr_values: TWO })
    await page.getByRole('button', { name: 'Text message' }).click()
    await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
    await typeCode(page, (await nextText(stage, number)).code)
    expect(await toldTo(page)).toMatchObject({ amr: ['email_code', 'sms', 'mca'], acr: TWO })
  })

  test('R-032 is told so when it insists on what cannot be had, and the person stays signed in', async () => {
    const page = await newPage()
    await firstProof(stage, page, 'cannot@fabrikam.example')
    await toldTo(page)
    await ask(page, { claims: essential(THREE) })
    expect(await page.locator('#error').textContent()).toContain('unmet_authentication_requirements')
    expect(await silentError(stage, page.context())).toBeNull()
    await ask(page)
    expect(await toldTo(page)).toMatchObject({ acr: ONE })

    const stranger = await newPage()
    await firstProof(stage, stranger, 'stranger@fabrikam.example', { claims: essential(THREE) })
    expect(await stranger.locator('#error').textContent()).toContain('unmet_authentication_requirements')
    expect(await silentError(stage, stranger.context())).toBe('login_required')
  })
})
