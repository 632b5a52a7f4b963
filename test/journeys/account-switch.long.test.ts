import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, silentError, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

describe.each([
  ['with JavaScript', true],
  ['without JavaScript', false],
])('somebody is signed in and another proves who they are, %s', (_words, javaScriptEnabled) => {
  const tag = javaScriptEnabled ? 'js' : 'plain'

  test('R-059 a page names both, and nothing has changed yet', async () => {
    const { context, page, anna } = await atTheSwitch(`named-${tag}`)
    const words = (await page.getByRole('main').innerText()).replace(/\s+/g, ' ')
    expect(words).toContain('You are signed in as a•••')
    expect(words).toContain('b•••')
    expect(await page.locator('#claims').count()).toBe(0)
    await page.reload() // looking twice decides nothing either
    await page.getByRole('heading', { name: 'Another account is signed in' }).waitFor()
    expect(await whoIsHere(context)).toBe(anna)
  })

  test('R-059 "Go on" signs the other one in, and only that one is signed in then', async () => {
    const { context, page, anna } = await atTheSwitch(`go-on-${tag}`)
    await page.getByRole('button', { name: 'Go on as' }).click()
    const { sub, email } = await arrived(page)
    expect(email).toBe(`bela-go-on-${tag}@fabrikam.example`)
    expect(sub).not.toBe(anna)
    expect(await whoIsHere(context)).toBe(sub)
  })

  test('R-059 "Stay signed in" leads back with access_denied, and nothing has changed', async () => {
    const { context, page, anna } = await atTheSwitch(`stay-${tag}`)
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await page.locator('#error').waitFor()
    expect(await page.locator('#error').textContent()).toContain('access_denied')
    expect(await whoIsHere(context)).toBe(anna)
  })

  /** Anna is signed in; the application asks for a sign-in, and Béla proves who he is. */
  async function atTheSwitch(name: string): Promise<{ context: BrowserContext; page: Page; anna: string }> {
    const context = await browser.newContext({ javaScriptEnabled })
    const page = await context.newPage()
    const hers = await askForMail(stage, page, `anna-${name}@fabrikam.example`)
    await typeCode(page, hers.code)
    const { sub } = await arrived(page)
    const his = await askForMail(stage, page, `bela-${name}@fabrikam.example`, { prompt: 'login' })
    await typeCode(page, his.code)
    await page.getByRole('heading', { name: 'Another account is signed in' }).waitFor()
    return { context, page, anna: sub }
  }
})

test('R-059 the same person proves it again: no page in between, and a newer auth_time', async () => {
  const page = await (await browser.newContext()).newPage()
  const first = await askForMail(stage, page, 'same@fabrikam.example')
  await typeCode(page, first.code)
  const before = await arrived(page)
  const authTime = Number(stage.relyingParty.last().idToken.auth_time)
  await stage.moveClock(60)
  const again = await askForMail(stage, page, 'same@fabrikam.example', { prompt: 'login' })
  await typeCode(page, again.code)
  expect((await arrived(page)).sub).toBe(before.sub)
  expect(Number(stage.relyingParty.last().idToken.auth_time)).toBeGreaterThanOrEqual(authTime + 60)
})

/** The subject of whom the issuer knows in this browser without asking anybody. */
async function whoIsHere(context: BrowserContext): Promise<string> {
  expect(await silentError(stage, context)).toBeNull()
  const page = await context.newPage()
  await page.goto(`${stage.relyingParty.url}/login?prompt=none`)
  const { sub } = await arrived(page)
  await page.close()
  return sub
}
