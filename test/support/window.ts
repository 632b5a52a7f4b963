import type { BrowserContext, Page } from 'playwright-core'
import { query } from './database.ts'
import type { Mail } from './mailbox.ts'
import type { Stage } from './stage.ts'
import type { SentText } from './text-server.ts'

/** What a person with a real browser does again and again on the way through a sign-in. */

/** Begins at the relying party and stops at the first page of the sign-in. */
export async function arriveAtDoor(stage: Stage, page: Page, parameters: Record<string, string> = {}): Promise<void> {
  await page.goto(`${stage.relyingParty.url}/login?${new URLSearchParams(parameters)}`)
  await page.getByLabel('Email').waitFor()
}

/** Begins a sign-in with this address, up to the waiting page, and answers its mail. */
export async function askForMail(
  stage: Stage,
  page: Page,
  email: string,
  parameters: Record<string, string> = {},
): Promise<Mail & { code: string; link: string }> {
  await arriveAtDoor(stage, page, parameters)
  return sendTo(stage, page, email)
}

/** From the first page of a sign-in to the waiting page. */
export async function sendTo(stage: Stage, page: Page, email: string): Promise<Mail & { code: string; link: string }> {
  await page.getByLabel('Email').fill(email)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Check your email' }).waitFor()
  return whole(await stage.mailbox.next(email))
}

/** Begins a sign-in with this number, up to the waiting page, and answers its text. */
export async function askForText(
  stage: Stage,
  page: Page,
  number: string,
  parameters: Record<string, string> = {},
): Promise<SentText & { code: string }> {
  await arriveAtDoor(stage, page, parameters)
  return textTo(stage, page, number)
}

/** From the first page of a sign-in to the waiting page for a text; `typed`: the number as this person writes it. */
export async function textTo(stage: Stage, page: Page, number: string, typed = number): Promise<SentText & { code: string }> {
  await typeIdentifier(page, typed)
  await page.getByRole('heading', { name: 'Check your phone' }).waitFor()
  return nextText(stage, number)
}

/** Types an address or a number into the first page and presses the button. */
export async function typeIdentifier(page: Page, typed: string): Promise<void> {
  await page.getByLabel('Email').fill(typed)
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** The next text to this number by the first provider. */
export async function nextText(stage: Stage, number: string): Promise<SentText & { code: string }> {
  const text = await stage.texts.sns.next(number)
  if (text.code === null) throw new Error(`the text "${text.text}" lacks its code`)
  return { ...text, code: text.code }
}

/** How many texts both providers were asked to send to this number. */
export function textsTo(stage: Stage, number: string): number {
  return [...stage.texts.sns.asked, ...stage.texts.twilio.asked].filter(({ to }) => to === number).length
}

/** Puts a number on file beside the email address of an account; proven with the address, or so many days before. */
export async function giveNumber(stage: Stage, email: string, number: string, daysBefore = 0): Promise<void> {
  const rows = await query(
    stage.service.databaseUrl,
    `insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
     select 'phone', $2, account_id, created_at, created_at, proven_at - $3 * interval '1 day', created_at from address where kind = 'email' and canonical = $1
     returning account_id`,
    [email, number, daysBefore],
  )
  if (rows.length !== 1) throw new Error(`nobody has ${email}`)
}

/** A mail that has both a link and a code, as every mail of a sign-in that nobody attacks. */
export function whole(mail: Mail): Mail & { code: string; link: string } {
  const { code, link } = mail
  if (code === null || link === null) throw new Error(`the mail "${mail.subject}" lacks its code or its link`)
  return { ...mail, code, link }
}

/** Types a code into the waiting page and presses the button. */
export async function typeCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('6-digit code').fill(code)
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** Waits until this window has arrived at the relying party, and answers who it says signed in here. */
export async function arrived(page: Page): Promise<{ sub: string; email?: string; phone?: string; amr: string[] }> {
  const shown = await page.locator('#claims').textContent()
  const { idToken, userinfo } = JSON.parse(shown ?? '{}')
  return { sub: idToken.sub, email: userinfo.email, phone: userinfo.phone_number, amr: idToken.amr }
}

/** The six digits that are surely wrong, `nth` of several. */
export function wrongCode(right: string, nth = 1): string {
  return String((Number(right) + nth) % 1_000_000).padStart(6, '0')
}

/** What the issuer says about this browser without any page: the `error` of an answer to `prompt=none`, or `null`. */
export async function silentError(stage: Stage, context: BrowserContext): Promise<string | null> {
  const ask = async (url: string): Promise<string> => {
    const answer = await context.request.get(url, { maxRedirects: 0 })
    return answer.headers().location ?? ''
  }
  const request = await ask(`${stage.relyingParty.url}/login?prompt=none`)
  const location = new URL(await ask(request))
  if (!location.href.startsWith(stage.relyingParty.redirectUri)) throw new Error(`prompt=none leads to ${location.href}`)
  return location.searchParams.get('error')
}

/** Reloads a page without JavaScript, as "Check again" does, until it shows these words. */
export async function reloadUntil(page: Page, words: string): Promise<void> {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    if ((await page.getByText(words).count()) > 0) return
    await page.reload()
  }
  throw new Error(`the page does not say "${words}": ${await page.locator('main').innerText()}`)
}

/** The visible words of the page's middle, without the times in them. */
export async function wordsOf(page: Page): Promise<string> {
  return (await page.locator('main').innerText()).replace(/\d\d:\d\d/g, 'hh:mm').replace(/\s+/g, ' ')
}

/** Every attempt and challenge for an address as stored, oldest first. */
export async function storedFor(stage: Stage, email: string): Promise<Record<string, unknown>[]> {
  return query(
    stage.service.databaseUrl,
    `select to_jsonb(a) as attempt, to_jsonb(c) as challenge from challenge c join attempt a on a.id = c.attempt_id
     where c.target = $1 order by a.created_at`,
    [email],
  )
}

/** The newest challenge for an address: how often it was tried, how many mails it has, what became of it. */
export async function newestChallenge(stage: Stage, email: string): Promise<{ state: string; tries: number; messages: number }> {
  const [row] = await query<{ state: string; tries: number; messages: number }>(
    stage.service.databaseUrl,
    'select state, tries, messages from challenge where target = $1 order by first_sent_at desc limit 1',
    [email],
  )
  if (!row) throw new Error(`nothing was asked for ${email}`)
  return row
}

const LOOK_EVERY_MS = 20

/** Waits until the newest message to this address was handed over and the service has written that down. */
export async function handedOver(stage: Stage, email: string): Promise<void> {
  const state = 'select state from delivery where target = $1 order by created_at desc limit 1'
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    const [row] = await query<{ state: string }>(stage.service.databaseUrl, state, [email])
    if (row?.state === 'handed_over') return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error(`the message to ${email} was not handed over`)
}
