import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startAdminStage } from '../support/admin.ts'
import { axe, launchBrowser, outside } from '../support/browser.ts'
import { windowAtConsole } from '../support/console-window.ts'
import { startRelyingParty } from '../support/relying-party.ts'
import type { Stage } from '../support/stage.ts'
import { press } from '../support/walking.ts'
import { arrived, askForMail, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startAdminStage(), launchBrowser()])
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

/** A window of an administrator, on the list of clients. */
async function windowAtClients(address: string, options: BrowserContextOptions): Promise<Page> {
  const page = await windowAtConsole(stage, browser, address, options)
  await page.goto(`${stage.service.issuer}/admin/clients`)
  return page
}

const PHONE = { javaScriptEnabled: false, viewport: { width: 360, height: 740 }, colorScheme: 'dark' } as const

test('an administrator registers an app on a phone, tries it, somebody signs in to it, and it is switched off', async () => {
  const relyingParty = await startRelyingParty({ issuer: stage.service.issuer, clientId: 'pocket-wiki', clientSecret: null })
  try {
    const page = await windowAtClients('ada@fabrikam.example', PHONE)
    const looks = async () => expect([page.url(), await outside(page)]).toEqual([page.url(), []])
    await looks()
    await press(page, 'a[href="/admin/new-client"]')
    await looks()
    await press(page, 'a[href="/admin/new-client/native"]')
    await page.getByLabel('Name', { exact: true }).fill('Pocket wiki')
    await page.getByLabel('Redirect addresses').fill('http://127.0.0.1/callback')
    await looks()
    await press(page, 'main form[action="/admin/new-client/native"] button')
    expect(await page.locator('h1').innerText()).toBe('Pocket wiki is registered')
    await looks()

    await press(page, 'main a[href="/admin/clients/pocket-wiki/try"]')
    await press(page, 'main form button')
    await press(page, 'button[value="allow"]') // as every native app asks: see oidc
    expect(await page.locator('h1').innerText()).toBe('The sign-in to Pocket wiki works')
    await looks()

    const person = await (await browser.newContext()).newPage()
    const there = Object.create(stage, { relyingParty: { value: relyingParty } }) as Stage
    const mail = await askForMail(there, person, 'reader@fabrikam.example')
    await typeCode(person, mail.code)
    await press(person, 'button[value="allow"]')
    expect(await arrived(person)).toMatchObject({ email: 'reader@fabrikam.example' })

    await page.goto(`${stage.service.issuer}/admin/clients/pocket-wiki`)
    await looks()
    await press(page, 'a[href="/admin/clients/pocket-wiki/disable"]')
    await looks()
    await press(page, 'main form button')
    expect(await page.getByRole('status').innerText()).toContain('Pocket wiki is switched off.')
    await person.goto(`${relyingParty.url}/login`)
    expect(new URL(person.url()).origin).toBe(stage.service.issuer)
    expect(await person.locator('main').innerText()).toMatch(/switched off/)
  } finally {
    await relyingParty.stop()
  }
}, 60_000)

test('the pages of clients hold up to the rules of accessibility', async () => {
  const page = await windowAtClients('bea@fabrikam.example', { viewport: { width: 1280, height: 800 } })
  for (const path of [
    '/admin/clients',
    '/admin/clients/dashboard',
    '/admin/new-client/web',
    '/admin/new-api',
    '/admin/search?q=dash',
  ]) {
    await page.goto(`${stage.service.issuer}${path}`)
    expect([path, await axe(page)]).toEqual([path, []])
  }
}, 60_000)
