import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { arrived, askForMail, newestChallenge, sendTo, silentError, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

describe('reload and back', () => {
  test('a reload of each page shows the same page and sends nothing again', async () => {
    const email = 'reload@fabrikam.example'
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, email)
    await page.reload()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    expect(await newestChallenge(stage, email)).toMatchObject({ messages: 1, tries: 0 })
    await page.goto(mail.link)
    await page.reload()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await arrived(page)
    expect(stage.mailbox.count(email)).toBe(1)
  })

  test('back from the waiting page and forward again: the sign-in goes on where it was', async () => {
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, 'back@fabrikam.example')
    await page.goBack()
    await page.goForward()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe('back@fabrikam.example')
  })

  test('back after the sign-in: the door says that it is done and asks for nothing', async () => {
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, 'back-after@fabrikam.example')
    const door = page.url()
    await typeCode(page, mail.code)
    await arrived(page)
    await page.goBack()
    await page.waitForURL(door)
    await page.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
    expect(await page.locator('form').count()).toBe(0)
  })
})

describe('a button that is pressed twice', () => {
  test.each(['code', 'link'] as const)('by the %s: the person ends at the application all the same', async (face) => {
    const email = `twice-${face}@fabrikam.example`
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, email)
    const csrf = (await page.locator('input[name=csrf]').first().getAttribute('value')) ?? ''
    const press = async (): Promise<string> => {
      const url = face === 'link' ? mail.link : `${page.url()}/answer`
      const answer = await page.context().request.post(url, { form: { csrf, code: mail.code }, maxRedirects: 0 })
      return new URL(answer.headers().location ?? '', page.url()).href
    }
    expect(leadsOn(await press())).toBe(true)
    await page.goto(await press()) // a browser shows the answer to the last press only
    await page.getByRole('button', { name: 'Go on to Test test-app here' }).click()
    expect((await arrived(page)).email).toBe(email)
  })
})

describe('two tabs of one browser', () => {
  test('the tab that was used goes on; the one that waited only says so and never resumes', async () => {
    const { context, waiting, mail } = await waitingTab('two-tabs@fabrikam.example')
    const asked: string[] = []
    waiting.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`))
    const used = await context.newPage()
    await used.goto(waiting.url())
    await typeCode(used, mail.code)
    await arrived(used)
    await waiting.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
    const door = new URL(waiting.url()).pathname
    expect(asked.filter((one) => !/^GET \/assets\//.test(one) && one !== `GET ${door}` && one !== `GET ${door}/state`)).toEqual(
      [],
    )
  })

  test('without JavaScript the tab that waited is told so when its form is sent', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const waiting = await context.newPage()
    const mail = await askForMail(stage, waiting, 'two-tabs-plain@fabrikam.example')
    const used = await context.newPage()
    await used.goto(waiting.url())
    await typeCode(used, mail.code)
    await arrived(used)
    await typeCode(waiting, mail.code)
    await waiting.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
  })

  test('a tab in which something is typed keeps it while the state changes', async () => {
    const { context, waiting, mail } = await waitingTab('typing@fabrikam.example')
    await waiting.getByText('Handed to the mail server').waitFor()
    await waiting.getByLabel('6-digit code').fill(mail.code.slice(0, 3))
    const other = await context.newPage()
    await other.goto(waiting.url())
    await stage.moveClock(46)
    await other.reload()
    await other.getByRole('button', { name: 'Send another email' }).click()
    await stage.mailbox.next('typing@fabrikam.example')
    // It has seen the new state once it has fetched its own page.
    await waiting.waitForResponse((answer) => answer.url() === waiting.url())
    expect(await waiting.getByLabel('6-digit code').inputValue()).toBe(mail.code.slice(0, 3))
    await typeCode(waiting, mail.code)
    await arrived(waiting)
  })

  test('F-15 when the tab that was used is lost before it goes on, the waiting tab goes on by its button', async () => {
    const { context, waiting, mail } = await waitingTab('lost-tab@fabrikam.example')
    // The button is pressed, and whatever comes after it gets lost.
    const csrf = (await waiting.locator('input[name=csrf]').first().getAttribute('value')) ?? ''
    const pressed = await context.request.post(mail.link, { form: { csrf }, maxRedirects: 0 })
    expect(leadsOn(pressed.headers().location)).toBe(true)
    await waiting.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
    expect(await silentError(stage, context)).toBe('login_required') // by itself it resumes nothing
    await waiting.getByRole('button', { name: 'Go on to Test test-app here' }).click()
    expect(await arrived(waiting)).toMatchObject({ email: 'lost-tab@fabrikam.example', amr: ['email_link'] })
  })

  test('R-060 a second address in another tab ends the first; the first tab follows to the new one', async () => {
    const context = await browser.newContext()
    const [one, two] = [await context.newPage(), await context.newPage()]
    await one.goto(`${stage.relyingParty.url}/login`)
    await one.getByLabel('Email').waitFor()
    await two.goto(one.url())
    const first = await sendTo(stage, one, 'tab-one@fabrikam.example')
    const second = await sendTo(stage, two, 'tab-two@fabrikam.example')
    expect((await newestChallenge(stage, 'tab-one@fabrikam.example')).state).toBe('ended')
    await one.getByText('t•••o@fabrikam.example').waitFor()
    await typeCode(one, first.code)
    await one.getByText('You have 4 tries left.').waitFor()
    await typeCode(one, second.code)
    expect((await arrived(one)).email).toBe('tab-two@fabrikam.example')
  })
})

async function waitingTab(
  email: string,
): Promise<{ context: BrowserContext; waiting: Page; mail: { code: string; link: string } }> {
  const context = await browser.newContext()
  const waiting = await context.newPage()
  return { context, waiting, mail: await askForMail(stage, waiting, email) }
}
