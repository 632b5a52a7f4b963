import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import type { Browser } from 'playwright-core'
import { isInside, signInAtApp, windowOf } from '../support/account-window.ts'
import { launchBrowser } from '../support/browser.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { press } from '../support/walking.ts'
import { arrived, silentError } from '../support/window.ts'

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

describe('what has access to an account', () => {
  test('another session that is ended dies in its own browser, and this one lives', async () => {
    const address = 'two-browsers@fabrikam.example'
    const { page } = await windowOf(stage, browser, address)
    const other = (await windowOf(stage, browser, address)).page
    expect(await isInside(stage, other)).toBe(true)
    await page.goto(`${stage.service.issuer}/account/devices`)
    const ends = page.getByRole('region', { name: 'Signed in' }).getByRole('button', { name: /^End/ })
    expect(await ends.count()).toBe(1) // never its own
    await ends.click()
    await page.getByText('The device was signed out.').waitFor()
    expect(await ends.count()).toBe(0)
    expect(await isInside(stage, other)).toBe(false)
    await other.getByLabel('Email').waitFor()
    expect(await silentError(stage, other.context())).toBe('login_required')
    expect(await isInside(stage, page)).toBe(true)
  })

  test('a connected app that is ended cannot refresh any more, and says so before', async () => {
    const address = 'connected@fabrikam.example'
    const page = await newWindow()
    await signInAtApp(stage, page, address)
    await arrived(page)
    const config = await stage.relyingParty.configuration()
    const { tokens } = stage.relyingParty.last()
    const newer = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    await page.goto(`${stage.service.issuer}/account/apps`)
    await page.getByText('for five minutes at most').waitFor()
    await page.getByRole('link', { name: 'End access of Test test-app' }).click()
    await page.getByRole('heading', { name: 'End the access of Test test-app?' }).waitFor()
    await page.getByRole('button', { name: 'End access' }).click()
    await page.getByText('The access was ended.').waitFor()
    expect(await page.getByRole('link', { name: 'End access of Test test-app' }).count()).toBe(0)
    const refused = client.refreshTokenGrant(config, newer.refresh_token ?? '')
    await expect(refused).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('a profile that was saved is what an app is told at the next sign-in; a fault keeps what was typed', async () => {
    const address = 'profile@fabrikam.example'
    const { page } = await windowOf(stage, browser, address)
    await page.goto(`${stage.service.issuer}/account/profile`)
    await page.getByLabel('Full name').fill('Zoë van der Berg')
    await page.getByLabel('Date of birth').fill('some day')
    await press(page, 'main form button')
    await page.getByText('Type the date like 1984-05-21').waitFor()
    expect(await page.getByLabel('Full name').inputValue()).toBe('Zoë van der Berg')
    await page.getByLabel('Date of birth').fill('1984-05-21')
    await page.getByLabel('Time zone').fill('Europe/Amsterdam')
    await press(page, 'main form button')
    await page.getByText('Your profile was saved.').waitFor()
    await stage.signIn(address)
    const told = { name: 'Zoë van der Berg', birthdate: '1984-05-21', zoneinfo: 'Europe/Amsterdam' }
    expect(stage.relyingParty.last().userinfo).toMatchObject(told)
  })
})
