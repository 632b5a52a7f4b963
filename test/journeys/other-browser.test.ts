import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { createVisitor } from '../support/person.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrived, askForMail, handedOver, newestChallenge, silentError, storedFor, typeCode } from '../support/window.ts'

let stage: Stage
let browser: Browser

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

beforeAll(async () => {
  ;[stage, browser] = await Promise.all([startStage(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

describe('the link, opened in another browser than the one that asked', () => {
  test('R-057, R-058 names application, device and time, shows the code to type back, and signs nobody in', async () => {
    const email = 'elsewhere@fabrikam.example'
    const first = await browser.newContext({ userAgent: FIREFOX })
    const second = await browser.newContext()
    const start = await first.newPage()
    const mail = await askForMail(stage, start, email)
    await handedOver(stage, email)
    const before = await storedFor(stage, email)

    const opened = await second.newPage()
    await opened.goto(mail.link)
    await opened.getByRole('heading', { name: 'Type this code in the window where you started' }).waitFor()
    const words = (await opened.getByRole('main').innerText()).replace(/\s+/g, ' ')
    expect(words).toContain(`${mail.code.slice(0, 3)} ${mail.code.slice(3)}`)
    expect(words).toContain('Test test-app')
    expect(words).toContain('Firefox on Windows')
    expect(words).toMatch(/\d{2}:\d{2} \w+ \(less than a minute ago\)/)
    expect(words).toContain('This browser will not be signed in.')
    expect(await opened.locator('form, button, script').count()).toBe(0) // nothing there to press
    expect(await second.cookies()).toEqual([])
    expect(await silentError(stage, second)).toBe('login_required')

    // The first window looks twice more, and neither goes on nor says anything new.
    for (let looks = 0; looks < 2; looks++) await start.waitForResponse((answer) => answer.url().endsWith('/state'))
    await start.getByRole('heading', { name: 'Check your email' }).waitFor()
    expect(await storedFor(stage, email)).toEqual(before)
    expect(await silentError(stage, first)).toBe('login_required')

    await typeCode(start, mail.code)
    expect(await arrived(start)).toMatchObject({ email, amr: ['email_code'] })
    expect(await silentError(stage, first)).toBeNull()
    expect(await silentError(stage, second)).toBe('login_required')
  })
})

describe('another browser cannot answer', () => {
  test('R-056 the right code, or the link, from a browser that did not ask: refused, and nothing is used up', async () => {
    const email = 'bound@fabrikam.example'
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, email)
    const uid = new URL(page.url()).pathname.split('/')[2] as string
    const csrf = (await page.locator('input[name=csrf]').first().getAttribute('value')) ?? ''

    const stranger = createVisitor(stage.service)
    await stage.authorizeUrl(stranger).then((url) => stranger.open(url)) // has a sign-in of its own under way
    const home = `${stage.service.issuer}/sign-in/${uid}`
    const tries = [
      await stranger.post(`${home}/answer`, { csrf, code: mail.code }),
      await stranger.post(mail.link, { csrf }),
      await stranger.post(`${home}/resend`, { csrf }),
      await stranger.post(`${home}/restart`, { csrf }),
      await stranger.post(`${home}/continue`, { csrf }),
      await stranger.get(`${home}/continue`),
      await stranger.get(`${home}/state`),
      await stranger.get(home),
    ]
    for (const { status, words, location } of tries) {
      expect({ status, location }).toEqual({ status: 400, location: null })
      expect(words).toContain('no longer open here')
    }
    expect(await newestChallenge(stage, email)).toEqual({ state: 'open', tries: 0, messages: 1 })
    await typeCode(page, mail.code)
    expect((await arrived(page)).email).toBe(email)
  })

  test('R-056 a made-up interaction cookie is no browser of ours', async () => {
    const email = 'forged@fabrikam.example'
    const page = await (await browser.newContext()).newPage()
    const mail = await askForMail(stage, page, email)
    const uid = new URL(page.url()).pathname.split('/')[2] as string
    const csrf = (await page.locator('input[name=csrf]').first().getAttribute('value')) ?? ''
    const stranger = createVisitor(stage.service)
    for (const cookie of [`interaction=${uid}`, `interaction=${uid}; interaction.sig=AAAAAAAAAAAAAAAAAAAAAAAAAAA`]) {
      const answer = await stranger.post(`${stage.service.issuer}/sign-in/${uid}/answer`, { csrf, code: mail.code }, { cookie })
      expect(answer.status).toBe(400)
    }
    expect((await newestChallenge(stage, email)).state).toBe('open')
  })
})
