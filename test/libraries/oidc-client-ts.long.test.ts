import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { EMAIL, npm, type RunningLibrary, startLibrary, untilRefreshed } from './library.ts'

let library: RunningLibrary | null
let browser: Browser
beforeAll(async () => {
  library = await startLibrary({ name: 'oidc-client-ts', ...npm('serve.js') })
  browser = await launchBrowser()
}, 180_000)
afterAll(async () => {
  await browser.close()
  await library?.stop()
})

const who = async (page: Page) => JSON.parse((await page.locator('#who').textContent()) || 'null') as unknown

async function enter({ stage, origin }: RunningLibrary): Promise<{ page: Page; faults: string[] }> {
  const page = await (await browser.newContext()).newPage()
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()))
  await page.goto(`${origin}/`)
  await page.locator('body[data-ready]').waitFor()
  await page.locator('#sign-in').click()
  await page.getByLabel('Email').fill(EMAIL)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Check your email' }).waitFor()
  await page.getByLabel('6-digit code').fill((await stage.mailbox.next(EMAIL)).code ?? '')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.locator('#who:not(:empty)').waitFor()
  return { page, faults }
}

describe('a single-page application with oidc-client-ts, in Chromium', () => {
  test('signs somebody in, refreshes and stays signed in, and signs out here and there', async () => {
    if (!library) return
    const { page, faults } = await enter(library)
    const person = { sub: expect.stringMatching(/^[\w-]{22}$/), email: EMAIL }
    expect(await who(page)).toEqual(person)
    expect(page.url()).toBe(`${library.origin}/`)
    for (const count of [1, 2]) {
      await page.locator('#refresh').click()
      await untilRefreshed(library, count)
    }
    await page.reload()
    await page.locator('#who:not(:empty)').waitFor()
    expect(await who(page)).toEqual(person)
    await page.locator('#sign-out').click()
    await page.locator('button[value=yes]').click()
    await page.waitForURL(`${library.origin}/**`)
    await page.locator('body[data-ready]').waitFor()
    expect(await who(page)).toBeNull()
    await page.locator('#sign-in').click()
    await page.getByLabel('Email').waitFor()
    expect(faults).toEqual([])
  })
})
