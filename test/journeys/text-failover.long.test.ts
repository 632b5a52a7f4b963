import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { silentPort } from '../support/silent-port.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arriveAtDoor, arrived, reloadUntil, textsTo, typeCode, typeIdentifier } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const options = { texts: true, scope: 'openid email phone', env: { LIMITS: GENEROUS_LIMITS } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
let tested = 0
// A route that failed in one test is whole again in the next: half a minute later one text goes well.
afterEach(async () => {
  for (const provider of [stage.texts.sns, stage.texts.twilio]) provider.setBehaviour('accept')
  await stage.moveClock(31)
  await stage.signIn(`+49151234568${10 + tested++}`)
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

async function begin(number: string, javaScriptEnabled = true): Promise<Page> {
  const page = await (await browser.newContext({ javaScriptEnabled })).newPage()
  await arriveAtDoor(stage, page)
  await typeIdentifier(page, number)
  await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
  return page
}

describe('a provider of texts fails in the middle of a sign-in', () => {
  test.each([
    ['it takes nothing now', { status: 503 }, '+4915123456741'],
    ['too many requests', { status: 429, code: 'Throttling' }, '+4915123456742'],
    ['our credentials', { status: 403, code: 'InvalidClientTokenId' }, '+4915123456743'],
  ])('R-164, F-33 %s: the next one sends the text, once, and the person notices nothing', async (_, failure, number) => {
    stage.texts.sns.setBehaviour(failure)
    const page = await begin(number, false)
    const { code } = await stage.texts.twilio.next(number)
    await reloadUntil(page, 'Handed to the phone network')
    await typeCode(page, code ?? '')
    expect(await arrived(page)).toMatchObject({ phone: number, amr: ['sms'] })
    expect(stage.texts.sns.taken.filter(({ to }) => to === number)).toEqual([])
    expect(textsTo(stage, number)).toBe(2) // asked of the one, taken by the other
  })

  test('F-33 a fault inside of it may have come after the text was taken: it is not sent twice, and the page offers more', async () => {
    const number = '+4915123456756'
    stage.texts.sns.setBehaviour({ status: 500 })
    const page = await begin(number, false)
    await reloadUntil(page, 'We cannot tell whether it went out.')
    expect(textsTo(stage, number)).toBe(1)
    expect(await page.getByRole('button', { name: 'Use an email or another number' }).isVisible()).toBe(true)
  })

  test('F-33 nobody listens there: the next one sends it', async () => {
    const number = '+4915123456751'
    await stage.texts.sns.down()
    const page = await begin(number)
    const { code } = await stage.texts.twilio.next(number)
    await stage.texts.sns.up()
    await typeCode(page, code ?? '')
    expect((await arrived(page)).phone).toBe(number)
  })

  test('F-33 nothing is heard from there: before the text is handed over the next one is asked, and sends it once', async () => {
    const number = '+4915123456755'
    await stage.texts.sns.down()
    const end = await silentPort(Number(new URL(stage.texts.sns.url).port))
    const page = await begin(number, false)
    const { code } = await stage.texts.twilio.next(number)
    await end()
    await stage.texts.sns.up()
    await reloadUntil(page, 'Handed to the phone network')
    await typeCode(page, code ?? '')
    expect((await arrived(page)).phone).toBe(number)
    expect(textsTo(stage, number)).toBe(1)
  })

  test('F-19, F-33 it took the text and never answered: no second text by the other, the page says so, and the code works', async () => {
    const number = '+4915123456752'
    stage.texts.sns.setBehaviour('hang')
    const page = await begin(number)
    const { code } = await stage.texts.sns.next(number)
    await page.getByText('Waiting to be sent').waitFor()
    await stage.texts.sns.down() // the connection is cut before any answer
    await page.getByRole('heading', { name: 'Your text message is late' }).waitFor()
    await page.getByText('We cannot tell whether it went out.').waitFor()
    await stage.texts.sns.up()
    expect(textsTo(stage, number)).toBe(1)
    await page.getByRole('heading', { name: 'Got the text message after all?' }).waitFor()
    await typeCode(page, code ?? '')
    expect((await arrived(page)).phone).toBe(number)
  })

  test('R-052 …or the person asks for another, which carries the same code', async () => {
    const number = '+4915123456753'
    stage.texts.sns.setBehaviour('hang')
    const page = await begin(number, false)
    const lost = await stage.texts.sns.next(number)
    await stage.texts.sns.down()
    await reloadUntil(page, 'We cannot tell whether it went out.')
    await stage.texts.sns.up()
    stage.texts.sns.setBehaviour('accept')
    await stage.moveClock(46)
    await page.reload()
    await page.getByRole('button', { name: 'Send another text message' }).click()
    const { code } = await stage.texts.sns.next(number)
    expect(code).toBe(lost.code)
    await reloadUntil(page, 'Handed to the phone network')
    await typeCode(page, code ?? '')
    expect((await arrived(page)).phone).toBe(number)
  })

  test('both fail: the page says that the text is late and when we try again; then it comes, once', async () => {
    const number = '+4915123456754'
    for (const provider of [stage.texts.sns, stage.texts.twilio]) provider.setBehaviour({ status: 503 })
    const page = await begin(number)
    await page.getByRole('heading', { name: 'Your text message is late' }).waitFor()
    await page.getByText('The phone network has not taken it yet.').waitFor()
    await page.getByText(/We try again at \d\d:\d\d/).waitFor()
    expect(await page.getByRole('button', { name: 'Use an email or another number' }).isVisible()).toBe(true)
    for (const provider of [stage.texts.sns, stage.texts.twilio]) provider.setBehaviour('accept')
    const { code } = await stage.texts.sns.next(number)
    await page.getByText('Handed to the phone network').waitFor()
    await typeCode(page, code ?? '')
    expect((await arrived(page)).phone).toBe(number)
    expect(stage.texts.twilio.taken.filter(({ to }) => to === number)).toEqual([])
  })
})
