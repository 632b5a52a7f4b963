import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { appWithKey, keepCodes } from '../support/account-window.ts'
import { axe, launchBrowser } from '../support/browser.ts'
import { query } from '../support/database.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { press } from '../support/walking.ts'
import { sendTo, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), launchBrowser()])
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newWindow = async (): Promise<Page> => (await browser.newContext()).newPage()

test('R-174 somebody opens the link of a fresh service, and is its administrator; then the link is over', async () => {
  const link = /http:\/\/localhost:\d+\/admin\/first\/[\w-]{43}/.exec(stage.service.output())?.[0] ?? ''
  const page = await newWindow()
  await page.goto(link)
  const mail = await sendTo(stage, page, 'ada@fabrikam.example')
  await typeCode(page, mail.code)

  await press(page, 'button[value="totp"]')
  const app = await appWithKey(stage, page)
  await page.locator('#code').fill(await app())
  await press(page, 'main form:has(#code) button')
  await keepCodes(page)
  expect(await page.locator('main').innerText()).toContain('ada@fabrikam.example')
  expect(await axe(page)).toEqual([])

  const late = await newWindow()
  await late.goto(link)
  expect(await late.locator('#identifier').count()).toBe(1)
  expect(await query(stage.service.databaseUrl, 'select 1 from account where role is not null')).toEqual([])

  await press(page, 'form[action^="/admin/first/"] button')
  expect(new URL(page.url()).pathname).toBe('/admin')
  expect(await axe(page)).toEqual([])
  await press(page, 'a[href="/admin/administrators"]')
  expect(await page.locator('main').innerText()).toContain('ada@fabrikam.example')

  const other = await (await newWindow()).goto(link)
  expect(other?.status()).toBe(410)
  expect(await other?.text()).not.toContain(link.split('/').at(-1) ?? '')
}, 60_000)
