import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { isInside, signInAtApp, windowOf } from '../support/account-window.ts'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived } from '../support/window.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newWindow = async () => (await browser.newContext()).newPage()

const GRACE_SECONDS = 14 * 86_400

test('R-185 the download holds all that it says, what one has done oneself, and nothing of anybody else', async () => {
  const [address, stranger] = ['export@fabrikam.example', 'not-in-it@fabrikam.example']
  await stage.signIn(stranger)
  const { sub: theirs } = stage.relyingParty.last().idToken
  await stage.signIn(address)
  const { sub } = stage.relyingParty.last().idToken
  const { page, codes } = await windowOf(stage, browser, address, { authenticator: true })
  await page.goto(`${stage.service.issuer}/account/data`)
  const link = page.getByRole('link', { name: 'Download (JSON)' })
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()])
  expect(file.suggestedFilename()).toBe('my-data.json')
  const text = await readFile(await file.path(), 'utf8')
  const data = JSON.parse(text)
  expect(data).toMatchObject({
    account: { sub, state: 'active', closing_at: null },
    addresses: [{ kind: 'email', address, primary: true }],
    authenticators: [{ kind: 'totp', name: 'Phone' }],
    recovery_codes_left: 10,
    remembered_devices: [],
    apps: [{ client_id: 'test-app', first_party: true }],
  })
  expect(data.sessions).toHaveLength(2)
  const events = data.activity.map(({ event }: { event: string }) => event)
  expect(events).toEqual(expect.arrayContaining(['account.created', 'sign_in.completed', 'factor.added', 'account.exported']))
  expect(events.filter((event: string) => event === 'account.created')).toHaveLength(1) // one of two
  for (const foreign of [theirs, stranger, codes[0] ?? '']) expect(text).not.toContain(foreign)
  for (const secret of ['"hash"', '"data"', '"secret"', '"payload"']) expect(text).not.toContain(secret)
})

test('R-185 without JavaScript an account is deleted, kept, and deleted for good: who signs up again is somebody new', async () => {
  const address = 'leaving@fabrikam.example'
  await stage.signIn(address)
  const { sub } = stage.relyingParty.last().idToken
  const other = (await windowOf(stage, browser, address)).page
  const { page } = await windowOf(stage, browser, address, { javaScriptEnabled: false })
  const close = async () => {
    await page.goto(`${stage.service.issuer}/account/data`)
    await page.getByRole('link', { name: 'Delete my account' }).click()
    await page.getByRole('heading', { name: 'Delete your account?' }).waitFor()
    expect(await page.locator('main').innerText()).toContain(address)
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText('Your account will be deleted on').waitFor()
  }
  await close()
  expect(await isInside(stage, other)).toBe(false)
  await page.getByRole('button', { name: 'Keep my account' }).click()
  await page.getByText('Your account stays.').waitFor()
  expect(await page.getByText('Your account will be deleted on').count()).toBe(0)
  await close()
  const back = await newWindow()
  await signInAtApp(stage, back, address)
  expect((await arrived(back)).sub).toBe(sub) // until then one can come back

  await stage.moveClock(GRACE_SECONDS + 1)
  expect(await isInside(stage, page)).toBe(false)
  const again = await newWindow()
  await signInAtApp(stage, again, address)
  const now = await arrived(again)
  expect(now.email).toBe(address)
  expect(now.sub).not.toBe(sub)
})
