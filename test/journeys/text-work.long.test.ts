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
  textsTo,
  typeCode,
  typeIdentifier,
  wordsOf,
} from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const env = { LIMITS: GENEROUS_LIMITS, PROOF_OF_WORK: 'texts' }
  ;[stage, browser] = await Promise.all([startStage({ texts: true, scope: 'openid email phone', env }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const WAIT_SECONDS = 60

/** Up to the page that asks for work, without any script. */
async function toWork(number: string): Promise<Page> {
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
  await arriveAtDoor(stage, page)
  await typeIdentifier(page, number)
  await page.getByRole('heading', { name: 'One moment' }).waitFor()
  return page
}

describe('a proof of work before a text', () => {
  test('R-153 the browser does it by itself, and the person only notices a moment', async () => {
    const number = '+4915123456781'
    const page = await (await browser.newContext()).newPage()
    const seen: string[] = []
    page.on('response', (answer) => seen.push(`${answer.request().method()} ${new URL(answer.url()).pathname.split('/').at(-1)}`))
    const { code } = await askForText(stage, page, number)
    expect(seen).toContain('POST work')
    await typeCode(page, code)
    expect(await arrived(page)).toMatchObject({ phone: number, amr: ['sms'] })
    expect(textsTo(stage, number)).toBe(1)
  })

  test('R-153 while it works the page says so, and stays usable', async () => {
    const page = await (await browser.newContext()).newPage()
    await arriveAtDoor(stage, page)
    await page.addInitScript('crypto.subtle.deriveBits = () => new Promise(() => {})') // as slow as can be
    await typeIdentifier(page, '+4915123456782')
    await page.getByText('It is at work and goes on by itself').waitFor()
    expect(await page.getByRole('button', { name: 'Go on' }).isVisible()).toBe(false)
    expect(await page.getByRole('button', { name: 'Start again' }).isVisible()).toBe(true)
    expect(textsTo(stage, '+4915123456782')).toBe(0)
  })

  test('R-153 without JavaScript a button appears after a minute, and not before; pressed too soon nothing is sent', async () => {
    const number = '+4915123456783'
    const page = await toWork(number)
    const button = page.getByRole('button', { name: 'Go on' })
    await page.getByText('In 60 seconds a button appears here.').waitFor()
    expect(await button.isVisible()).toBe(false)
    expect(await page.getByText('It is at work').isVisible()).toBe(false)

    await stage.moveClock(WAIT_SECONDS - 20)
    // A browser without style sheets shows the button at once.
    await page.evaluate(`document.querySelector('form[action$="/work"]').requestSubmit()`)
    await page.getByText('That was too soon. Wait for the button.').waitFor()
    await page.getByText('In 30 seconds a button appears here.').waitFor()
    expect(textsTo(stage, number)).toBe(0)

    await stage.moveClock(21)
    await page.reload()
    await button.click()
    await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
    await typeCode(page, (await nextText(stage, number)).code)
    expect((await arrived(page)).phone).toBe(number)
    expect(textsTo(stage, number)).toBe(1)
  })

  test('R-051 the code is good for its whole time although the text was held', async () => {
    const number = '+4915123456784'
    const page = await toWork(number)
    await stage.moveClock(8 * 60)
    await page.reload()
    await page.getByRole('button', { name: 'Go on' }).click()
    const { code } = await nextText(stage, number)
    await stage.moveClock(9 * 60)
    await typeCode(page, code)
    expect((await arrived(page)).phone).toBe(number)
  })

  test('R-085, R-153 before a text to a number on file too, and right and wrong digits look alike there', async () => {
    const [email, number] = ['on-file@fabrikam.example', '+4915123456786']
    await stage.signIn(email)
    await giveNumber(stage, email, number)
    const told: string[] = []
    for (const digits of ['13', number.slice(-2)]) {
      const page = await (await browser.newContext()).newPage()
      await askForMail(stage, page, email)
      await page.getByRole('button', { name: 'Send a code by text message instead' }).click()
      await page.route('**/work-*.js', (route) => route.abort())
      await page.getByLabel('Last two digits').fill(digits)
      await page.getByRole('button', { name: 'Send the code' }).click()
      await page.getByRole('heading', { name: 'One moment' }).waitFor()
      told.push(await wordsOf(page))
      expect(textsTo(stage, number)).toBe(0)
      await page.unroute('**/work-*.js')
      await page.reload() // now the script comes, and works
      await page.getByText('If the digits match').waitFor()
      told.push(await wordsOf(page))
      if (digits === '13') continue
      await typeCode(page, (await nextText(stage, number)).code)
      expect(await arrived(page)).toMatchObject({ email, amr: ['sms'] })
    }
    expect(told.slice(2)).toEqual(told.slice(0, 2))
    expect(textsTo(stage, number)).toBe(1)
  })

  test('"Start again" leads back to the field, and an email needs no work', async () => {
    const page = await toWork('+4915123456785')
    await page.getByRole('button', { name: 'Start again' }).click()
    await typeIdentifier(page, 'no-work@fabrikam.example')
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    await typeCode(page, (await stage.mailbox.next('no-work@fabrikam.example')).code ?? '')
    expect((await arrived(page)).email).toBe('no-work@fabrikam.example')
    expect(textsTo(stage, '+4915123456785')).toBe(0)
  })
})
