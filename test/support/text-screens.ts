import type { Page } from 'playwright-core'
import type { Walk } from './theatre.ts'
import { twilioCallback } from './twilio-server.ts'
import { identify, press, typeAddress, until, WRONG_CODES, wrongCodes } from './walking.ts'
import { giveNumber } from './window.ts'

const OVER_SECONDS = 16 * 60
const RESEND_SECONDS = 46
const SERBIAN = '+381641234567'

/** The screens of a sign-in by text message, by their names, with the way to each. */
export const textScreens: Readonly<Record<string, (walk: Walk) => Promise<Page>>> = {
  'identify-unfit': (walk) => identify({ ...walk, address: '+49 900 1234567' }),
  'identify-texts-closed': (walk) => identify({ ...walk, address: SERBIAN }),
  'text-sending': (walk) => text(walk, walk.number('slow'), '[data-live] .badge'),
  text: waiting,
  'text-delivered': async (walk) => {
    const number = walk.number('delivered')
    const page = await text(walk, number)
    const { id } = await walk.stage.texts.twilio.next(number)
    const url = `${walk.stage.service.issuer}/receipts/twilio`
    const { body, signature } = twilioCallback(url, { MessageSid: id, MessageStatus: 'delivered', To: number })
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }
    await fetch(url, { method: 'POST', body, headers })
    await page.reload()
    return page
  },
  'text-late': (walk) => text(walk, walk.number('late'), '.notice.warn'),
  'text-unreachable': (walk) => text(walk, walk.number('unreachable'), '.notice.bad'),
  'text-opted-out': (walk) => text(walk, walk.number('optedOut'), '.notice.bad'),
  'text-no-budget': async (walk) => {
    await waiting(walk)
    await another(walk)
    await another(walk)
    return until(walk.page, '.notice.bad')
  },
  'text-wrong-code': async (walk) => wrongCodes(await waiting(walk), 1),
  'text-closed': async (walk) => wrongCodes(await waiting(walk), WRONG_CODES),
  'text-long-code': async (walk) => {
    await wrongCodes(await waiting(walk), WRONG_CODES)
    await press(walk.page, 'form[action$="/restart"] button')
    await typeAddress(walk.page, walk.number())
    return walk.page
  },
  'text-ended': async (walk) => {
    await waiting(walk)
    await walk.stage.moveClock(OVER_SECONDS)
    await walk.page.reload()
    return walk.page
  },
  'last-digits': lastDigits,
  'last-digits-wrong': async (walk) => {
    const page = await lastDigits(walk)
    await page.evaluate("document.querySelector('form').noValidate = true")
    await nameDigits(page, '4')
    return page
  },
  untold,
  'untold-wrong-code': async (walk) => wrongCodes(await untold(walk), 1),
  'untold-closed': async (walk) => wrongCodes(await untold(walk), WRONG_CODES),
  second: async (walk) => secondProof(walk),
  'second-wrong': async (walk) => {
    const page = await secondProof(walk)
    await page.evaluate("document.querySelector('form').noValidate = true")
    await typeAddress(page, 'maria.garcia')
    return page
  },
  'second-wait': async (walk) => {
    const page = await secondProof(walk)
    await typeAddress(page, walk.address)
    return until(page, '.badge.good')
  },
  'proof-of-work': proofOfWork,
  'proof-of-work-early': async (walk) => {
    const page = await proofOfWork(walk)
    await Promise.all([page.waitForEvent('load'), page.evaluate("document.querySelector('form').requestSubmit()")])
    return page
  },
  'dev-inbox-text': async ({ trial, page, number }) => {
    await page.goto(`http://127.0.0.1:${trial.port + 1}/sign-in`)
    await typeAddress(page, number())
    await page.locator('[data-live] .badge').waitFor()
    await until(page, '.badge.good')
    await page.goto(`${trial.issuer}/dev/inbox`)
    return page
  },
}

/** To the waiting page for a text to this number, once it shows this. */
async function text(walk: Walk, number: string, shows = '.badge.good'): Promise<Page> {
  return until(await identify({ ...walk, address: number }), shows)
}

async function waiting(walk: Walk): Promise<Page> {
  const page = await text(walk, walk.number())
  await walk.stage.texts.sns.next(walk.number())
  return page
}

async function another({ stage, page }: Walk): Promise<void> {
  await stage.moveClock(RESEND_SECONDS)
  await page.reload()
  await press(page, 'form[action$="/resend"] button')
}

async function lastDigits(walk: Walk): Promise<Page> {
  const page = await until(await identify(walk), '.badge.good')
  await press(page, 'form[action$="/text"] button')
  return page
}

async function nameDigits(page: Page, digits: string): Promise<void> {
  await page.locator('#digits').fill(digits)
  await press(page, 'form[action$="/digits"] button')
}

/** Digits that fit nobody; the page is the same for those that do. */
async function untold(walk: Walk): Promise<Page> {
  const page = await lastDigits(walk)
  await nameDigits(page, '47')
  return page
}

/** A number that its account has not used for years, just proven. */
async function secondProof(walk: Walk): Promise<Page> {
  await walk.stage.signIn(walk.address)
  await giveNumber(walk.stage, walk.address, walk.number(), 3000)
  const page = await text(walk, walk.number())
  const { code } = await walk.stage.texts.sns.next(walk.number())
  await page.locator('#code').fill(code ?? '')
  await press(page, 'form[action$="/answer"] button')
  return page
}

/** The page as it stays where its script does not come. */
async function proofOfWork({ trial, page, number }: Walk): Promise<Page> {
  await page.route('**/work-*.js', (route) => route.abort())
  await page.goto(`http://127.0.0.1:${trial.port + 1}/sign-in`)
  await typeAddress(page, number())
  await page.locator('form[data-work]').waitFor()
  return page
}
