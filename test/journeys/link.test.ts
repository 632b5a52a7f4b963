import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  arrived,
  askForMail,
  handedOver,
  newestChallenge,
  sendTo,
  silentError,
  storedFor,
  typeCode,
  whole,
} from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newWindow = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

describe('link and code are two faces of one challenge', () => {
  test('R-052 after the link was used, neither it nor the code works again', async () => {
    const email = 'link-then-code@fabrikam.example'
    const context = await browser.newContext({ javaScriptEnabled: false })
    const [waiting, opened] = [await context.newPage(), await context.newPage()]
    const mail = await askForMail(stage, waiting, email)
    await opened.goto(mail.link)
    await opened.getByRole('button', { name: 'Sign in' }).click()
    expect(await arrived(opened)).toMatchObject({ email, amr: ['email_link'] })

    await opened.goto(mail.link)
    await opened.getByRole('heading', { name: 'This link has been used' }).waitFor()
    expect(await opened.getByRole('button').count()).toBe(0)
    await typeCode(waiting, mail.code)
    await waiting.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
    expect((await newestChallenge(stage, email)).state).toBe('used')
  })

  test('R-054 opening the link changes nothing, however often: the button does', async () => {
    const email = 'opened-often@fabrikam.example'
    const page = await newWindow()
    const mail = await askForMail(stage, page, email)
    await handedOver(stage, email)
    const before = await storedFor(stage, email)
    for (let times = 0; times < 3; times++) {
      await page.goto(mail.link)
      await page.getByText(email).waitFor()
    }
    expect(await storedFor(stage, email)).toEqual(before)
    expect(await silentError(stage, page.context())).toBe('login_required')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await arrived(page)
  })

  test('a link that lost its end opens nothing and says what to do', async () => {
    const page = await newWindow()
    const mail = await askForMail(stage, page, 'cut@fabrikam.example')
    await page.goto(mail.link.slice(0, -1))
    await page.getByRole('heading', { name: 'This link has expired' }).waitFor()
    await page.goto(mail.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await arrived(page)
  })
})

describe('a new attempt ends the old one', () => {
  test('R-060 the old link says that there is a newer one, in this browser and in any other; the new one works', async () => {
    const page = await newWindow()
    const old = await askForMail(stage, page, 'again@fabrikam.example')
    await page.getByRole('button', { name: 'Use another address' }).click()
    const fresh = await sendTo(stage, page, 'again@fabrikam.example')
    expect(fresh.link).not.toBe(old.link)
    for (const window of [page, await newWindow()]) {
      await window.goto(old.link)
      await window.getByRole('heading', { name: 'There is a newer link' }).waitFor()
      expect(await window.getByText(old.code.slice(0, 3)).count()).toBe(0)
    }
    await page.goto(fresh.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await arrived(page)
  })
})

describe('without JavaScript', () => {
  test('a whole sign-in by link', async () => {
    const page = await newWindow({ javaScriptEnabled: false })
    const mail = await askForMail(stage, page, 'plain-link@fabrikam.example')
    await page.goto(mail.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect(await arrived(page)).toMatchObject({ email: 'plain-link@fabrikam.example', amr: ['email_link'] })
  })
})

// Last, since the clock of the service moves for good.
describe('after ten minutes', () => {
  test('R-051 the link has ended, says when, and "Send a new link" brings one that works', async () => {
    const email = 'late-link@fabrikam.example'
    const page = await newWindow({ javaScriptEnabled: false })
    const mail = await askForMail(stage, page, email)
    await page.getByRole('link', { name: 'Check again' }).click()
    await page.getByText('Handed to the mail server').waitFor()
    await page.goto(mail.link) // the button stands there already
    await stage.moveClock(10 * 60 + 1)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'This link has expired' }).waitFor()
    const elsewhere = await newWindow()
    await elsewhere.goto(mail.link)
    await elsewhere.getByRole('heading', { name: 'This link has expired' }).waitFor()
    expect(await elsewhere.getByRole('button').count()).toBe(0)

    await page.getByRole('button', { name: 'Send a new link' }).click()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    const fresh = whole(await stage.mailbox.next(email))
    await page.goto(fresh.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect((await arrived(page)).email).toBe(email)
  })
})
