import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { axe, launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { silentError, typeCode, wrongCode } from '../support/window.ts'
import { appWith, firstProof, keepCodes, readKey, setUp, toldTo, typeAppCode } from './second-window.ts'

const [TWO, THREE] = ['urn:doorward:acr:2', 'urn:doorward:acr:3']
const LOGIN = { prompt: 'login' }

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const options = { env: { LIMITS: GENEROUS_LIMITS, SECOND_FACTOR: 'required' }, client: { client_name: 'Fabrikam' } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

describe('a second proof is required, and there is none yet', () => {
  test.each([true, false])(
    'R-101, R-107 it is set up on the way to the application, asked for the next time, and a recovery code stands in for it (JavaScript: %s)',
    async (script) => {
      const email = script ? 'maria@fabrikam.example' : 'plain@fabrikam.example'
      const page = await newPage({ javaScriptEnabled: script })
      await firstProof(stage, page, email)
      await page.getByText('Signing in to Fabrikam takes a second proof, and you have none yet.').waitFor()
      expect(await silentError(stage, page.context())).toBe('login_required')

      const { app, codes } = await setUp(stage, page, 'My phone')
      const first = await toldTo(page)
      expect(first).toMatchObject({ amr: ['email_code', 'otp', 'mfa'], acr: THREE })
      expect([codes.length, new Set(codes).size]).toEqual([10, 10])

      await stage.moveClock(30)
      await firstProof(stage, page, email, LOGIN)
      await page.getByText('My phone').waitFor()
      await typeAppCode(page, app())
      expect(await toldTo(page)).toMatchObject({ sub: first.sub, amr: ['email_code', 'otp', 'mfa'], acr: THREE })

      // The phone is lost: elsewhere, with what was saved.
      const other = await newPage({ javaScriptEnabled: script })
      await firstProof(stage, other, email)
      await other.getByRole('button', { name: 'Confirm in another way' }).click()
      await other.getByText('10 codes left').waitFor()
      await other.getByRole('button', { name: 'Recovery code' }).click()
      await other.getByLabel('Recovery code').fill((codes[3] ?? '').toLowerCase())
      await other.getByRole('button', { name: 'Continue' }).click()
      expect(await toldTo(other)).toMatchObject({ sub: first.sub, amr: ['email_code', 'recovery_code', 'mfa'], acr: TWO })
    },
    40_000,
  )

  test('R-107 the key and the codes stay through a reload, the picture is the key, and nobody sees either again', async () => {
    const email = 'reload@fabrikam.example'
    const page = await newPage()
    await firstProof(stage, page, email)
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
    const key = await readKey(page)
    await page.reload()
    expect(await readKey(page)).toBe(key)
    expect(await page.locator('svg.qr path').getAttribute('d')).toMatch(/^M/)
    expect(await axe(page)).toEqual([])

    const app = appWith(stage, key)
    await page.getByLabel('Type the 6 digits it shows').fill(wrongCode(app()))
    await page.getByRole('button', { name: 'Turn on' }).click()
    await page.getByText('That code is not right. Type the one that shows now.').waitFor()
    const used = app()
    await page.getByLabel('Type the 6 digits it shows').fill(used)
    await page.getByRole('button', { name: 'Turn on' }).click()
    await page.getByRole('heading', { name: 'Save your recovery codes' }).waitFor()
    const list = page.getByRole('list', { name: 'Recovery codes' })
    const shown = await list.allInnerTexts()
    await page.reload()
    expect(await list.allInnerTexts()).toEqual(shown)
    expect(await axe(page)).toEqual([])
    const codesUrl = page.url()
    await keepCodes(page)
    await toldTo(page)
    await page.goto(codesUrl)
    const words = await page.locator('main').innerText()
    for (const code of [...shown.join('\n').split('\n'), key]) expect(words).not.toContain(code)
    await page.goBack()

    // The code that turned it on is used.
    await firstProof(stage, page, email, LOGIN)
    await typeAppCode(page, used)
    await page.getByText('That code is not right').first().waitFor()
    await stage.moveClock(30)
    await typeCode(page, app())
    await toldTo(page)
  })

  test('R-101 given up half-way, the next sign-in begins anew, with another key', async () => {
    const email = 'half-way@fabrikam.example'
    const page = await newPage()
    await firstProof(stage, page, email)
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
    const key = await readKey(page)
    await page.getByRole('button', { name: 'Start again' }).click()
    await page.getByLabel('Email').waitFor()
    await firstProof(stage, page, email)
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
    expect(await readKey(page)).not.toBe(key)
  })
})
