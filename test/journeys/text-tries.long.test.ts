import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  arriveAtDoor,
  arrived,
  askForText,
  newestChallenge,
  nextText,
  textsTo,
  textTo,
  typeCode,
  wrongCode,
} from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const options = { texts: true, scope: 'openid email phone', env: { LIMITS: GENEROUS_LIMITS, CODE_FAILURES_MAX: '10' } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (): Promise<Page> => (await browser.newContext()).newPage()

const COOL_DOWN_SECONDS = 45

/** Types the wrong code until it is closed. */
async function closeCode(page: Page, right: string): Promise<void> {
  for (const left of ['4 tries', '3 tries', '2 tries', '1 try']) {
    await typeCode(page, wrongCode(right))
    await page.getByText(`You have ${left} left.`).waitFor()
  }
  await typeCode(page, wrongCode(right))
  await page.getByRole('heading', { name: 'Too many wrong codes' }).waitFor()
}

describe('wrong codes from a text', () => {
  test('R-061 five of them close the code and say so; a new start sends another, and the old one stays closed', async () => {
    const number = '+4915123456711'
    const page = await newPage()
    const first = await askForText(stage, page, number)
    await closeCode(page, first.code)
    expect(await page.locator('#code').count()).toBe(0)
    expect((await newestChallenge(stage, number)).tries).toBe(5)

    await page.getByRole('button', { name: 'Start again' }).click()
    const second = await textTo(stage, page, number)
    await typeCode(page, first.code)
    await page.getByText('You have 4 tries left.').waitFor()
    await typeCode(page, second.code)
    expect((await arrived(page)).phone).toBe(number)
  })

  test('R-062, R-063 while strangers have closed the short code of a number its texts carry a long one, which works', async () => {
    const number = '+4915123456712'
    const stranger = await newPage()
    await closeCode(stranger, (await askForText(stage, stranger, number)).code)
    await stranger.getByRole('button', { name: 'Start again' }).click()
    await closeCode(stranger, (await textTo(stage, stranger, number)).code)

    const page = await newPage()
    const { code, text } = await askForText(stage, page, number)
    expect(code).toMatch(/^[0-9A-Z]{12}$/)
    expect(text.length).toBeLessThanOrEqual(160)
    const field = page.getByLabel('Code from the text message')
    expect(await field.getAttribute('autocomplete')).toBe('one-time-code')
    await field.fill(`${code.slice(0, 4)} ${code.slice(4, 8)} ${code.slice(8)}`.toLowerCase())
    await page.getByRole('button', { name: 'Continue' }).click()
    const { sub } = await arrived(page)

    // The number's owner was there: strangers' guesses count from the beginning again.
    const next = await newPage()
    const short = await askForText(stage, next, number)
    expect(short.code).toMatch(/^\d{6}$/)
    await typeCode(next, short.code)
    expect((await arrived(next)).sub).toBe(sub)
  })
})

describe('"Send another text message"', () => {
  test('R-052, R-071 not within the cool-down; then the same code again, three texts at most', async () => {
    const number = '+4915123456713'
    const page = await newPage()
    const first = await askForText(stage, page, number)
    await page.getByText(/You can send another in \d+ seconds\./).waitFor()
    expect(await page.getByRole('button', { name: 'Send another text message' }).isVisible()).toBe(false)
    await page.getByText('Handed to the phone network').waitFor()
    const shown = page.waitForResponse((answer) => answer.url() === page.url() && answer.request().method() === 'GET')
    await page.evaluate(`document.querySelector('form[action$="/resend"]').requestSubmit()`)
    await shown
    for (let count = 2; count <= 3; count++) {
      await page.getByText('Handed to the phone network').waitFor()
      await stage.moveClock(COOL_DOWN_SECONDS + 1)
      await page.reload()
      await page.getByRole('button', { name: 'Send another text message' }).click()
      expect((await nextText(stage, number)).code).toBe(first.code)
    }
    await page.getByText('We send no more text messages for this sign-in.').waitFor()
    expect(await page.getByRole('button', { name: 'Send another text message' }).count()).toBe(0)
    expect(textsTo(stage, number)).toBe(3)
    await typeCode(page, first.code)
    expect((await arrived(page)).phone).toBe(number)
  })

  test('R-051 ten minutes after its text the code has ended, and the page offers a new one to the same number', async () => {
    const number = '+4915123456714'
    const page = await newPage()
    const first = await askForText(stage, page, number)
    await page.getByText('Handed to the phone network').waitFor()
    await stage.moveClock(10 * 60 + 1)
    await typeCode(page, first.code)
    await page.getByRole('heading', { name: 'This sign-in has ended' }).waitFor()
    await page.getByRole('button', { name: 'Send a new code' }).click()
    await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
    await typeCode(page, (await nextText(stage, number)).code)
    expect((await arrived(page)).phone).toBe(number)
  })
})

describe('two tabs of one browser', () => {
  test('the tab where the code is typed goes on; the one that waited only says so', async () => {
    const number = '+4915123456715'
    const context = await browser.newContext()
    const [waiting, used] = [await context.newPage(), await context.newPage()]
    const { code } = await askForText(stage, waiting, number)
    await used.goto(waiting.url())
    await typeCode(used, code)
    expect((await arrived(used)).phone).toBe(number)
    await waiting.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
    expect(textsTo(stage, number)).toBe(1)
  })

  test('R-060 another number in a second tab ends the first code; the first tab follows', async () => {
    const context = await browser.newContext()
    const [one, two] = [await context.newPage(), await context.newPage()]
    await arriveAtDoor(stage, one)
    await two.goto(one.url())
    const first = await textTo(stage, one, '+4915123456716')
    const second = await textTo(stage, two, '+4915123456717')
    await one.getByText('•••• 17').waitFor()
    await typeCode(one, first.code)
    await one.getByText('You have 4 tries left.').waitFor()
    await typeCode(one, second.code)
    expect((await arrived(one)).phone).toBe('+4915123456717')
  })
})
