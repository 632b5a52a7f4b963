import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { membersOf } from '../protocol/account-person.ts'
import { codeOf } from '../rooms/totp-support.ts'
import type { Mail } from './mailbox.ts'
import { createVisitor } from './person.ts'
import type { Stage } from './stage.ts'
import { press } from './walking.ts'

/** What a person with a real browser does again and again around the account page. */

/** An authenticator app. What it shows counts once, so each look waits for the next step. */
type App = () => Promise<string>

interface ProofOptions {
  app?: App
  /** Given in place of what an app shows. */
  recoveryCode?: string | undefined
  /** Chooses not to be asked for the second proof again in this browser. */
  remember?: boolean
}

const STEP_SECONDS = 30

/** Opens a page of the account page, and proves what is asked for on the way. */
export async function openAccountPage(
  stage: Stage,
  page: Page,
  address: string,
  { path = '/account', ...proof }: ProofOptions & { path?: string } = {},
): Promise<void> {
  await page.goto(`${stage.service.issuer}${path}`)
  await passDoor(stage, page, address, proof)
}

/** Signs in at the relying party, and answers the way it went: what was asked for, in this order. */
export async function signInAtApp(
  stage: Stage,
  page: Page,
  address: string,
  { parameters = {}, ...proof }: ProofOptions & { parameters?: Record<string, string> } = {},
): Promise<string[]> {
  await page.goto(`${stage.relyingParty.url}/login?${new URLSearchParams(parameters)}`)
  return passDoor(stage, page, address, proof)
}

/** Gives what each page of a sign-in asks for, once and in any language; stops where nothing is asked for or nothing helps. */
async function passDoor(stage: Stage, page: Page, address: string, proof: ProofOptions = {}): Promise<string[]> {
  const { app, recoveryCode, remember = false } = proof
  const asked: string[] = []
  const has = async (selector: string) => (await page.locator(selector).count()) > 0
  const give = async (what: string, field: string, value: string) => {
    await page.locator(field).fill(value)
    await press(page, `form:has(${field}) button:not([type=button])`)
    asked.push(what)
  }
  const choice = `button[name=way][value=${recoveryCode ? 'recovery' : 'totp'}]`
  for (let steps = 0; steps < 10; steps++) {
    if (asked.includes('second') || !new URL(page.url()).pathname.startsWith('/sign-in/')) return asked
    if (await has('#identifier')) await give('address', '#identifier', address)
    else if (await has('form[action$="/answer"]')) await give('code', '#code', await codeFor(stage, address))
    else if (!app && !recoveryCode) return asked
    else if (await has(choice)) await press(page, choice)
    else if (recoveryCode && (await has('input.code#code'))) await press(page, 'form[action$="/other-way"] button')
    else {
      if (remember) await page.locator('[name=remember]').check()
      await give('second', '#code', recoveryCode ?? (await app?.()) ?? '')
    }
  }
  throw new Error(`the door does not open: ${await page.locator('main').innerText()}`)
}

async function codeFor(stage: Stage, address: string): Promise<string> {
  const { code, subject } = await stage.mailbox.next(address)
  if (code === null) throw new Error(`the mail "${subject}" lacks its code`)
  return code
}

/** The app that was given the key on this page. */
export async function appWithKey(stage: Stage, page: Page): Promise<App> {
  const key = ((await page.locator('.ref').textContent()) ?? '').replaceAll(' ', '')
  if (!/^[A-Z2-7]{32,}$/.test(key)) throw new Error(`no key on ${page.url()}: ${key}`)
  return steadily(stage, () => codeOf(key, Math.floor(Date.now() / 1000) + stage.service.clockSeconds))
}

/**
 * A window of somebody who has signed in on the account page, and has set an authenticator up there where that is asked for;
 * without the time that windows take for it.
 */
export async function windowOf(
  stage: Stage,
  browser: Browser,
  address: string,
  { authenticator = false, ...options }: BrowserContextOptions & { authenticator?: boolean } = {},
): Promise<{ page: Page; app: App; codes: string[] }> {
  const on = membersOf(stage)
  const visitor = createVisitor(stage.service)
  const member = await on.member(address, undefined, visitor)
  const { shows, codes } = authenticator ? await on.addAuthenticator(member) : { shows: () => '', codes: [] }
  const context = await browser.newContext(options)
  await context.addCookies(
    visitor.jar.all().map(({ name, value, host, path, secure, expiresAt }) => ({
      ...{ name, value, path, secure, domain: host, expires: expiresAt === null ? -1 : expiresAt / 1000 },
    })),
  )
  return { page: await context.newPage(), app: steadily(stage, shows), codes }
}

function steadily(stage: Stage, shows: () => string): App {
  return async () => {
    await stage.moveClock(STEP_SECONDS)
    return shows()
  }
}

/** The recovery codes on this page. */
export function codesShown(page: Page): Promise<string[]> {
  return page.locator('.codes li').allInnerTexts()
}

/** Leaves the page with the codes as somebody who has kept them. */
export async function keepCodes(page: Page): Promise<void> {
  await page.locator('[name=kept]').check()
  await press(page, 'form:has([name=kept]) button:not([type=button])')
}

/** The next mail to this address that tells of this; others before it are passed over. */
export async function noticeOf(stage: Stage, address: string, subject: string): Promise<Mail & { objection: string }> {
  for (;;) {
    const mail = await stage.mailbox.nextNotice(address)
    if (mail.subject.includes(subject) && mail.objection) return { ...mail, objection: mail.objection }
  }
}

/** Whether this window can read the account page, without proving anything. */
export async function isInside(stage: Stage, page: Page): Promise<boolean> {
  await page.goto(`${stage.service.issuer}/account`)
  return new URL(page.url()).pathname === '/account'
}
