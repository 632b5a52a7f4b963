import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { twilioCallback } from '../support/twilio-server.ts'
import { arriveAtDoor, arrived, reloadUntil, sendTo, textsTo, typeCode, typeIdentifier } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const env = { LIMITS: GENEROUS_LIMITS, SMS_ROUTES: 'twilio' }
  ;[stage, browser] = await Promise.all([startStage({ texts: true, scope: 'openid email phone', env }), launchBrowser()])
})
afterEach(() => stage.texts.twilio.setBehaviour('accept'))
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

async function begin(number: string, javaScriptEnabled = false): Promise<Page> {
  const page = await (await browser.newContext({ javaScriptEnabled })).newPage()
  await arriveAtDoor(stage, page)
  await typeIdentifier(page, number)
  return page
}

/** Posts what Twilio says of a text, signed as Twilio signs it unless told otherwise. */
async function report(fields: Record<string, string>, signedBy?: string): Promise<number> {
  const url = `${stage.service.issuer}/receipts/twilio`
  const { body, signature } = twilioCallback(url, fields)
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signedBy ?? signature }
  return (await fetch(url, { method: 'POST', body, headers })).status
}

describe('a number whose owner stopped our texts', () => {
  test('R-092 it is told and remembered; after START one press sends again, and the code leads in', async () => {
    const number = '+4915123456761'
    stage.texts.twilio.setBehaviour({ status: 400, code: 21610 })
    const first = await begin(number)
    await reloadUntil(first, 'Our text messages are stopped')
    await first.getByText('reply START to our last one').waitFor()
    expect(await first.locator('#code').count()).toBe(0)

    // In another browser, later: told without asking the provider.
    const second = await begin(number)
    await reloadUntil(second, 'Our text messages are stopped')
    expect(textsTo(stage, number)).toBe(1)

    stage.texts.twilio.setBehaviour('accept') // START was replied
    await stage.moveClock(10)
    await second.getByRole('button', { name: 'It works again: send it' }).click()
    const { code } = await stage.texts.twilio.next(number)
    await second.getByRole('heading', { name: 'Check your phone' }).waitFor()
    await typeCode(second, code ?? '')
    expect(await arrived(second)).toMatchObject({ phone: number, amr: ['sms'] })
  })

  test('R-092 pressed without START: told again, and the email address works', async () => {
    const number = '+4915123456762'
    stage.texts.twilio.setBehaviour({ status: 400, code: 21610 })
    const page = await begin(number)
    await reloadUntil(page, 'Our text messages are stopped')
    await stage.moveClock(10)
    await page.getByRole('button', { name: 'It works again: send it' }).click()
    await expectAsked(number, 2)
    await reloadUntil(page, 'Our text messages are stopped')
    await page.getByRole('button', { name: 'Use an email or another number' }).click()
    const mail = await sendTo(stage, page, 'stopped@fabrikam.example')
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe('stopped@fabrikam.example')
  })
})

describe('a number that texts do not reach', () => {
  test('it is told, and another number goes on in the same sign-in', async () => {
    stage.texts.twilio.setBehaviour({ status: 400, code: 21614 })
    const page = await begin('+4915123456763')
    await reloadUntil(page, 'We cannot text this number')
    stage.texts.twilio.setBehaviour('accept')
    await page.getByRole('button', { name: 'Use an email or another number' }).click()
    await typeIdentifier(page, '+4915123456764')
    await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
    await typeCode(page, (await stage.texts.twilio.next('+4915123456764')).code ?? '')
    expect((await arrived(page)).phone).toBe('+4915123456764')
  })
})

describe('receipts', () => {
  test('"Delivered" stands on the page only after a signed receipt, and without a reload', async () => {
    const number = '+4915123456765'
    const page = await begin(number, true)
    const { id, code } = await stage.texts.twilio.next(number)
    await page.getByText('Handed to the phone network').waitFor()
    const fields = { MessageSid: id, MessageStatus: 'delivered', To: number, AccountSid: 'AC' }
    expect(await report(fields, 'bm90IHNpZ25lZA==')).toBe(403)
    await page.reload()
    await page.getByText('Handed to the phone network').waitFor()
    expect(await page.getByText('Delivered').count()).toBe(0)
    expect(await report(fields)).toBe(204)
    await page.getByText('Delivered to the phone at').waitFor()
    await typeCode(page, code ?? '')
    expect((await arrived(page)).phone).toBe(number)
  })

  test('a text that came back after its hand-over is told on the page that waits', async () => {
    const number = '+4915123456766'
    const page = await begin(number, true)
    const { id } = await stage.texts.twilio.next(number)
    await page.getByText('Handed to the phone network').waitFor()
    const fields = { MessageSid: id, MessageStatus: 'undelivered', ErrorCode: '30005', To: number }
    expect(await report(fields)).toBe(204)
    await page.getByRole('heading', { name: 'We cannot text this number' }).waitFor()
  })
})

async function expectAsked(number: string, count: number): Promise<void> {
  for (const end = performance.now() + 15_000; textsTo(stage, number) < count && performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(textsTo(stage, number)).toBe(count)
}
