import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  arrived,
  askForMail,
  askForText,
  giveNumber,
  nextText,
  textsTo,
  typeCode,
  wordsOf,
  wrongCode,
} from '../support/window.ts'

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

const newPage = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

/** Somebody who has an account with an email address and, if given, a number. */
async function member(email: string, number?: string): Promise<string> {
  await stage.signIn(email)
  if (number) await giveNumber(stage, email, number)
  return stage.relyingParty.last().idToken.sub
}

/** From the first page by the email to the waiting page of the text, with these last digits. */
async function byText(page: Page, email: string, digits: string) {
  const mail = await askForMail(stage, page, email)
  await page.getByRole('button', { name: 'Send a code by text message instead' }).click()
  await page.getByRole('heading', { name: 'Which phone is it?' }).waitFor()
  await nameDigits(page, digits)
  return mail
}

async function nameDigits(page: Page, digits: string): Promise<void> {
  await page.getByLabel('Last two digits').fill(digits)
  await page.getByRole('button', { name: 'Send the code' }).click()
  await page.getByText('If the digits match').waitFor()
}

describe('the email was typed, the phone is at hand', () => {
  test.each([true, false])(
    'R-085 with the last digits named, a text leads to the same account (JavaScript: %s)',
    async (script) => {
      const [email, number] = script ? ['phone@fabrikam.example', '+4915123456721'] : ['plain@fabrikam.example', '+4915123456722']
      const sub = await member(email, number)
      const page = await newPage({ javaScriptEnabled: script })
      await byText(page, email, number.slice(-2))
      const { code } = await nextText(stage, number)
      expect(await wordsOf(page)).not.toMatch(/•|Handed|Waiting to be sent/)
      await typeCode(page, code)
      expect(await arrived(page)).toEqual({ sub, email, phone: number, amr: ['sms'] })
      expect(stage.mailbox.count(email)).toBe(2) // the one of the first sign-in, the one of this
    },
  )

  test('R-085 right, wrong, unknown and no number: the same page word for word, for as long as it is open', async () => {
    await member('right@fabrikam.example', '+4915123456723')
    await member('wrong@fabrikam.example', '+4915123456724')
    await member('numberless@fabrikam.example')
    const told: string[] = []
    for (const name of ['right', 'wrong', 'numberless', 'nobody']) {
      const page = await newPage()
      await byText(page, `${name}@fabrikam.example`, '23')
      if (name === 'right') await nextText(stage, '+4915123456723')
      told.push(await wordsOf(page))
      await page.reload()
      told.push(await wordsOf(page))
      await typeCode(page, wrongCode('000000'))
      await page.getByText('You have 4 tries left.').waitFor()
      told.push(await wordsOf(page))
    }
    for (const person of [1, 2, 3]) expect(told.slice(3 * person, 3 * person + 3)).toEqual(told.slice(0, 3))
    expect(stage.texts.sns.asked.filter(({ to }) => to === '+4915123456724')).toEqual([])
  })

  test('R-085 the digits are asked for in the same words, whoever was typed', async () => {
    await member('asked@fabrikam.example', '+4915123456725')
    const told: string[] = []
    for (const name of ['asked', 'stranger']) {
      const page = await newPage()
      await askForMail(stage, page, `${name}@fabrikam.example`)
      await page.getByRole('button', { name: 'Send a code by text message instead' }).click()
      await page.getByRole('heading', { name: 'Which phone is it?' }).waitFor()
      told.push(await wordsOf(page))
    }
    expect(told[1]).toBe(told[0])
  })

  test('what is not two digits is told, and digits of other scripts are read', async () => {
    const number = '+4915123456726'
    await member('digits@fabrikam.example', number)
    const page = await newPage()
    await askForMail(stage, page, 'digits@fabrikam.example')
    await page.getByRole('button', { name: 'Send a code by text message instead' }).click()
    const field = page.getByLabel('Last two digits')
    await field.fill('4')
    await page.evaluate(`document.querySelector('form[action$="/digits"]').noValidate = true`)
    await page.getByRole('button', { name: 'Send the code' }).click()
    await page.getByText('Type two digits, like 47.').waitFor()
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await nameDigits(page, '２６')
    await typeCode(page, (await nextText(stage, number)).code)
    expect((await arrived(page)).phone).toBe(number)
  })
})

describe('ways on from there', () => {
  test('R-071 wrong digits, then "Type other digits" when the cool-down is over: the right ones send the text', async () => {
    const number = '+4915123456727'
    await member('second-thought@fabrikam.example', number)
    const page = await newPage()
    await byText(page, 'second-thought@fabrikam.example', '99')
    const button = page.getByRole('button', { name: 'Type other digits' })
    expect(await button.isVisible()).toBe(false)
    await stage.moveClock(46)
    await page.reload()
    await button.click()
    await nameDigits(page, '27')
    await typeCode(page, (await nextText(stage, number)).code)
    expect((await arrived(page)).amr).toEqual(['sms'])
    expect(textsTo(stage, number)).toBe(1)
  })

  test.each(['code', 'link'] as const)(
    '"Use the email instead": the email that came first still works by its %s',
    async (face) => {
      const [email, number] = face === 'code' ? ['back@x.example', '+4915123456728'] : ['back-link@x.example', '+4915123456729']
      const sub = await member(email, number)
      const page = await newPage()
      const mail = await byText(page, email, number.slice(-2))
      await page.getByRole('button', { name: 'Use the email instead' }).click()
      await page.getByRole('heading', { name: 'Check your email' }).waitFor()
      if (face === 'code') await typeCode(page, mail.code)
      else {
        await page.goto(mail.link)
        await page.getByRole('button', { name: 'Sign in' }).click()
      }
      expect(await arrived(page)).toMatchObject({ sub, amr: [`email_${face}`] })
      expect(stage.mailbox.count(email)).toBe(2)
    },
  )

  test('from the digits back to the email without naming any', async () => {
    const email = 'no-digits@fabrikam.example'
    const page = await newPage()
    const mail = await askForMail(stage, page, email)
    await page.getByRole('button', { name: 'Send a code by text message instead' }).click()
    await page.getByRole('button', { name: 'Use the email instead' }).click()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe(email)
  })

  test('R-052 the link of the email still works while the page waits for the text', async () => {
    const email = 'link-first@fabrikam.example'
    const sub = await member(email, '+4915123456730')
    const page = await newPage()
    const mail = await byText(page, email, '30')
    await page.goto(mail.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect((await arrived(page)).sub).toBe(sub)
  })

  test('somebody who typed a number is not asked for digits; the number is the account’s own', async () => {
    const email = 'both@fabrikam.example'
    const sub = await member(email, '+4915123456731')
    const page = await newPage()
    const { code } = await askForText(stage, page, '+4915123456731')
    expect(await page.getByRole('button', { name: /text message instead|Type other digits/ }).count()).toBe(0)
    await typeCode(page, code)
    expect(await arrived(page)).toMatchObject({ sub, email })
  })
})
