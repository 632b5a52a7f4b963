import { afterAll, beforeAll, expect } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, handedOver, silentError, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

/** What reads mail before the person does. */
interface Robot {
  visit(link: string): Promise<unknown>
  /** What the issuer says about it afterwards, asked without a page and with its own cookies. */
  silentError(): Promise<string | null>
}

const STAY_MS = 5000
const ROUNDS = 3

/** By what they do. */
export const robots: Record<string, () => Promise<Robot>> = {
  'asks with HEAD and OPTIONS': withoutWindow(async (robot, link) => {
    for (const method of ['HEAD', 'OPTIONS']) {
      const answer = await send(link, { method, via: stage.service })
      expect(answer.setCookies).toEqual([])
      robot.jar.keep(link, answer.setCookies)
    }
  }),
  'gets the page': withoutWindow((robot, link) => robot.get(link)),
  'gets the page twice, keeping cookies': withoutWindow(async (robot, link) => {
    await robot.get(link)
    await robot.get(link)
  }),
  prefetches: withoutWindow((robot, link) => robot.get(link, { purpose: 'prefetch', 'sec-purpose': 'prefetch' })),
  'follows every redirect': withoutWindow((robot, link) => robot.open(link)),
  'posts to every address it sees': withoutWindow(async (robot, link) => {
    const page = await robot.open(link)
    for (const form of page.forms) await robot.follow(await robot.submit(form))
    for (const path of ['', '/continue', '/answer', '/identify', '/switch']) {
      const target = path === '' ? link : link.replace(/\/link\/.*/, path)
      const answer = await robot.post(target, {})
      expect(answer.location).toBeNull()
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    }
  }),
  'runs scripts and stays for five seconds': withWindow(async (page, link) => {
    await page.goto(link)
    await page.waitForTimeout(STAY_MS)
  }),
  'presses whatever can be pressed': withWindow(async (page, link) => {
    for (let round = 0; round < ROUNDS; round++) {
      await page.goto(link)
      const count = await page.locator('button, a, input, [role=button]').count()
      for (let nth = 0; nth < count; nth++) {
        await page
          .locator('button, a, input, [role=button]')
          .nth(nth)
          .click({ timeout: 2000 })
          .catch(() => {})
        await page.goto(link)
      }
      await page.evaluate('for (const form of document.forms) form.submit()')
      await page.keyboard.press('Enter')
    }
  }),
}

/** A service and a browser for the tests of a file. */
export function setScene(): void {
  beforeAll(async () => {
    ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    await stage?.stop()
  })
}

/** The person begins, this robot reads the mail first, and the person goes on by this face. */
export async function readsFirst(name: string, face: 'link' | 'code'): Promise<void> {
  const email = `${name.toLowerCase().replace(/\W+/g, '-')}.${face}@fabrikam.example`
  const page = await (await browser.newContext()).newPage()
  const mail = await askForMail(stage, page, email)
  await handedOver(stage, email)
  const before = await everyRow()
  const robot = (await robots[name]?.()) as Robot
  await robot.visit(mail.link)
  expect(await everyRow()).toEqual(before)
  expect(await robot.silentError()).toBe('login_required')

  if (face === 'link') {
    await page.goto(mail.link)
    await page.getByRole('button', { name: 'Sign in' }).click()
  } else {
    await typeCode(page, mail.code)
  }
  expect(await arrived(page)).toMatchObject({ email, amr: [`email_${face}`] })
}

/** … and one that sits in the person’s own browser. */
export async function readsInOwnBrowser(): Promise<void> {
  const email = 'extension@fabrikam.example'
  const context = await browser.newContext()
  const page = await context.newPage()
  const mail = await askForMail(stage, page, email)
  await handedOver(stage, email)
  const before = await everyRow()
  for (const method of ['HEAD', 'GET', 'GET']) await context.request.fetch(mail.link, { method })
  await page.goto(mail.link)
  expect(await page.locator('script').count()).toBe(0) // nothing there could press the button by itself
  expect(await everyRow()).toEqual(before)
  expect(await silentError(stage, context)).toBe('login_required')
  await page.getByRole('button', { name: 'Sign in' }).click()
  expect((await arrived(page)).email).toBe(email)
}

function withoutWindow(act: (robot: Visitor, link: string) => Promise<unknown>): () => Promise<Robot> {
  return async () => {
    const robot = createVisitor(stage.service)
    return {
      visit: (link) => act(robot, link),
      silentError: async () => {
        const answer = await robot.get(await stage.authorizeUrl(robot, { prompt: 'none' }))
        return new URL(answer.location ?? '').searchParams.get('error')
      },
    }
  }
}

function withWindow(act: (page: Page, link: string) => Promise<unknown>): () => Promise<Robot> {
  return async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    return { visit: (link) => act(page, link), silentError: () => silentError(stage, context) }
  }
}

const TABLES = ['attempt', 'challenge', 'delivery', 'account', 'address', 'consent', 'oidc_record', 'audit_entry']

/** Which place a row of the trail has in its chain is written by a job, once a minute. */
const BY_A_JOB = `array['chain_seq', 'chain_salt', 'chain_proof', 'chain_hash']`

/** Everything a robot could have changed: a digest of all rows, by table. */
async function everyRow(): Promise<Record<string, string>> {
  const digests = TABLES.map(
    (name) => `(select md5(coalesce(string_agg(row, ' ' order by row), '')) from (
      select (to_jsonb(t) - ${BY_A_JOB})::text as row from ${name} t) rows) as ${name}`,
  )
  const [row] = await query<Record<string, string>>(stage.service.databaseUrl, `select ${digests.join(', ')}`)
  return row ?? {}
}
