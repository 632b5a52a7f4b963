import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arriveAtDoor, arrived, askForMail, newestChallenge, typeCode, wrongCode } from '../support/window.ts'

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
  test('R-061 after five of them the right code no longer works either', async () => {
    const email = 'late-right@fabrikam.example'
    const context = await browser.newContext()
    const [page, other] = [await context.newPage(), await context.newPage()]
    const mail = await askForMail(stage, page, email)
    await other.goto(page.url())
    for (const nth of [1, 2, 3, 4]) {
      await typeCode(page, wrongCode(mail.code, nth))
      await page.getByText('That code is not right').first().waitFor()
    }
    // The other tab still shows the field when the last try is used up.
    await other.getByLabel('6-digit code').fill(mail.code)
    await typeCode(page, wrongCode(mail.code, 5))
    await page.getByRole('heading', { name: 'Too many wrong codes' }).waitFor()
    await other.getByRole('button', { name: 'Continue' }).click()
    await other.getByRole('heading', { name: 'Too many wrong codes' }).waitFor()
    expect(await newestChallenge(stage, email)).toMatchObject({ state: 'open', tries: 5 })
  })

  test('R-072 what cannot be a code is called wrong and uses up no try', async () => {
    const email = 'letters@fabrikam.example'
    const page = await newWindow()
    const mail = await askForMail(stage, page, email)
    await typeCode(page, '12345')
    await page.getByText('You have 5 tries left.').waitFor()
    expect((await newestChallenge(stage, email)).tries).toBe(0)
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe(email)
  })
})

describe('the first page', () => {
  test('by keyboard alone: the cursor waits in the field, focus is seen, Enter and Tab lead through', async () => {
    const email = 'keys@fabrikam.example'
    const page = await newWindow()
    await arriveAtDoor(stage, page)
    expect(await focused(page)).toMatchObject({ id: 'identifier', seen: true })
    await page.keyboard.type(email)
    await page.keyboard.press('Tab')
    expect(await focused(page)).toMatchObject({ tag: 'BUTTON', seen: true }) // never the field that people do not see
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    const { code } = await stage.mailbox.next(email)
    for (let steps = 0; (await focused(page)).id !== 'code'; steps++) {
      expect(steps).toBeLessThan(3)
      await page.keyboard.press('Tab')
    }
    expect((await focused(page)).seen).toBe(true)
    await page.keyboard.type(wrongCode(code ?? ''))
    await page.keyboard.press('Enter')
    await page.getByText('You have 4 tries left.').waitFor()
    expect(await focused(page)).toMatchObject({ id: 'code', seen: true }) // after a fault the cursor is where it is mended
    await page.keyboard.type(code ?? '')
    await page.keyboard.press('Enter')
    expect((await arrived(page)).email).toBe(email)
  })
})

/** The element that has the focus, and whether an outline or a shadow shows it. */
async function focused(page: Page): Promise<{ id: string; tag: string; seen: boolean }> {
  return page.evaluate(`(() => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement)
    const seen = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none'
    return { id: document.activeElement.id, tag: document.activeElement.tagName, seen }
  })()`)
}
