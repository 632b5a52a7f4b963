import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  arriveAtDoor,
  arrived,
  askForMail,
  askForText,
  giveNumber,
  nextText,
  reloadUntil,
  sendTo,
  textsTo,
  typeCode,
  typeIdentifier,
  wordsOf,
} from '../support/window.ts'

let stage: Stage
let browser: Browser

// A text to Germany costs 0.11, one to the United States 0.015: two a day to a German number, three to Germany in all.
const SMS_BUDGET = 'all:0.40 country:0.33 prefix:0.40 client:0.40 number:0.22'

beforeAll(async () => {
  const env = { LIMITS: GENEROUS_LIMITS, SMS_COUNTRIES: 'DE,US', SMS_BUDGET }
  ;[stage, browser] = await Promise.all([startStage({ texts: true, scope: 'openid email phone', env }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (javaScriptEnabled = false): Promise<Page> => (await browser.newContext({ javaScriptEnabled })).newPage()

/** The caps are those of a day; every test has one of its own. */
const nextDay = () => stage.moveClock(86_400)

describe('at a cap', () => {
  test('R-153 the first page says that no texts go there now, and the email address works at once', async () => {
    const number = '+4915123456771'
    for (let texts = 0; texts < 2; texts++) {
      const page = await newPage()
      await typeCode(page, (await askForText(stage, page, number)).code)
      await arrived(page)
    }
    const page = await newPage()
    await arriveAtDoor(stage, page)
    await typeIdentifier(page, number)
    await page.getByText('We cannot send a text message to this number right now. Use an email address.').waitFor()
    expect(textsTo(stage, number)).toBe(2)
    const mail = await sendTo(stage, page, 'at-the-cap@fabrikam.example')
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe('at-the-cap@fabrikam.example')

    await nextDay()
    const tomorrow = await newPage()
    await typeCode(tomorrow, (await askForText(stage, tomorrow, number)).code)
    expect((await arrived(tomorrow)).phone).toBe(number)
  })

  test('R-153 a further text that is over the cap is not sent: the page says so, and the code of those before still works', async () => {
    await nextDay()
    const number = '+4915123456772'
    const page = await newPage()
    const first = await askForText(stage, page, number)
    for (let more = 0; more < 2; more++) {
      await stage.moveClock(46)
      await page.reload()
      await page.getByRole('button', { name: 'Send another text message' }).click()
    }
    await reloadUntil(page, 'We cannot send a text message right now')
    expect(textsTo(stage, number)).toBe(2)
    await typeCode(page, first.code)
    expect((await arrived(page)).phone).toBe(number)
  })

  test('R-153 where the cap is reached between two presses nothing is sent, and "Use your email address" leads on', async () => {
    await nextDay()
    const [number, other] = ['+4915123456773', '+4915123456774']
    const page = await newPage()
    await askForText(stage, page, number)
    for (const to of [other, other]) await stage.signIn(to) // the last that Germany has today
    await stage.moveClock(46)
    await page.reload()
    await page.getByRole('button', { name: 'Send another text message' }).click()
    await reloadUntil(page, 'We cannot send a text message right now')
    expect(textsTo(stage, number)).toBe(1)
    await page.getByRole('button', { name: 'Use your email address' }).click()
    const mail = await sendTo(stage, page, 'between@fabrikam.example')
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe('between@fabrikam.example')
  })

  test('R-085, R-153 the last digits: when no text may go at all the page says so and leads back to the email', async () => {
    const email = 'digits-at-the-cap@fabrikam.example'
    await stage.signIn(email)
    await giveNumber(stage, email, '+4915123456775')
    await nextDay()
    for (const to of ['+4915123456776', '+4915123456776', '+4915123456777']) await stage.signIn(to)
    for (const to of [1, 2, 3, 4]) await stage.signIn(`+1202555013${to}`)
    const page = await newPage()
    const mail = await askForMail(stage, page, email)
    await page.getByRole('button', { name: 'Send a code by text message instead' }).click()
    await page.getByLabel('Last two digits').fill('75')
    await page.getByRole('button', { name: 'Send the code' }).click()
    await page.getByText('We cannot send a text message right now. Use the email instead.').waitFor()
    await page.getByRole('button', { name: 'Use the email instead' }).click()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe(email)
    expect(textsTo(stage, '+4915123456775')).toBe(0)
  })
})

describe('a country that no texts go to', () => {
  test('R-091 the first answer is the same, nothing is sent, and then there is a way on', async () => {
    await nextDay()
    const page = await newPage()
    const firstAnswers: unknown[] = []
    for (const typed of ['+33 6 12 34 56 78', '+49 1512 3456778']) {
      const one = typed.startsWith('+33') ? page : await newPage()
      await arriveAtDoor(stage, one)
      const answered = one.waitForResponse((answer) => answer.request().method() === 'POST')
      await typeIdentifier(one, typed)
      // What the page after it says depends on what became of the text by then.
      const answer = await answered
      const names = (await answer.headersArray()).map(({ name }) => name.toLowerCase()).sort()
      const leadsTo = (await answer.headerValue('location'))?.replace(/\/sign-in\/[^/]+/, '/sign-in/uid')
      firstAnswers.push({ status: answer.status(), leadsTo, names })
    }
    expect(firstAnswers[0]).toMatchObject({ status: 303, leadsTo: expect.stringMatching(/\/sign-in\/uid$/) })
    expect(firstAnswers[1]).toEqual(firstAnswers[0])
    await nextText(stage, '+4915123456778')
    await reloadUntil(page, 'We cannot text this number')
    expect(textsTo(stage, '+33612345678')).toBe(0)
    expect(await wordsOf(page)).not.toMatch(/country|France/i)
    await page.getByRole('button', { name: 'Use an email or another number' }).click()
    const mail = await sendTo(stage, page, 'abroad@fabrikam.example')
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe('abroad@fabrikam.example')
  })
})
