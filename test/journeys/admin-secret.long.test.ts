import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { until } from '../faults/fault-tools.ts'
import { type App, authorizeUrl, newVerifier, redeem, tokensOf } from '../protocol/protocol.ts'
import { startAdminPairStage } from '../support/admin.ts'
import { axe, launchBrowser } from '../support/browser.ts'
import { windowAtConsole } from '../support/console-window.ts'
import type { Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import { press } from '../support/walking.ts'

const CALLBACK = 'https://wiki.example/callback'
const PAGE = '/admin/clients/wiki'

let stage: Awaited<ReturnType<typeof startAdminPairStage>>
let browser: Browser
let page: Page

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startAdminPairStage(), launchBrowser()])
  page = await windowAtConsole(stage, browser, 'ada@fabrikam.example')
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const wiki = (secret: string): App => ({ id: 'wiki', secret, redirectUri: CALLBACK })
const at = (path: string) => page.goto(`${stage.service.issuer}${path}`)

/** The secret that this page shows. */
async function shown(): Promise<string> {
  const secret = await page.locator('div:has(> dt:text("Client secret")) > dd').innerText()
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(await axe(page)).toEqual([])
  return secret
}

/** Somebody signs in once more; answers what the application gets by this secret from this instance. */
async function signsIn(visitor: Visitor, secret: string, via: Service): Promise<unknown> {
  const verifier = newVerifier()
  const { location } = await visitor.open(authorizeUrl(stage.service, wiki(secret), verifier))
  const code = new URL(location ?? 'none:').searchParams.get('code') ?? ''
  const { status, body } = await redeem(stage.service, wiki(secret), { code, verifier }, {}, via)
  return body.error ?? status
}

/** An application where people sign in without a pause, by both instances in turn. */
function startApplication(visitor: Visitor, secret: string) {
  const seen: { secret: string; came: unknown }[] = []
  let [own, ends] = [secret, false]
  const times = () => seen.filter(({ secret }) => secret === own).length
  const running = (async () => {
    for (let turn = 0; !ends; turn++) {
      const used = own
      const came = await signsIn(visitor, used, turn % 2 ? stage.second : stage.service)
      seen.push({ secret: used, came })
    }
  })()
  return {
    /** From here on it has this secret; answers when it has signed people in by it at both. */
    async changeOver(next: string) {
      own = next
      await until('people sign in by the next secret', () => times() >= 3)
    },
    async stop() {
      ends = true
      await running
      return seen
    },
  }
}

test('R-171 an application changes its secret over while people sign in, and the old one is refused everywhere at once', async () => {
  await at('/admin/new-client/web')
  await page.getByLabel('Name', { exact: true }).fill('wiki')
  await page.getByLabel('Redirect addresses').fill(CALLBACK)
  await page.getByLabel('one of your own applications').check()
  await press(page, 'main form button.btn')
  const first = await shown()
  const { visitor } = await tokensOf(stage, wiki(first), { email: 'reader@fabrikam.example' })
  const application = startApplication(visitor, first)

  await at(PAGE)
  await press(page, `a[href="${PAGE}/new-secret"]`)
  await press(page, 'main form button.btn')
  const second = await shown()
  await at(PAGE)
  expect(await page.content()).not.toContain(second)
  await application.changeOver(second)
  expect(await signsIn(visitor, first, stage.second)).toBe(200) // both count until one is retired

  const old = page.locator('li', { hasText: `…${first.slice(-4)}` }).first()
  await old.getByRole('link', { name: 'Retire' }).click()
  await press(page, 'main form button')
  const refused = async (via: Service) => (await signsIn(visitor, first, via)) === 'invalid_client'
  expect(await refused(stage.service)).toBe(true)
  await until('the other instance refuses it at once, though it has the client in memory', () => refused(stage.second), 1)
  expect(await page.locator('main').innerText()).not.toContain(first.slice(-4))
  const seen = await application.stop()
  expect(seen.filter(({ came }) => came !== 200)).toEqual([])
  expect(new Set(seen.map(({ secret }) => secret))).toEqual(new Set([first, second]))
}, 60_000)
