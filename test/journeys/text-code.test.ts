import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arriveAtDoor, arrived, askForText, newestChallenge, textsTo, textTo, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const options = { texts: true, scope: 'openid email phone', env: { LIMITS: GENEROUS_LIMITS } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newWindow = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

describe('a sign-in by text message', () => {
  test('R-087 a number alone begins an account; the next sign-in with it, typed in another way, is the same person', async () => {
    const number = '+4915123456701'
    const first = await newWindow()
    const text = await askForText(stage, first, number)
    expect(await newestChallenge(stage, number)).toMatchObject({ messages: 1 })
    await typeCode(first, text.code)
    const { sub, ...rest } = await arrived(first)
    expect(rest).toEqual({ phone: number, amr: ['sms'] })
    expect(stage.relyingParty.last().userinfo).toMatchObject({ phone_number: number, phone_number_verified: true })

    const second = await newWindow({ extraHTTPHeaders: { 'accept-language': 'en-DE' } })
    await arriveAtDoor(stage, second)
    await typeCode(second, (await textTo(stage, second, number, '0151 2345-6701')).code)
    expect((await arrived(second)).sub).toBe(sub)
    expect(textsTo(stage, number)).toBe(2)
    expect(stage.texts.twilio.asked).toEqual([])
  })
})

describe('what is no number for texts', () => {
  test.each([
    ['0900 1234567', 'This number cannot get our text messages.'],
    ['+49 30 901820', 'This number cannot get our text messages.'],
    ['+49 151', 'Type one whole email address, like maria@example.com, or one phone number'],
    ['maria@', 'Type one whole email address, like maria@example.com, or one phone number'],
  ])('R-091 "%s" is told at once, and stays in the field to be mended', async (typed, words) => {
    const page = await newWindow({ extraHTTPHeaders: { 'accept-language': 'en-DE' } })
    await arriveAtDoor(stage, page)
    const asked = stage.texts.sns.asked.length
    await page.getByLabel('Email or phone').fill(typed)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText(words).waitFor()
    expect(await page.getByLabel('Email or phone').inputValue()).toBe(typed)
    expect(stage.texts.sns.asked).toHaveLength(asked)
  })
})
