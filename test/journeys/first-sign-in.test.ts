import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { type Stage, startStage } from '../support/stage.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
  await stage.stop()
})

describe('a first sign-in', () => {
  test('by the code: one field, one mail, one code, and the application knows who it is', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${stage.relyingParty.url}/login`)
    await page.getByLabel('Email').fill('maria@fabrikam.example')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'Check your email' }).waitFor()
    const mail = await stage.mailbox.next('maria@fabrikam.example')
    await page.getByLabel('6-digit code').fill(mail.code ?? '')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('#claims').waitFor()

    const { idToken, userinfo, tokens } = stage.relyingParty.last()
    expect(idToken.sub).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(userinfo).toMatchObject({ sub: idToken.sub, email: 'maria@fabrikam.example', email_verified: true })
    expect(idToken.amr).toEqual(['email_code'])
    expect(tokens.refresh_token).toBeTruthy()
    expect(stage.mailbox.count('maria@fabrikam.example')).toBe(1)
  })

  test('by the link in the same browser: one button; the waiting tab only says so', async () => {
    const context = await browser.newContext()
    const waiting = await context.newPage()
    await waiting.goto(`${stage.relyingParty.url}/login`)
    await waiting.getByLabel('Email').fill('omar@fabrikam.example')
    await waiting.getByRole('button', { name: 'Continue' }).click()
    const mail = await stage.mailbox.next('omar@fabrikam.example')

    const opened = await context.newPage()
    await opened.goto(mail.link ?? '')
    await opened.getByText('omar@fabrikam.example').waitFor()
    await opened.getByRole('button', { name: 'Sign in' }).click()
    await opened.locator('#claims').waitFor()
    expect(stage.relyingParty.last().idToken.amr).toEqual(['email_link'])

    await waiting.getByRole('heading', { name: 'You went on in another tab' }).waitFor()
    expect(new URL(waiting.url()).pathname).toMatch(/^\/sign-in\//)
  })
})
