import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { essential } from '../protocol/second-walk.ts'
import { axe, launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, sendTo, typeCode, wordsOf } from '../support/window.ts'
import { openWindow, pressPasskey, toDoor, withPasskey } from './passkey-window.ts'
import { firstProof, toldTo } from './second-window.ts'

const ONE = 'urn:doorward:acr:1'
const OFFER = 'Next time, skip the email'
const REFUSED = 'That passkey is not known here.'
const DAY_SECONDS = 86_400

let stage: Stage
let browser: Browser

beforeAll(async () => {
  const options = { env: { LIMITS: GENEROUS_LIMITS }, client: { client_name: 'Fabrikam' } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

describe('a passkey in place of an address', () => {
  test('R-114 by the button and the keyboard alone, where a browser offers none in the field', async () => {
    const { page } = await openWindow(browser, { field: false })
    const sub = await withPasskey(stage, page, 'button@fabrikam.example')
    await toDoor(stage, page)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
    expect(await axe(page)).toEqual([])
    expect(await page.getByLabel('Email').getAttribute('autocomplete')).toBe('username webauthn')
    const mails = stage.mailbox.count('button@fabrikam.example')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent.trim()')).toBe('Sign in with a passkey')
    await page.keyboard.press('Enter')
    expect(await toldTo(page)).toMatchObject({ sub, amr: ['passkey', 'pop', 'user', 'uv', 'mfa'], acr: 'phr' })
    expect(stage.mailbox.count('button@fabrikam.example')).toBe(mails)
  })

  test('R-069 without user verification it is one proof: level 1, and what insists on more gets the email besides', async () => {
    const { page, authenticator } = await openWindow(browser, { field: false })
    const sub = await withPasskey(stage, page, 'present@fabrikam.example')
    await authenticator.verifies(false)
    // The browser asks its authenticator for less than it was told to: what counts is what was signed.
    await page.route('**/passkey/options', async (route) => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, json: { ...(await answer.json()), userVerification: 'discouraged' } })
    })
    await toDoor(stage, page)
    await pressPasskey(page)
    expect(await toldTo(page)).toMatchObject({ sub, amr: ['passkey', 'pop', 'user'], acr: ONE })

    await toDoor(stage, page, { prompt: 'login', claims: essential('phr') })
    await pressPasskey(page)
    await page.getByText('Your passkey is confirmed. One more proof is needed').waitFor()
    expect(await axe(page)).toEqual([])
    await page.getByRole('button', { name: 'Email' }).click()
    await page.getByText('Your passkey is confirmed. One more proof is needed').waitFor()
    const { code } = await stage.mailbox.next('present@fabrikam.example')
    await typeCode(page, code ?? '')
    expect(await toldTo(page)).toMatchObject({ sub, amr: ['passkey', 'pop', 'user', 'email_code', 'mfa'], acr: 'phr' })
  })

  test('R-085, R-114 one that nobody has is answered like one whose signature is wrong, and the field stays', async () => {
    const { page, authenticator } = await openWindow(browser, { field: false })
    await withPasskey(stage, page, 'stranger@fabrikam.example')
    const [mine] = await authenticator.passkeys()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const forged = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64')
    const said: string[] = []
    await authenticator.forget(mine?.credentialId ?? '')
    for (const passkey of [
      { ...mine, credentialId: Buffer.alloc(32, 7).toString('base64') },
      { ...mine, privateKey: forged },
    ]) {
      await authenticator.add(passkey as never)
      await toDoor(stage, page)
      await pressPasskey(page)
      await page.getByText(REFUSED).waitFor()
      expect(await axe(page)).toEqual([])
      said.push(await wordsOf(page))
      await authenticator.forget((passkey as { credentialId: string }).credentialId)
    }
    expect(said[0]).toBe(said[1])
    await sendTo(stage, page, 'stranger@fabrikam.example')
  })

  test('an authenticator that has none, or is stopped, leaves the page as it was and says so', async () => {
    const { page } = await openWindow(browser, { field: false })
    await toDoor(stage, page)
    await pressPasskey(page)
    await page.getByText('It was stopped, or took too long.').waitFor()
    expect(await axe(page)).toEqual([])
    await sendTo(stage, page, 'stopped@fabrikam.example')
  })

  test('R-111 a page elsewhere cannot use it: the browser gives nothing for another name', async () => {
    const { page, context, authenticator } = await openWindow(browser, { field: false })
    await withPasskey(stage, page, 'elsewhere@fabrikam.example')
    expect(await authenticator.passkeys()).toHaveLength(1)
    await context.route('http://127.0.0.1:1/', (route) => route.fulfill({ body: '<h1>x</h1>', contentType: 'text/html' }))
    const ask = (rpId: string) =>
      page.evaluate(
        `navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: '${rpId}' } }).then(() => 'given', (error) => error.name)`,
      )
    await page.goto('http://127.0.0.1:1/')
    expect(await ask('localhost')).toBe('SecurityError')
    await toDoor(stage, page)
    expect(await ask('localhost')).toBe('given') // what it would give its own page
  })

  test('R-059 somebody else is signed in here: both are named before the switch, and nothing is offered in between', async () => {
    const { page } = await openWindow(browser, { field: false })
    const hers = await withPasskey(stage, page, 'anna@fabrikam.example')
    await firstProof(stage, page, 'bela@fabrikam.example', { prompt: 'login' })
    await page.getByRole('button', { name: 'Go on as' }).click()
    expect((await arrived(page)).sub).not.toBe(hers)

    await toDoor(stage, page)
    await pressPasskey(page)
    await page.getByRole('heading', { name: 'Another account is signed in' }).waitFor()
    const words = await wordsOf(page)
    expect([words.includes('b•••'), words.includes('a•••')]).toEqual([true, true])
    await page.getByRole('button', { name: 'Go on as a•••' }).click()
    expect((await arrived(page)).sub).toBe(hers)
  })
})

test('PASSKEYS=off: no page speaks of them, and their paths do not exist', async () => {
  const off = await startStage({ env: { PASSKEYS: 'off' } })
  try {
    const { page } = await openWindow(browser)
    await page.goto(`${off.relyingParty.url}/login`)
    await page.getByLabel('Email').waitFor()
    expect(await page.content()).not.toMatch(/passkey\.js|webauthn\.js|data-passkey/)
    const csrf = await page.locator('input[name=csrf]').first().inputValue()
    const answer = await page.request.post(`${page.url()}/passkey/options`, { form: { csrf } })
    expect(answer.status()).toBe(404)
  } finally {
    await off.stop()
  }
})

describe('the offer of a passkey', () => {
  test('"Not now" goes on at once, and it is not offered again for a month; "Do not ask again" for a year', async () => {
    for (const [button, days] of [
      ['Not now', 30],
      ['Do not ask again on this device', 365],
    ] as const) {
      const { page, context } = await openWindow(browser, { field: false })
      const email = `not-${days}@fabrikam.example`
      await firstProof(stage, page, email)
      await page.getByRole('heading', { name: OFFER }).waitFor()
      expect(await axe(page)).toEqual([])
      await page.reload()
      await page.getByRole('button', { name: button }).click()
      await arrived(page)
      const cookie = (await context.cookies(stage.service.issuer)).find(({ name }) => name === 'passkey')
      expect(Math.round(((cookie?.expires ?? 0) - Date.now() / 1000) / DAY_SECONDS)).toBe(days)
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' })
      await firstProof(stage, page, email, { prompt: 'login' })
      await arrived(page)
    }
  })

  test('R-114 is made to nobody who cannot: not without JavaScript, not without a place to keep one', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await (await browser.newContext({ javaScriptEnabled })).newPage()
      const { code } = await askForMail(stage, page, `cannot-${javaScriptEnabled}@fabrikam.example`)
      await typeCode(page, code)
      await arrived(page)
    }
  })

  test('is not made to whoever the application asked more of, nor to whoever has one', async () => {
    const { page, authenticator } = await openWindow(browser, { field: false })
    await withPasskey(stage, page, 'has@fabrikam.example')
    await authenticator.answers(false)
    await firstProof(stage, page, 'has@fabrikam.example', { prompt: 'login' })
    await arrived(page)
    const other = await openWindow(browser, { field: false })
    await firstProof(stage, other.page, 'wished@fabrikam.example', { acr_values: 'urn:doorward:acr:2' })
    await arrived(other.page)
  })
})
