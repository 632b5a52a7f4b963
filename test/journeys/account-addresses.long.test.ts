import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'

import { membersOf } from '../protocol/account-person.ts'
import { noticeOf, windowOf } from '../support/account-window.ts'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { press } from '../support/walking.ts'

let stage: Stage
let browser: Browser

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage({ env: { LIMITS: GENEROUS_LIMITS } }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const HOLD_SECONDS = 3 * 86_400

/** The subject of who signs in with this address now. */
async function subjectOf(address: string): Promise<string> {
  await stage.signIn(address)
  return stage.relyingParty.last().idToken.sub
}

describe('a change of address', () => {
  test('R-088 in German: the old address stops it by the link in its mail, in a browser that is signed in nowhere', async () => {
    const [old, other] = ['frau-alt@fabrikam.example', 'frau-neu@fabrikam.example']
    const sub = await subjectOf(old)
    const { page } = await windowOf(stage, browser, old, { locale: 'de-DE' })
    await page.goto(`${stage.service.issuer}/account`)
    await page.getByRole('link', { name: 'Anmeldewege' }).click()
    await page.getByRole('link', { name: /^Ändern.*frau-alt/ }).click()
    await page.getByRole('heading', { name: 'E-Mail-Adresse ändern' }).waitFor()
    await page.getByLabel('Neue E-Mail').fill(other)
    await page.getByRole('button', { name: 'Code senden' }).click()
    await page.getByRole('heading', { name: 'Sehen Sie in Ihr Postfach' }).waitFor()
    await page.getByLabel('6-stelliger Code').fill((await stage.mailbox.next(other)).code ?? '')
    await page.getByRole('button', { name: 'Weiter' }).click()
    await page.getByText('Die Änderung ist unterwegs.').waitFor()
    await page.getByText('Wird entfernt am').waitFor()

    // In the account's own language, which is that of its first sign-in: whoever acts may be somebody else.
    const { objection } = await noticeOf(stage, old, 'is about to change')
    const anywhere = await (await browser.newContext({ locale: 'de-DE' })).newPage()
    await anywhere.goto(objection)
    await anywhere.getByRole('heading', { name: 'Eine Adresse Ihres Kontos soll sich ändern' }).waitFor()
    expect(await anywhere.locator('main').innerText()).toContain('Die Änderung wird angehalten.')
    await anywhere.getByRole('button', { name: 'Das war ich nicht' }).click()
    await anywhere.getByRole('heading', { name: 'Ihr Konto gehört wieder Ihnen' }).waitFor()
    await anywhere.getByText('Die Änderung wurde angehalten.').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'anmelden' }).waitFor() // whoever asked for it is out
    await anywhere.goto(objection)
    await anywhere.getByRole('heading', { name: 'Dieser Link gilt nicht mehr' }).waitFor()

    await stage.moveClock(HOLD_SECONDS + 1)
    expect(await subjectOf(old)).toBe(sub)
    expect(await subjectOf(other)).not.toBe(sub)
  })

  test('R-088 that nobody stops: after the hold-off the new address opens the account, the old one begins another', async () => {
    const [old, other] = ['before@fabrikam.example', 'after@fabrikam.example']
    const sub = await subjectOf(old)
    const { page } = await windowOf(stage, browser, old)
    await page.goto(`${stage.service.issuer}/account/methods`)
    await page.getByRole('link', { name: `Change ${old}` }).click()
    await page.getByLabel('New email').fill(other)
    await page.getByRole('button', { name: 'Send the code' }).click()
    await page.getByLabel('6-digit code').fill((await stage.mailbox.next(other)).code ?? '')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('The change is on its way.').waitFor()
    await stage.moveClock(HOLD_SECONDS - 60)
    expect(await subjectOf(old)).toBe(sub) // to the last minute
    await stage.moveClock(61)
    expect(await subjectOf(other)).toBe(sub)
    expect(stage.relyingParty.last().userinfo).toMatchObject({ email: other, email_verified: true })
    expect(await subjectOf(old)).not.toBe(sub)
  })
})

describe('the last way in', () => {
  test('R-094 has no button that removes it, and no address either; of two each goes, and not both', async () => {
    const address = 'only-one@fabrikam.example'
    const { page } = await windowOf(stage, browser, address, { authenticator: true })
    const on = membersOf(stage)
    await page.goto(`${stage.service.issuer}/account/methods`)
    const addresses = page.getByRole('region', { name: 'Addresses' })
    const removals = addresses.getByRole('link', { name: /^Remove/ })
    expect(await addresses.innerText()).toContain('The last one cannot be removed.')
    expect(await removals.count()).toBe(0)
    const change = await addresses.getByRole('link', { name: 'Change' }).getAttribute('href')
    await page.goto(new URL(change?.replace(/change$/, 'remove') ?? '', page.url()).href)
    expect(new URL(page.url()).pathname).toBe('/account/methods')

    await addresses.getByRole('link', { name: 'Add email' }).click()
    await page.getByLabel('New email').fill('second-one@fabrikam.example')
    await page.getByRole('button', { name: 'Send the code' }).click()
    await page.getByLabel('6-digit code').fill((await stage.mailbox.next('second-one@fabrikam.example')).code ?? '')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('The address was added').waitFor()
    expect(await removals.count()).toBe(2)
    await press(page, `a:has-text("Remove ${address}")`)
    await page.getByRole('button', { name: 'Remove it' }).click()
    await page.getByText('The address will be removed.').waitFor()
    await page.goto(`${stage.service.issuer}/account/methods`)
    expect(await removals.count()).toBe(0)
    expect((await on.rowsOf(address)).filter(({ leaving }) => !leaving)).toHaveLength(1)
  })
})
