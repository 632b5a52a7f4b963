import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, typeCode, whole, wrongCode } from '../support/window.ts'

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
  test('R-052 after the code was used, the link says so, in this browser and in any other', async () => {
    const page = await newWindow()
    const mail = await askForMail(stage, page, 'code-then-link@fabrikam.example')
    await typeCode(page, mail.code)
    await arrived(page)
    for (const window of [page, await newWindow()]) {
      await window.goto(mail.link)
      await window.getByRole('heading', { name: 'This link has been used' }).waitFor()
      expect(await window.getByRole('button').count()).toBe(0)
    }
  })
})

describe('a new attempt ends the old one', () => {
  test('R-060 a sign-in that was given up: its link has ended, and nobody is sent to look for a newer one', async () => {
    const page = await newWindow()
    const mail = await askForMail(stage, page, 'given-up@fabrikam.example')
    await page.getByRole('button', { name: 'Use another address' }).click()
    await page.getByLabel('Email').waitFor()
    await page.goto(mail.link)
    await page.getByRole('heading', { name: 'This link has expired' }).waitFor()
    await page.getByRole('button', { name: 'Send a new link' }).click()
    const fresh = whole(await stage.mailbox.next('given-up@fabrikam.example'))
    await page.goto(fresh.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await arrived(page)
  })

  test('R-060 a second sign-in of the same browser has a link of its own, and each works in its own window', async () => {
    const context = await browser.newContext()
    const [one, two] = [await context.newPage(), await context.newPage()]
    const first = await askForMail(stage, one, 'twice@fabrikam.example')
    const second = await askForMail(stage, two, 'twice@fabrikam.example')
    await typeCode(two, first.code)
    await two.getByText('You have 4 tries left.').waitFor() // a code is tried against its own challenge only
    await typeCode(two, second.code)
    expect((await arrived(two)).email).toBe('twice@fabrikam.example')
  })
})

describe('without JavaScript', () => {
  test('a whole sign-in by code: wrong, checked again, right', async () => {
    const page = await newWindow({ javaScriptEnabled: false })
    const mail = await askForMail(stage, page, 'plain-code@fabrikam.example')
    await page.getByRole('link', { name: 'Check again' }).click()
    await page.getByText('Handed to the mail server').waitFor()
    await typeCode(page, wrongCode(mail.code))
    await page.getByText('You have 4 tries left.').waitFor()
    await typeCode(page, mail.code)
    expect(await arrived(page)).toMatchObject({ email: 'plain-code@fabrikam.example', amr: ['email_code'] })
  })
})

// Last, since the clock of the service moves for good.
describe('after ten minutes', () => {
  test('R-051 a minute before the end both still work, and the page offers to start again', async () => {
    for (const face of ['code', 'link']) {
      const page = await newWindow({ javaScriptEnabled: false })
      const mail = await askForMail(stage, page, `in-time-${face}@fabrikam.example`)
      await page.getByRole('link', { name: 'Check again' }).click()
      await page.getByText('Handed to the mail server').waitFor()
      await stage.moveClock(9 * 60)
      await page.reload()
      await page.getByRole('heading', { name: 'Little time is left' }).waitFor()
      if (face === 'link') await page.goto(mail.link)
      if (face === 'link') await page.getByRole('button', { name: 'Sign in' }).click()
      else await typeCode(page, mail.code)
      await arrived(page)
    }
  })

  test('R-051 the code has ended, and "Send a new link" brings a mail that works', async () => {
    const email = 'late-code@fabrikam.example'
    const page = await newWindow({ javaScriptEnabled: false })
    const mail = await askForMail(stage, page, email)
    await page.getByRole('link', { name: 'Check again' }).click()
    await page.getByText('Handed to the mail server').waitFor()
    await stage.moveClock(10 * 60 + 1)
    await typeCode(page, mail.code)
    await page.getByRole('heading', { name: 'This sign-in has ended' }).waitFor()
    await page.getByRole('button', { name: 'Send a new link' }).click()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    const fresh = whole(await stage.mailbox.next(email))
    await typeCode(page, fresh.code)
    expect((await arrived(page)).email).toBe(email)
  })

  test('R-051 an open waiting page says by itself that the sign-in has ended', async () => {
    const page = await newWindow()
    await askForMail(stage, page, 'watched@fabrikam.example')
    await page.getByText('Handed to the mail server').waitFor()
    await stage.moveClock(10 * 60 + 1)
    await page.getByRole('heading', { name: 'This sign-in has ended' }).waitFor()
  })
})
