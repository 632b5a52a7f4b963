import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { accountScreens } from './account-screens.ts'
import { deadScreens } from './dead-screens.ts'
import type { Mail } from './mailbox.ts'
import { passkeyScreens } from './passkey-screens.ts'
import { rescueScreens } from './rescue-screens.ts'
import { secondScreens } from './second-screens.ts'
import { textScreens } from './text-screens.ts'
import { numberFor, type Stop, type Theatre, type Walk } from './theatre.ts'
import { identify, outsideRequest, press, typeAddress, until, WRONG_CODES, wrongCodes } from './walking.ts'

let walks = 0

type WalkOptions = BrowserContextOptions & { address?: string }

/** Walks to a screen in a new browser, as somebody new unless told who, and answers the page that shows it. */
export async function walkTo(theatre: Theatre, name: string, options: WalkOptions = {}): Promise<Page> {
  const walk = screens[name]
  if (!walk) throw new Error(`there is no screen ${name}`)
  const { around, contexts } = await setOut(theatre, options)
  const seen = await walk(around)
  for (const context of contexts) if (context !== seen.context()) await context.close()
  return seen
}

/** Leads through the screens of a tour one after the other, as one person; the page is good until the next is asked for. */
export async function* tourOf(theatre: Theatre, name: string, options: WalkOptions = {}): AsyncGenerator<Stop> {
  const tour = tours[name]
  if (!tour) throw new Error(`there is no tour ${name}`)
  const { around, contexts } = await setOut(theatre, options)
  try {
    yield* tour(around)
  } finally {
    for (const context of contexts) await context.close()
  }
}

/** The one who walks, and the browsers of this walk. */
async function setOut(theatre: Theatre, options: WalkOptions): Promise<{ around: Walk; contexts: BrowserContext[] }> {
  const { address = `maria.garcia-${++walks}@fabrikam.example`, ...browserOptions } = options
  const nth = walks
  const number: Walk['number'] = (what = 'taken') => numberFor(what, nth)
  const contexts: BrowserContext[] = []
  const elsewhere: Walk['elsewhere'] = async (more = {}) => {
    const context = await theatre.browser.newContext({ reducedMotion: 'reduce', ...browserOptions, ...more })
    contexts.push(context)
    return context.newPage()
  }
  return { around: { ...theatre, page: await elsewhere(), address, number, elsewhere }, contexts }
}

/** Rows of screens that one person sees, since each is far to walk to: by the name of the row. */
export const tours: Readonly<Record<string, (walk: Walk) => AsyncGenerator<Stop>>> = {
  'second-factors': secondScreens,
  account: accountScreens,
  rescue: rescueScreens,
  passkeys: passkeyScreens,
  'dead-address': deadScreens,
}

const OVER_SECONDS = 16 * 60
const NEAR_END_SECONDS = 7.5 * 60
const RESEND_SECONDS = 46

/** Every screen by its name, with the way to it. */
export const screens: Readonly<Record<string, (walk: Walk) => Promise<Page>>> = {
  identify: async ({ stage, page }) => {
    await page.goto(`${stage.relyingParty.url}/login`)
    return page
  },
  'identify-create': async ({ stage, page }) => {
    await page.goto(`${stage.relyingParty.url}/login?prompt=create`)
    return page
  },
  'identify-wrong': async (walk) => identify({ ...walk, address: 'maria..garcia@fabrikam.example' }),
  'wait-sending': async (walk) => identify({ ...walk, address: `slow-${walk.address}` }),
  wait: waiting,
  'wait-resend': async (walk) => {
    await wait(walk)
    await walk.stage.moveClock(RESEND_SECONDS)
    await walk.page.reload()
    return walk.page
  },
  'wait-no-resend': async (walk) => {
    await wait(walk)
    for (let count = 0; count < 2; count++) {
      await walk.stage.moveClock(RESEND_SECONDS)
      await walk.page.reload()
      await press(walk.page, 'form[action$="/resend"] button')
      await walk.stage.mailbox.next(walk.address)
    }
    return walk.page
  },
  'wait-near-end': async (walk) => {
    await wait(walk)
    await walk.stage.moveClock(NEAR_END_SECONDS)
    await walk.page.reload()
    return walk.page
  },
  'wait-wrong-code': async (walk) => wrongCodes(await waiting(walk), 1),
  'wait-closed': async (walk) => wrongCodes(await waiting(walk), WRONG_CODES),
  'wait-long-code': longCode,
  'wait-late': async (walk) => {
    return until(await identify({ ...walk, address: `late-${walk.address}` }), '[data-live] .notice')
  },
  'wait-back': async (walk) => {
    return until(await identify({ ...walk, address: `back-${walk.address}` }), '[data-live] .notice')
  },
  'attempt-ended': async (walk) => {
    await wait(walk)
    await walk.stage.moveClock(OVER_SECONDS)
    await walk.page.reload()
    return walk.page
  },
  'link-same': async (walk) => openLink(walk, walk.page),
  'link-other': async (walk) => openLink(walk, await walk.elsewhere()),
  'link-other-long-code': async (walk) => {
    await longCode(walk)
    const other = await walk.elsewhere()
    await other.goto((await walk.stage.mailbox.next(walk.address)).link ?? '')
    return other
  },
  'link-other-closed': async (walk) => {
    const other = await openLink(walk, await walk.elsewhere())
    await wrongCodes(walk.page, WRONG_CODES)
    await other.reload()
    return other
  },
  'link-expired': async (walk) => {
    await openLink(walk, walk.page)
    await walk.stage.moveClock(OVER_SECONDS)
    await walk.page.reload()
    return walk.page
  },
  'link-used': async (walk) => {
    await openLink(walk, walk.page)
    const link = walk.page.url()
    await press(walk.page, 'main button')
    await walk.page.goto(link)
    return walk.page
  },
  'link-replaced': async (walk) => {
    const { link } = await wait(walk)
    await press(walk.page, 'form[action$="/restart"] button')
    await typeAddress(walk.page, walk.address)
    await walk.page.goto(link ?? '')
    return walk.page
  },
  'gone-on': async (walk) => {
    const { link } = await wait(walk)
    const tab = await walk.page.context().newPage()
    await tab.goto(link ?? '')
    await press(tab, 'main button')
    await walk.page.locator('main[data-way="4"]').waitFor()
    return walk.page
  },
  'account-switch': async (walk) => {
    await signIn(walk)
    return signIn({ ...walk, address: `second-${walk.address}` }, '?prompt=login')
  },
  consent: async (walk) => signIn(walk, `?${new URLSearchParams(outsideRequest())}`),
  'error-client': async ({ stage, page }) => {
    await page.goto(`${stage.service.issuer}/authorize?client_id=nobody&response_type=code`)
    return page
  },
  'error-redirect': async ({ stage, page }) => {
    await page.goto(`${stage.relyingParty.url}/login?redirect_uri=https://elsewhere.example/callback`)
    return page
  },
  'refusal-not-open': async ({ stage, page }) => {
    await page.goto(`${stage.service.issuer}/sign-in/${'x'.repeat(21)}`)
    return page
  },
  'refusal-not-found': async ({ stage, page }) => {
    await page.goto(`${stage.service.issuer}/nothing-here`)
    return page
  },
  'refusal-forged': async (walk) => {
    const page = await screens.identify?.(walk)
    await page?.evaluate("document.querySelector('[name=csrf]').value = 'not it'")
    await typeAddress(walk.page, walk.address)
    return walk.page
  },
  'refusal-too-many': async (walk) => {
    await wait(walk)
    for (let count = 0; count < 3; count++) {
      await press(walk.page, 'form[action$="/restart"] button')
      await typeAddress(walk.page, walk.address)
    }
    return walk.page
  },
  'sign-out': async (walk) => {
    await signIn(walk)
    await press(walk.page, '#logout')
    return walk.page
  },
  'signed-out': async (walk) => {
    await signIn(walk)
    await walk.page.goto(`${walk.stage.service.issuer}/logout`)
    await press(walk.page, 'button[name=logout]')
    return walk.page
  },
  stayed: async ({ stage, page }) => {
    await page.goto(`${stage.service.issuer}/stayed`)
    return page
  },
  start: async ({ trial, page }) => {
    await page.goto(`${trial.issuer}/`)
    return page
  },
  'dev-inbox-empty': async ({ trial, page }) => {
    await page.goto(`${trial.issuer}/dev/inbox`)
    return page
  },
  'dev-inbox': async ({ trial, page, address }) => {
    await page.goto(`http://127.0.0.1:${trial.port + 1}/sign-in`)
    await typeAddress(page, address)
    await page.waitForURL(/\/sign-in\//)
    await page.locator('[data-live]').waitFor()
    await until(page, '[data-live] .good')
    await page.goto(`${trial.issuer}/dev/inbox`)
    return page
  },
  ...textScreens,
}

/** To the waiting page, once it says that the mail server has taken the mail. */
async function wait(walk: Walk): Promise<Mail> {
  const page = await identify(walk)
  const mail = await walk.stage.mailbox.next(walk.address)
  await until(page, '[data-live] .good')
  return mail
}

async function waiting(walk: Walk): Promise<Page> {
  await wait(walk)
  return walk.page
}

/** An address whose short code strangers have closed, in a new attempt. */
async function longCode(walk: Walk): Promise<Page> {
  await wrongCodes(await waiting(walk), WRONG_CODES)
  await press(walk.page, 'form[action$="/restart"] button')
  await typeAddress(walk.page, walk.address)
  return walk.page
}

async function openLink(walk: Walk, where: Page): Promise<Page> {
  const { link } = await wait(walk)
  await where.goto(link ?? '')
  return where
}

async function signIn(walk: Walk, query = ''): Promise<Page> {
  await identify(walk, query)
  const { code } = await walk.stage.mailbox.next(walk.address)
  await walk.page.locator('#code').fill(code ?? '')
  await press(walk.page, 'form[action$="/answer"] button')
  return walk.page
}
