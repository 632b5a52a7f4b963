import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'
import {
  appWithKey,
  codesShown,
  isInside,
  keepCodes,
  noticeOf,
  openAccountPage,
  signInAtApp,
  windowOf,
} from '../support/account-window.ts'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { press } from '../support/walking.ts'
import { arrived, wrongCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newWindow = async () => (await browser.newContext()).newPage()
const said = (page: Page) => page.getByRole('status').innerText()

/** Presses Tab until this has the focus, as somebody without a mouse. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let steps = 0; steps < 40; steps++) {
    if ((await target.and(page.locator(':focus')).count()) === 1) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${target}`)
}

async function enter(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target)
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')])
}

describe('an authenticator app', () => {
  test('R-101, R-116 set up by keyboard alone, with ten recovery codes, is asked for at the next sign-in', async () => {
    const address = 'keys-only@fabrikam.example'
    const page = await newWindow()
    await openAccountPage(stage, page, address)
    const before = await accountCookie(page)
    await enter(page, page.getByRole('link', { name: 'Ways to sign in' }))
    await page.getByText('No second proof yet').waitFor()
    await enter(page, page.getByRole('link', { name: 'Add authenticator app' }))
    await page.getByRole('img', { name: 'QR code with your set-up key' }).waitFor()
    await tabTo(page, page.getByText('Type the key instead'))
    await page.keyboard.press('Enter')
    await page.locator('.ref').waitFor() // shown now
    const app = await appWithKey(stage, page)
    await tabTo(page, page.getByLabel('Give it a name'))
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type('Kitchen phone')
    await tabTo(page, page.getByLabel('Type the 6 digits it shows'))
    await page.keyboard.type(wrongCode(await app()))
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')])
    await page.getByText('That code is not right.').waitFor()
    await tabTo(page, page.getByLabel('Type the 6 digits it shows'))
    await page.keyboard.type(await app())
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')])

    await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
    expect(new Set(await codesShown(page)).size).toBe(10)
    await tabTo(page, page.getByLabel('I have saved these codes somewhere safe'))
    await page.keyboard.press('Space')
    await enter(page, page.getByRole('button', { name: 'Continue' }))
    expect(await accountCookie(page)).not.toBe(before) // it is worth more now
    const second = page.getByRole('region', { name: 'Second proof' })
    expect(await second.innerText()).toMatch(/Kitchen phone[\s\S]*10 codes left/)

    const elsewhere = await newWindow()
    expect(await signInAtApp(stage, elsewhere, address)).toEqual(['address', 'code'])
    await elsewhere.getByText('Kitchen phone').waitFor()
    expect(await signInAtApp(stage, elsewhere, address, { app })).toEqual(['address', 'code', 'second'])
    expect((await arrived(elsewhere)).amr).toEqual(expect.arrayContaining(['email_code', 'otp', 'mfa']))
  })

  test('R-116, R-117 new recovery codes end the old; each opens one sign-in, and the person is told', async () => {
    const address = 'codes@fabrikam.example'
    const { page, codes: old } = await windowOf(stage, browser, address, { authenticator: true })
    await page.goto(`${stage.service.issuer}/account/codes`)
    expect(await codesShown(page)).toEqual(old) // until they are kept
    await keepCodes(page)
    await page.getByRole('link', { name: 'Make new codes' }).click()
    await page.getByRole('button', { name: 'Make new codes' }).click()
    await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
    const codes = await codesShown(page)
    expect(new Set([...old, ...codes]).size).toBe(20)
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByText('Save as a file').click()])
    expect(await textOf(file)).toBe(`${codes.join('\r\n')}\r\n`)
    await keepCodes(page)
    expect(await said(page)).toContain('Older ones no longer work.')
    await page.goto(`${stage.service.issuer}/account/codes`)
    expect(await codesShown(page)).toEqual([]) // never again

    const elsewhere = await newWindow()
    await signInAtApp(stage, elsewhere, address, { recoveryCode: old[0] })
    await elsewhere.getByText('That code is not right').first().waitFor()
    await signInAtApp(stage, elsewhere, address, { recoveryCode: codes[0] })
    expect((await arrived(elsewhere)).amr).toContain('email_code')
    expect((await noticeOf(stage, address, 'A recovery code was used')).text).toContain('9')
    const third = await newWindow()
    await signInAtApp(stage, third, address, { recoveryCode: codes[0] })
    await third.getByText('That code is not right').first().waitFor()
    await page.goto(`${stage.service.issuer}/account/methods`)
    await page.getByText('9 codes left').waitFor()
  })

  test('R-107 a browser that was remembered is asked again once the account page has forgotten it', async () => {
    const address = 'remembered@fabrikam.example'
    const { page, app } = await windowOf(stage, browser, address, { authenticator: true })
    const elsewhere = await newWindow()
    const again = { app, parameters: { prompt: 'login' } }
    await signInAtApp(stage, elsewhere, address, { app, remember: true })
    await arrived(elsewhere)
    expect(await signInAtApp(stage, elsewhere, address, again)).toEqual(['address', 'code'])
    await arrived(elsewhere)

    await page.goto(`${stage.service.issuer}/account/devices`)
    const remembered = page.getByRole('region', { name: 'Remembered devices' })
    await remembered.getByRole('button', { name: 'Forget' }).click()
    await page.getByText('The device is no longer remembered.').waitFor()
    await remembered.getByText('No device skips your second proof.').waitFor()
    expect(await signInAtApp(stage, elsewhere, address, again)).toEqual(['address', 'code', 'second'])
  })
})

describe('an authenticator that a thief has added', () => {
  test('R-089, R-109 is gone by “This was not me”: the thief is out, and the owner signs in by mail as before', async () => {
    const address = 'robbed@fabrikam.example'
    await stage.signIn(address)
    const { sub } = stage.relyingParty.last().idToken
    const thief = (await windowOf(stage, browser, address, { authenticator: true })).page

    const anywhere = await newWindow()
    const mail = await noticeOf(stage, address, 'An authenticator app was added')
    await anywhere.goto(mail.objection)
    await anywhere.getByRole('heading', { name: 'An authenticator app was added' }).waitFor()
    expect(await isInside(stage, thief)).toBe(true) // looking changes nothing
    await press(anywhere, 'main button:text("This was not me")')
    await anywhere.getByRole('heading', { name: 'Your account is yours again' }).waitFor()
    await anywhere.getByText('The authenticator app was removed.').waitFor()

    expect(await isInside(stage, thief)).toBe(false)
    await anywhere.getByRole('link', { name: 'Sign in and check' }).click()
    await anywhere.getByLabel('Email').waitFor() // nobody is signed in by the button
    const again = await newWindow()
    expect(await signInAtApp(stage, again, address)).toEqual(['address', 'code'])
    expect((await arrived(again)).sub).toBe(sub)
    await openAccountPage(stage, again, address, { path: '/account/methods' })
    await again.getByText('No second proof yet').waitFor()
  })
})

async function accountCookie(page: Page): Promise<string | undefined> {
  const cookies = await page.context().cookies(stage.service.issuer)
  return cookies.find(({ name }) => name.endsWith('account'))?.value
}

async function textOf(file: { createReadStream(): Promise<NodeJS.ReadableStream> }): Promise<string> {
  let text = ''
  for await (const part of await file.createReadStream()) text += part
  return text
}
