import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForText, giveNumber, silentError, textsTo, typeCode, whole } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const env = { LIMITS: GENEROUS_LIMITS, PHONE_PROOF_AGE: '30d' }
  ;[stage, browser] = await Promise.all([startStage({ texts: true, scope: 'openid email phone', env }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (javaScriptEnabled = true): Promise<Page> => (await browser.newContext({ javaScriptEnabled })).newPage()

const OVER_DAYS = 31
const grow = (days: number) => stage.moveClock(days * 86_400)

/** An account with both, whose number nobody has proven for long; answers its subject. */
async function staleMember(email: string, number: string): Promise<string> {
  await stage.signIn(email)
  await giveNumber(stage, email, number)
  const { sub } = stage.relyingParty.last().idToken
  await grow(OVER_DAYS)
  return sub
}

/** The text's code typed, up to the question for a second proof. */
async function proveNumber(page: Page, number: string): Promise<void> {
  await typeCode(page, (await askForText(stage, page, number)).code)
  await page.getByRole('heading', { name: 'Confirm it is you' }).waitFor()
}

async function typeSecond(page: Page, email: string) {
  await page.getByLabel('Email').fill(email)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Your number is confirmed. One more proof is needed.').waitFor()
  return whole(await stage.mailbox.next(email))
}

describe('a number that was not proven for long', () => {
  test.each([
    ['code', true, '+4915123457031'],
    ['code', false, '+4915123457032'],
    ['link', true, '+4915123457033'],
  ] as const)(
    'R-093, R-102 opens its account together with the account’s email, by its %s (JavaScript: %s)',
    async (...given) => {
      const [face, script, number] = given
      const email = `${face}-${script}@fabrikam.example`
      const sub = await staleMember(email, number)
      const page = await newPage(script)
      await proveNumber(page, number)
      expect(await silentError(stage, page.context())).toBe('login_required') // one proof is no session
      expect(await page.locator('main').innerText()).not.toContain('@fabrikam.example')
      const mail = await typeSecond(page, email)
      if (face === 'code') await typeCode(page, mail.code)
      else {
        await page.goto(mail.link)
        await page.getByRole('button', { name: 'Sign in' }).click()
      }
      const { amr, ...who } = await arrived(page)
      expect(who).toEqual({ sub, email, phone: number })
      expect([...amr].sort()).toEqual([`email_${face}`, 'mca', 'sms'].sort())

      // Now it is fresh again, and enough by itself.
      const next = await newPage()
      await typeCode(next, (await askForText(stage, next, number)).code)
      expect(await arrived(next)).toMatchObject({ sub, amr: ['sms'] })
    },
  )

  test('R-093 with an email of somebody else: that account or a new one opens, never the old one', async () => {
    const number = '+4915123457041'
    const old = await staleMember('owner@fabrikam.example', number)
    await stage.signIn('somebody@fabrikam.example')
    const theirs = stage.relyingParty.last().idToken.sub

    for (const [email, expected] of [
      ['somebody@fabrikam.example', theirs],
      ['brand-new@fabrikam.example', null],
    ] as const) {
      const page = await newPage()
      await proveNumber(page, number)
      const mail = await typeSecond(page, email)
      await typeCode(page, mail.code)
      const who = await arrived(page)
      expect(who.sub).not.toBe(old)
      if (expected) expect(who.sub).toBe(expected)
      expect(who).toMatchObject({ email, amr: ['email_code'] })
      expect(who.phone).toBeUndefined()
    }
    // The old account has its number still, and asks for its second proof still.
    await proveNumber(await newPage(), number)
  })

  test('R-093 a wrong code of the second email can be mended; what is no address is told', async () => {
    const number = '+4915123457042'
    const sub = await staleMember('mending@fabrikam.example', number)
    const page = await newPage(false)
    await proveNumber(page, number)
    await page.locator('#identifier').evaluate((field) => field.setAttribute('type', 'text'))
    await page.getByLabel('Email').fill('mending')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('Type one whole email address').waitFor()
    const mail = await typeSecond(page, 'mending@fabrikam.example')
    await typeCode(page, mail.code === '000000' ? '000001' : '000000')
    await page.getByText('You have 4 tries left.').waitFor()
    await typeCode(page, mail.code)
    expect((await arrived(page)).sub).toBe(sub)
  })

  test('R-093 "Start again" from the second proof begins with any address', async () => {
    const number = '+4915123457043'
    await staleMember('elsewhere@fabrikam.example', number)
    const page = await newPage()
    await proveNumber(page, number)
    await page.getByRole('button', { name: 'Start again' }).click()
    await page.getByLabel('Email or phone').waitFor()
    expect(textsTo(stage, number)).toBe(1)
  })
})

describe('an account that has nothing but a number', () => {
  test('R-093 after long the number begins a new account, and the old one is left without it and as it was', async () => {
    const number = '+4915123457051'
    await stage.signIn(number)
    const old = stage.relyingParty.last().idToken.sub
    await grow(OVER_DAYS - 2)
    await stage.signIn(number)
    expect(stage.relyingParty.last().idToken.sub).toBe(old) // proven again in time

    await grow(OVER_DAYS)
    const page = await newPage()
    await typeCode(page, (await askForText(stage, page, number)).code)
    const who = await arrived(page)
    expect(who).toMatchObject({ phone: number, amr: ['sms'] })
    expect(who.sub).not.toBe(old)
    const accounts = await query<{ id: string; state: string; numbers: number }>(
      stage.service.databaseUrl,
      `select id, state, (select count(*)::int from address where account_id = account.id) as numbers from account where id = any($1)`,
      [[old, who.sub]],
    )
    expect(accounts.find(({ id }) => id === old)).toMatchObject({ state: 'active', numbers: 0 })
    expect(accounts.find(({ id }) => id === who.sub)).toMatchObject({ state: 'active', numbers: 1 })
  })
})
