import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Stage } from '../support/stage.ts'
import { type AuthenticatorOptions, addAuthenticator, type VirtualAuthenticator } from '../support/virtual-authenticator.ts'
import { arrived } from '../support/window.ts'
import { firstProof } from './second-window.ts'

/** What a person with a passkey does again and again. */

const NO_FIELD = 'PublicKeyCredential.isConditionalMediationAvailable = async () => false'

/** Somebody's window, with an authenticator in it. `field` false: of a browser that offers no passkeys in fields. */
export interface Window {
  page: Page
  context: BrowserContext
  authenticator: VirtualAuthenticator
}

export async function openWindow(browser: Browser, options: AuthenticatorOptions & { field?: boolean } = {}): Promise<Window> {
  const context = await browser.newContext()
  if (options.field === false) await context.addInitScript(NO_FIELD)
  const page = await context.newPage()
  return { page, context, authenticator: await addAuthenticator(page, options) }
}

/** Signs in by email and makes the passkey that is offered then. Answers the `sub`. */
export async function withPasskey(stage: Stage, page: Page, email: string): Promise<string> {
  await firstProof(stage, page, email)
  await page.getByRole('button', { name: 'Create a passkey' }).click()
  return (await arrived(page)).sub
}

/** From the application to the page that asks who it is. */
export async function toDoor(stage: Stage, page: Page, parameters: Record<string, string> = { prompt: 'login' }): Promise<void> {
  await page.goto(`${stage.relyingParty.url}/login?${new URLSearchParams(parameters)}`)
}

/** The button on the page that asks who it is. */
export async function pressPasskey(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
}
