import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, newestChallenge, sendTo, typeCode, whole } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (): Promise<Page> => (await browser.newContext()).newPage()

const COOL_DOWN_SECONDS = 45

/** Waits the cool-down out and asks for one more mail. */
async function sendAnother(page: Page, email: string) {
  await stage.moveClock(COOL_DOWN_SECONDS + 1)
  await page.reload()
  await page.getByRole('button', { name: 'Send another email' }).click()
  return whole(await stage.mailbox.next(email))
}

describe('"Send another email"', () => {
  test('R-052, R-071 every mail of one sign-in carries the same link and code; three at most', async () => {
    const email = 'three@fabrikam.example'
    const page = await newPage()
    const first = await askForMail(stage, page, email)
    const second = await sendAnother(page, email)
    const third = await sendAnother(page, email)
    for (const mail of [second, third]) expect(mail).toMatchObject({ code: first.code, link: first.link })

    await stage.moveClock(COOL_DOWN_SECONDS + 1)
    await page.reload()
    await page.getByText('We send no more emails for this sign-in.').waitFor()
    expect(await page.getByRole('button', { name: 'Send another email' }).count()).toBe(0)
    expect(stage.mailbox.count(email)).toBe(3)
    expect((await newestChallenge(stage, email)).messages).toBe(3)
    await typeCode(page, third.code)
    expect((await arrived(page)).email).toBe(email)
  })

  test.each(['code', 'link'] as const)('R-052 the first mail arrives last: its %s works', async (face) => {
    const email = `late-first-${face}@fabrikam.example`
    const page = await newPage()
    const first = await askForMail(stage, page, email)
    await sendAnother(page, email) // this one lies in the inbox; now the first one comes in
    if (face === 'code') await typeCode(page, first.code)
    else {
      await page.goto(first.link)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    expect((await arrived(page)).email).toBe(email)
  })

  test('R-052 once one mail was used, no other mail of the sign-in works', async () => {
    const email = 'one-used@fabrikam.example'
    const page = await newPage()
    const first = await askForMail(stage, page, email)
    const second = await sendAnother(page, email)
    await typeCode(page, first.code)
    await arrived(page)
    await page.goto(second.link)
    await page.getByRole('heading', { name: 'This link has been used' }).waitFor()
  })

  test('R-071 within the cool-down the page counts down, and whoever posts all the same gets the same page and no mail', async () => {
    const email = 'hasty@fabrikam.example'
    const page = await newPage()
    const { code } = await askForMail(stage, page, email)
    await page.getByText(/You can send another in \d+ seconds\./).waitFor()
    expect(await page.getByRole('button', { name: 'Send another email' }).isVisible()).toBe(false)
    for (let times = 0; times < 3; times++) {
      const done = page.waitForResponse((answer) => answer.request().method() === 'POST')
      await page.evaluate(`document.querySelector('form[action$="/resend"]').requestSubmit()`)
      expect((await done).status()).toBe(303)
      await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    }
    expect((await newestChallenge(stage, email)).messages).toBe(1)
    expect(stage.mailbox.count(email)).toBe(1)
    await typeCode(page, code)
    await arrived(page)
  })

  test('R-071 the form of an old page sends no fourth mail', async () => {
    const email = 'fourth@fabrikam.example'
    const context = await browser.newContext()
    const [page, old] = [await context.newPage(), await context.newPage()]
    await askForMail(stage, page, email)
    await sendAnother(page, email)
    await stage.moveClock(COOL_DOWN_SECONDS + 1)
    await context.route('**/wait-*.js', (route) => route.abort()) // the old page stays as it is
    await old.goto(page.url())
    await page.reload()
    await page.getByRole('button', { name: 'Send another email' }).click()
    await stage.mailbox.next(email)
    await stage.moveClock(COOL_DOWN_SECONDS + 1)
    await old.getByRole('button', { name: 'Send another email' }).click()
    await old.getByText('We send no more emails for this sign-in.').waitFor()
    expect((await newestChallenge(stage, email)).messages).toBe(3)
  })

  test('R-051 more mails do not stretch a sign-in beyond fifteen minutes', async () => {
    const email = 'stretched@fabrikam.example'
    const page = await newPage()
    const mail = await askForMail(stage, page, email)
    await page.getByText('Handed to the mail server').waitFor()
    await stage.moveClock(5 * 60)
    await sendAnother(page, email)
    await page.getByText('Handed to the mail server').waitFor()
    await stage.moveClock(15 * 60 - 10 - (5 * 60 + COOL_DOWN_SECONDS + 1))
    await page.goto(mail.link)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await stage.moveClock(11)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'This link has expired' }).waitFor()
  })
})

describe('the message state on the waiting page', () => {
  test('F-31 an address that does not exist: the page says so, and another address goes on in the same sign-in', async () => {
    const email = 'nobody@fabrikam.example'
    const page = await newPage()
    stage.mailbox.setBehaviour({ code: 550 })
    await page.goto(`${stage.relyingParty.url}/login`)
    await page.getByLabel('Email').fill(email)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'Your email came back' }).waitFor()
    stage.mailbox.setBehaviour('accept')
    await page.getByRole('button', { name: 'Use another address' }).click()
    const mail = await sendTo(stage, page, 'somebody@fabrikam.example')
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe('somebody@fabrikam.example')
  })
})
