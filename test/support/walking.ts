import type { Page } from 'playwright-core'
import { OUTSIDE_APP, type Walk } from './theatre.ts'

/** Steps that walks to many screens have in common. */

/** So many close a code. */
export const WRONG_CODES = 5

/** Clicks, and waits for the page that this leads to. */
export async function press(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.locator(selector).first().click()])
}

/** Types an address or a number into the first page, and sends it. */
export async function typeAddress(page: Page, address: string): Promise<void> {
  await page.locator('#identifier').fill(address)
  await press(page, 'main button')
}

/** From the application to the page after the first one. */
export async function identify({ stage, page, address }: Walk, query = ''): Promise<Page> {
  await page.goto(`${stage.relyingParty.url}/login${query}`)
  await typeAddress(page, address)
  return page
}

export async function wrongCodes(page: Page, count: number): Promise<Page> {
  for (let tried = 0; tried < count; tried++) {
    await page.locator('#code').fill('000000')
    await press(page, 'form[action$="/answer"] button')
  }
  return page
}

/** Reloads until the page shows this. */
export async function until(page: Page, selector: string): Promise<Page> {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    if ((await page.locator(selector).count()) > 0) return page
    await page.reload()
  }
  throw new Error(`${selector} does not come: ${await page.locator('main').innerText()}`)
}

/** What the application of somebody else asks for. */
export function outsideRequest(): Record<string, string> {
  return {
    client_id: OUTSIDE_APP.client_id,
    redirect_uri: OUTSIDE_APP.redirect_uris[0] ?? '',
    scope: 'openid profile email offline_access',
    prompt: 'consent', // OpenID Connect Core §11: else the engine leaves offline_access out
  }
}
