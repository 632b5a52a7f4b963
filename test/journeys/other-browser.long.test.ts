import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, typeCode, wrongCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

describe('the link, opened in another browser than the one that asked', () => {
  test('R-058 shows no code once the code is closed, and what then helps', async () => {
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, 'closed@fabrikam.example')
    for (const left of ['4 tries', '3 tries', '2 tries', '1 try']) {
      await typeCode(page, wrongCode(mail.code))
      await page.getByText(`You have ${left} left.`).waitFor()
    }
    await typeCode(page, wrongCode(mail.code))
    await page.getByRole('heading', { name: 'Too many wrong codes' }).waitFor()
    const opened = await (await browser.newContext()).newPage()
    await opened.goto(mail.link)
    await opened.getByRole('heading', { name: 'Go back to the window where you started' }).waitFor()
    expect(await opened.getByText(mail.code.slice(0, 3)).count()).toBe(0)
    expect(await opened.locator('form, button').count()).toBe(0)
  })

  test('R-058 a browser where somebody else is signed in stays theirs', async () => {
    const theirs = await browser.newContext()
    const own = await theirs.newPage()
    const signIn = await askForMail(stage, own, 'resident@fabrikam.example')
    await typeCode(own, signIn.code)
    const { sub } = await arrived(own)

    const start = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, start, 'guest@fabrikam.example')
    await own.goto(mail.link)
    await own.getByRole('heading', { name: 'Type this code in the window where you started' }).waitFor()
    await own.goto(`${stage.relyingParty.url}/login?prompt=none`)
    expect((await arrived(own)).sub).toBe(sub)
  })
})
