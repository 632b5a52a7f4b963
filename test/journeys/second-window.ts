import { generateSync } from 'otplib'
import type { Page } from 'playwright-core'
import type { Stage } from '../support/stage.ts'
import { askForMail, typeCode } from '../support/window.ts'

/** An authenticator app that was given the key of a page. It shows what such an app shows at this moment. */
export function appWith(stage: Stage, key: string): () => string {
  const secret = key.replaceAll(' ', '')
  return () => generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + stage.service.clockSeconds })
}

/** The key that the page shows to be typed, after "Type the key instead". */
export async function readKey(page: Page): Promise<string> {
  await page.getByText('Type the key instead').click()
  const key = await page.locator('details .mono').innerText()
  if (!/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/.test(key)) throw new Error(`no key: ${key}`)
  return key
}

/** From the application to the page after the first proof, by the code of an email. */
export async function firstProof(
  stage: Stage,
  page: Page,
  email: string,
  parameters: Record<string, string> = {},
): Promise<void> {
  const { code } = await askForMail(stage, page, email, parameters)
  await typeCode(page, code)
}

/** What somebody has who set up an authenticator. */
export interface Kept {
  app(): string
  codes: string[]
}

/** From the page that says a second proof must be set up to the application; what the person keeps. */
export async function setUp(stage: Stage, page: Page, name = ''): Promise<Kept> {
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const app = appWith(stage, await readKey(page))
  if (name) await page.getByLabel('Give it a name').fill(name)
  await page.getByLabel('Type the 6 digits it shows').fill(app())
  await page.getByRole('button', { name: 'Turn on' }).click()
  return { app, codes: await keepCodes(page) }
}

/** Reads the recovery codes, says that they are saved, and goes on. */
export async function keepCodes(page: Page): Promise<string[]> {
  await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allInnerTexts()
  await page.getByLabel('I have saved these codes somewhere safe').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  return codes
}

/** Types the code of an authenticator, on the page that asks for it. */
export async function typeAppCode(page: Page, code: string): Promise<void> {
  await page.getByRole('heading', { name: 'Type the code from your app' }).waitFor()
  await typeCode(page, code)
}

/** How somebody signed in, as the application shows it. */
export async function toldTo(page: Page): Promise<{ amr: string[]; acr: string; auth_time: number; sub: string }> {
  const shown = JSON.parse((await page.locator('#claims').textContent()) ?? '{}')
  const { amr, acr, auth_time, sub } = shown.idToken
  return { amr, acr, auth_time, sub }
}
