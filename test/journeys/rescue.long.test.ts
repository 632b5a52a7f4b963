import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { membersOf } from '../protocol/account-person.ts'
import { enterConsole } from '../protocol/console-walk.ts'
import { addRecoveryCodes } from '../protocol/second-standing.ts'
import { addNumber, essential, THREE, TWO } from '../protocol/second-walk.ts'
import { noticeOf } from '../support/account-window.ts'
import { axe, launchBrowser, outside } from '../support/browser.ts'
import { createVisitor } from '../support/person.ts'
import { waitOver } from '../support/rescue-look.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { addAuthenticator as addVirtualAuthenticator } from '../support/virtual-authenticator.ts'
import { nextText, typeCode } from '../support/window.ts'
import { formTo, HOUR_SECONDS, hasFormTo, LOCK_SECONDS, rescueWalk, WAIT_SECONDS } from './rescue-walk.ts'
import { firstProof, keepCodes, setUp, toldTo, typeAppCode } from './second-window.ts'

const LOGIN = { prompt: 'login' }
/** An address counts for a rescue once it has been the account's for so long. */
const SETTLED_SECONDS = 72 * HOUR_SECONDS

let stage: Stage
let browser: Browser
let walk: ReturnType<typeof rescueWalk>
let on: ReturnType<typeof membersOf>

beforeAll(async () => {
  const options = { texts: true, client: { client_name: 'Fabrikam', second_factor: 'off' }, env: { LIMITS: GENEROUS_LIMITS } }
  ;[stage, browser] = await Promise.all([startStage(options), launchBrowser()])
  walk = rescueWalk(stage)
  on = membersOf(stage)
})
afterAll(async () => {
  await browser?.close()
  await stage?.stop()
})

const newPage = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> =>
  (await browser.newContext(options)).newPage()

const heading = (page: Page, name: string) => page.getByRole('heading', { name }).waitFor()
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

describe('in a browser', () => {
  test.each([true, false])(
    'R-118 from the lost phone to the new app, and the application hears of it (JavaScript: %s)',
    async (script) => {
      const email = script ? 'lost@fabrikam.example' : 'lost-plain@fabrikam.example'
      const lost = await walk.member(email)
      const page = await newPage({ javaScriptEnabled: script, viewport: { width: 360, height: 740 } })
      await firstProof(stage, page, email)
      await page.getByRole('link', { name: 'I cannot use this any more' }).click()
      await heading(page, 'Get back in without your second proof')
      await page.getByText('We wait 48 hours').waitFor()
      await press(page, 'Start the rescue')
      await heading(page, 'Your account rescue has started')
      await page.reload()
      await heading(page, 'Your account rescue has started')
      expect(await outside(page)).toEqual([])
      await page.getByRole('link', { name: 'I found it: confirm another way' }).click()
      await page.getByText('A rescue of this account has started.').waitFor()
      if (script) expect(await axe(page)).toEqual([])

      await waitOver(stage, WAIT_SECONDS)
      await firstProof(stage, page, email)
      await heading(page, 'Your wait is over')
      if (script) expect(await axe(page)).toEqual([])
      await press(page, 'Set up a new second proof')
      await page.getByText('The lost one is replaced by this one.').waitFor()
      const { app, codes } = await setUp(stage, page, 'New phone')
      expect(codes.length).toBe(10)
      expect(await toldTo(page)).toMatchObject({ amr: ['email_code', 'otp', 'mfa'], acr: THREE })
      const { idToken } = JSON.parse((await page.locator('#claims').textContent()) ?? '{}')
      expect(Math.abs(idToken.recovered_at - idToken.iat)).toBeLessThan(120)

      await stage.moveClock(60)
      await firstProof(stage, page, email, LOGIN)
      await typeAppCode(page, lost())
      await page.getByText('That code is not right').first().waitFor()
      await stage.moveClock(60)
      await typeCode(page, app())
      expect(await toldTo(page)).toMatchObject({ acr: THREE })
    },
    120_000,
  )

  test('R-118, R-101 a passkey takes the place of the lost app, and is asked for from then on', async () => {
    const email = 'to-passkey@fabrikam.example'
    await walk.member(email)
    await walk.begin(email)
    await waitOver(stage, WAIT_SECONDS)
    const page = await newPage()
    const authenticator = await addVirtualAuthenticator(page)
    await firstProof(stage, page, email)
    await press(page, 'Set up a new second proof')
    await press(page, 'Create a passkey')
    expect((await keepCodes(page)).length).toBe(10)
    expect((await toldTo(page)).amr).toContain('passkey')
    expect((await authenticator.passkeys()).length).toBe(1)
    expect(await walk.statesOf(email)).toEqual(['completed'])
    expect((await walk.firstProof(email)).words).toContain('Use your passkey')
  })

  test('R-118 a recovery code is named as the quicker way, and whoever finds the phone after all ends the wait by it', async () => {
    const email = 'finds@fabrikam.example'
    const app = await walk.member(email)
    await addRecoveryCodes(stage.service, email)
    const page = await newPage()
    await firstProof(stage, page, email)
    await page.getByRole('link', { name: 'I cannot use any of these' }).click()
    await press(page, 'Use a recovery code')
    await heading(page, 'Type a recovery code')
    await page.getByRole('link', { name: 'I cannot use any of these' }).click()
    await press(page, 'Start the rescue')
    await waitOver(stage, WAIT_SECONDS)
    await firstProof(stage, page, email)
    await heading(page, 'Your wait is over')
    await page.getByRole('button', { name: 'Authenticator app' }).click()
    await page.getByText('The wait of your rescue is over.').waitFor()
    await typeAppCode(page, app())
    await toldTo(page)
    expect(await walk.statesOf(email)).toEqual(['cancelled'])
  })

  test('R-032 somebody who is signed in, and is asked for more, confirms the email first', async () => {
    const email = 'steps-up@fabrikam.example'
    const page = await newPage()
    await firstProof(stage, page, email)
    await toldTo(page)
    await walk.member(email)
    await page.goto(`${stage.relyingParty.url}/login?${new URLSearchParams({ claims: essential(TWO) })}`)
    await page.getByRole('link', { name: 'I cannot use any of these' }).click()
    await heading(page, 'Confirm your email first')
    await press(page, 'Send the code')
    await heading(page, 'Check your email')
    await typeCode(page, (await stage.mailbox.next(email)).code ?? '')
    await press(page, 'Start the rescue')
    await heading(page, 'Your account rescue has started')
  })

  test('a phone that cannot be used leads on to what is possible besides', async () => {
    const email = 'phone-gone@fabrikam.example'
    await walk.member(email)
    await addNumber(stage.service, email, '+4915123888071')
    await stage.moveClock(SETTLED_SECONDS)
    const page = await newPage({ locale: 'de-DE', viewport: { width: 320, height: 700 } })
    await page.goto(`${stage.relyingParty.url}/login`)
    await page.locator('#identifier').fill(email)
    await page.locator('main button').first().click()
    await page.locator('#code').fill((await stage.mailbox.next(email)).code ?? '')
    await page.locator('form[action$="/answer"] button').click()
    await page.getByRole('link', { name: 'Ich kann das nicht mehr verwenden' }).click()
    await heading(page, 'Bestätigen Sie zuerst Ihr Telefon')
    expect(await outside(page)).toEqual([])
    await page.getByRole('link', { name: 'Nichts davon hilft mir' }).click()
    expect(new URL(page.url()).pathname).toMatch(/\/help$/)
    expect(await outside(page)).toEqual([])
  })
})

describe('a rescue is stopped', () => {
  test('R-118, V-31 with the mailbox alone nobody gets in: the owner stops it by one tap in the text on their phone', async () => {
    const [email, number] = ['robbed@fabrikam.example', '+4915123888072']
    await walk.member(email)
    await addNumber(stage.service, email, number)
    await stage.moveClock(SETTLED_SECONDS)

    // The mailbox alone begins nothing.
    const thief = createVisitor(stage.service)
    const first = await walk.firstProof(email, thief)
    const proves = await walk.rescuePage(thief, first)
    expect(proves.words).toContain('Confirm your phone first')
    await thief.post(formTo(proves, '/rescue/prove').action.replace(/prove$/, 'begin'), formTo(proves, '/rescue/prove').values)
    expect(await walk.statesOf(email)).toEqual([])

    // With the phone, whoever has both.
    const waits = await walk.press(thief, proves, '/rescue/prove')
    const { code } = await nextText(stage, number)
    const may = await thief.follow(await thief.submit(formTo(waits, '/answer'), { code }))
    expect(may.words).toContain('Get back in without your second proof')
    await walk.press(thief, may, '/rescue/begin')
    expect(await walk.statesOf(email)).toEqual(['waiting'])

    const told = await stage.texts.sns.next(number)
    const link = /https?:\/\/\S+\/n\/\S+/.exec(told.text)?.[0] ?? ''
    const phone = createVisitor(stage.service)
    const page = await phone.open(link)
    const done = await phone.follow(await phone.submit(formTo(page, '/stop')))
    expect(done.words).toContain('The rescue is stopped')
    await waitOver(stage, WAIT_SECONDS)
    expect((await walk.firstProof(email)).words).toContain('Type the code from your app')
  })

  test('R-024, R-118 from a living session, on whatever page: it stops, and the session goes on', async () => {
    const email = 'inside@fabrikam.example'
    const app = await walk.member(email)
    const owner = await on.member(email, app)
    await walk.begin(email)
    for (const path of ['/account', '/account/devices', '/account/profile']) {
      expect((await on.open(owner, path)).words).toContain('A rescue of your account has started.')
    }
    const forged = await owner.visitor.post(on.at('/account/rescue/stop'), { csrf: 'not it' })
    expect([forged.status, await walk.statesOf(email)]).toEqual([403, ['waiting']])
    const page = await on.open(owner, '/account/data')
    const done = await owner.visitor.follow(await owner.visitor.submit(formTo(page, '/rescue/stop')))
    expect(done.words).toContain('The rescue was stopped. Your second proof stays as it was.')
    expect(await walk.statesOf(email)).toEqual(['cancelled'])
    expect((await on.open(owner, '/account')).words).not.toContain('rescue of your account has started')
    // Pressed again, in another tab: nothing is there to be stopped.
    const again = await owner.visitor.follow(await owner.visitor.submit(formTo(page, '/rescue/stop')))
    expect([again.status, again.words.includes('Your second proof stays as it was.')]).toEqual([200, false])
  })

  test('R-024 "This was not me" ends every session, and no rescue begins until the day that is told', async () => {
    const email = 'not-me@fabrikam.example'
    const app = await walk.member(email)
    const [owner, elsewhere] = [await on.member(email, app), createVisitor(stage.service)]
    await stage.moveClock(30)
    await on.member(email, app, elsewhere)
    await walk.begin(email)
    const page = await on.open(owner, '/account')
    const done = await owner.visitor.follow(await owner.visitor.submit(formTo(page, '/rescue/not-me')))
    expect(done.words).toMatch(/The rescue is stopped .* No rescue can start before \d+ \w+ 20\d\d/)
    expect(await Promise.all([on.isIn(owner), on.isIn({ visitor: elsewhere })])).toEqual([false, false])

    const thief = createVisitor(stage.service)
    const locked = await walk.rescuePage(thief, await walk.firstProof(email, thief))
    expect(locked.words).toContain('No rescue can start now')
    expect(hasFormTo(locked, '/rescue/begin')).toBe(false)
    await stage.moveClock(LOCK_SECONDS)
    expect((await walk.begin(email)).words).toContain('Your account rescue has started')
  })

  test('R-118 the same by the link in the mail, from any browser; the wait then opens nothing', async () => {
    const email = 'mail-not-me@fabrikam.example'
    const app = await walk.member(email)
    const owner = await on.member(email, app)
    await walk.begin(email)
    const { objection } = await noticeOf(stage, email, 'rescue')
    const anywhere = createVisitor(stage.service)
    const page = await anywhere.get(objection ?? '')
    const form = page.forms.find(({ action }) => action === objection)
    if (!form) throw new Error(`no way to say so: ${page.words}`)
    const done = await anywhere.follow(await anywhere.submit(form))
    expect(done.words).toContain('No rescue can start before')
    expect(await on.isIn(owner)).toBe(false)
    await waitOver(stage, WAIT_SECONDS)
    expect((await walk.firstProof(email)).words).toContain('Type the code from your app')
    expect(await walk.statesOf(email)).toEqual(['cancelled'])
  })

  test('in the sign-in it was begun in, and the page says so once', async () => {
    const email = 'minds@fabrikam.example'
    await walk.member(email)
    const visitor = createVisitor(stage.service)
    const started = await walk.begin(email, visitor)
    const choice = await walk.press(visitor, started, '/rescue/stop')
    expect(choice.words).toContain('The rescue was stopped.')
    expect((await visitor.open(choice.url)).words).not.toContain('The rescue was stopped.')
    expect(await walk.statesOf(email)).toEqual(['cancelled'])
  })

  test('of an administrator: the console tells of it and stops it', async () => {
    const email = 'operator@fabrikam.example'
    const { visitor } = await enterConsole(stage, email, 'admin')
    await walk.begin(email)
    const page = await visitor.open(`${stage.service.issuer}/admin/people`)
    expect(page.words).toContain('A rescue of your account has started.')
    const done = await visitor.follow(await visitor.submit(formTo(page, '/admin/rescue/stop')))
    expect(done.words).toContain('The rescue was stopped.')
    expect(await walk.statesOf(email)).toEqual(['cancelled'])
  })
})
