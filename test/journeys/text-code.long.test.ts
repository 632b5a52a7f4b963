import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arriveAtDoor, arrived, askForText, typeCode, wrongCode } from '../support/window.ts'

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
  test('R-068 on a phone: the text names this site last, the field asks for its code, and "123 456" can be pasted', async () => {
    const page = await newWindow({
      ...{ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    const number = '+4915123456702'
    await arriveAtDoor(stage, page)
    await page.getByLabel('Email or phone').fill(number)
    await page.getByRole('button', { name: 'Continue' }).tap()
    await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
    const { text, code } = await stage.texts.sns.next(number)
    expect(text.split('\n').at(-1)).toBe(`@${new URL(page.url()).hostname} #${code}`)
    expect(text.length).toBeLessThanOrEqual(160)

    const field = page.getByLabel('6-digit code')
    expect(await field.getAttribute('autocomplete')).toBe('one-time-code')
    expect(await field.getAttribute('inputmode')).toBe('numeric')
    await field.tap()
    const spaced = `${code?.slice(0, 3)} ${code?.slice(3)}`
    await page.evaluate(`navigator.clipboard.writeText('${spaced}')`)
    await page.keyboard.press('ControlOrMeta+V')
    expect(await field.inputValue()).toBe(spaced)
    await page.getByRole('button', { name: 'Continue' }).tap()
    expect(await arrived(page)).toMatchObject({ phone: number, amr: ['sms'] })
  })

  test('by keyboard alone', async () => {
    const number = '+4915123456703'
    const page = await newWindow()
    await arriveAtDoor(stage, page)
    await page.keyboard.type(number)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
    const { code } = await stage.texts.sns.next(number)
    const focused = () => page.evaluate('document.activeElement.id')
    for (let steps = 0; (await focused()) !== 'code'; steps++) {
      expect(steps).toBeLessThan(3)
      await page.keyboard.press('Tab')
    }
    await page.keyboard.type(wrongCode(code ?? ''))
    await page.keyboard.press('Enter')
    await page.getByText('You have 4 tries left.').waitFor()
    expect(await focused()).toBe('code')
    await page.keyboard.type(code ?? '')
    await page.keyboard.press('Enter')
    expect((await arrived(page)).phone).toBe(number)
  })

  test('without JavaScript: the state is there on "Check again", and the code leads in', async () => {
    const number = '+4915123456704'
    const page = await newWindow({ javaScriptEnabled: false })
    const { code } = await askForText(stage, page, number)
    for (let looks = 0; looks < 100 && !(await page.getByText('Handed to the phone network').count()); looks++) {
      await page.getByRole('link', { name: 'Check again' }).click()
    }
    await page.getByText('Handed to the phone network').waitFor()
    await typeCode(page, wrongCode(code))
    await page.getByText('You have 4 tries left.').waitFor()
    await typeCode(page, code)
    expect((await arrived(page)).phone).toBe(number)
  })
})
