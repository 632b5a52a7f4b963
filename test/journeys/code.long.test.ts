import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arriveAtDoor, arrived, askForMail, newestChallenge, sendTo, typeCode, wrongCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newWindow = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

describe('wrong codes', () => {
  test('R-061, R-063 five of them close the code and say so; the link in the same browser still works', async () => {
    const email = 'five@fabrikam.example'
    const page = await newWindow()
    const mail = await askForMail(stage, page, email)
    for (const left of ['4 tries', '3 tries', '2 tries', '1 try']) {
      await typeCode(page, wrongCode(mail.code))
      await page.getByText(`You have ${left} left.`).waitFor()
      expect(await page.getByLabel('6-digit code').getAttribute('aria-invalid')).toBe('true')
    }
    await typeCode(page, wrongCode(mail.code))
    await page.getByRole('heading', { name: 'Too many wrong codes' }).waitFor()
    expect(await page.locator('#code').count()).toBe(0)
    expect((await newestChallenge(stage, email)).tries).toBe(5)

    await page.goto(mail.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
    expect(await arrived(page)).toMatchObject({ email, amr: ['email_link'] })
  })

  test('after a wrong code a reload shows the field without the complaint', async () => {
    const page = await newWindow()
    const mail = await askForMail(stage, page, 'reloaded@fabrikam.example')
    await typeCode(page, wrongCode(mail.code))
    await page.getByText('You have 4 tries left.').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    expect(await page.getByText('tries left').count()).toBe(0)
    await typeCode(page, mail.code)
    await arrived(page)
  })
})

describe('a code as people type it', () => {
  test('R-072 full-width digits count as one try each and are accepted', async () => {
    const email = 'full-width@fabrikam.example'
    const page = await newWindow()
    const { code } = await askForMail(stage, page, email)
    await typeCode(page, fullWidth(wrongCode(code)))
    await page.getByText('You have 4 tries left.').waitFor()
    expect((await newestChallenge(stage, email)).tries).toBe(1)
    await typeCode(page, fullWidth(code))
    expect(await arrived(page)).toMatchObject({ email, amr: ['email_code'] })
    expect(await newestChallenge(stage, email)).toMatchObject({ state: 'used', tries: 2 })
  })

  test.each(['{code}', 'Or type this code there: {code} – good for ten minutes'])('R-072 pasted as "%s"', async (words) => {
    const page = await newWindow({ permissions: ['clipboard-read', 'clipboard-write'] })
    const { code } = await askForMail(stage, page, `paste-${words.length}@fabrikam.example`)
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`
    await page.getByLabel('6-digit code').focus()
    await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(words.replace('{code}', spaced))})`)
    await page.keyboard.press('ControlOrMeta+V')
    expect(await page.getByLabel('6-digit code').inputValue()).toBe(spaced)
    await page.keyboard.press('Enter')
    expect((await arrived(page)).amr).toEqual(['email_code'])
  })
})

describe('the first page', () => {
  test('login_hint is in the field already', async () => {
    const page = await newWindow()
    await arriveAtDoor(stage, page, { login_hint: 'hinted@fabrikam.example' })
    expect(await page.getByLabel('Email').inputValue()).toBe('hinted@fabrikam.example')
    await page.getByRole('button', { name: 'Continue' }).click()
    const mail = await stage.mailbox.next('hinted@fabrikam.example')
    await typeCode(page, mail.code ?? '')
    expect((await arrived(page)).email).toBe('hinted@fabrikam.example')
  })

  test('"Use another address" begins anew; only the code of the new mail works', async () => {
    const page = await newWindow()
    const first = await askForMail(stage, page, 'mistyped@fabrikam.example')
    await page.getByRole('button', { name: 'Use another address' }).click()
    const second = await sendTo(stage, page, 'meant@fabrikam.example')
    await typeCode(page, first.code)
    await page.getByText('You have 4 tries left.').waitFor()
    await typeCode(page, second.code)
    expect((await arrived(page)).email).toBe('meant@fabrikam.example')
  })
})

function fullWidth(digits: string): string {
  return [...digits].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('')
}

test('a window whose code is on its way is not called back by its own script', async () => {
  const email = 'leaving@fabrikam.example'
  const page = await newWindow()
  // Its looks at the state come a hundred times as often: many of them would fit into the time that the answer takes.
  await page.addInitScript('const wait = setTimeout; setTimeout = (work, ms, ...more) => wait(work, ms / 100, ...more)')
  const mail = await askForMail(stage, page, email)
  const asked: string[] = []
  await page.route('**/answer', async (route) => {
    const response = await route.fetch({ maxRedirects: 0 })
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname))
    await page.waitForRequest(/[/]state$/, { timeout: 500 }).catch(() => {})
    await route.fulfill({ response })
  })
  await typeCode(page, mail.code)
  expect(await arrived(page)).toMatchObject({ email, amr: ['email_code'] })
  expect(asked.filter((path) => path.endsWith('/state'))).toEqual([])
})
