import type { Page } from 'playwright-core'
import { addRecoveryCodes } from '../protocol/second-standing.ts'
import { addAuthenticator, addNumber } from '../protocol/second-walk.ts'
import { linkOf } from './account-screens.ts'
import { waitOver } from './rescue-look.ts'
import { typeMailed, typeSecond } from './second-screens.ts'
import type { Stop, Walk } from './theatre.ts'
import { identify, press, typeAddress } from './walking.ts'

const WAIT_SECONDS = 48 * 3600
const CODE_SECONDS = 31
/** The theatre mails codes to one address three times in so long. */
const MAILS_SECONDS = 15 * 60
/** Numbers count once they have been somebody's for so long. */
const SETTLED_SECONDS = 4 * 86_400

/** One person who lost their app: a rescue begins, is stopped, begins again, and gives the account back. */
export async function* rescueScreens(walk: Walk): AsyncGenerator<Stop> {
  const { stage, page, address } = walk
  await stage.signIn(address)
  const shows = await addAuthenticator(stage.service, address)
  await addRecoveryCodes(stage.service, address)
  const inside = await walk.elsewhere()
  await enter(walk, inside, shows)

  await firstProof(walk, page)
  yield { name: 'factor-rescue', page }
  await press(page, 'main a[href$="/rescue"]')
  yield { name: 'rescue', page }
  await press(page, 'form[action$="/begin"] button')
  yield { name: 'rescue-started', page }
  await press(page, 'main a.btn')
  yield { name: 'factor-rescue-waits', page }
  await press(page, 'form[action$="/other-way"] button')
  yield { name: 'second-factor-rescue-waits', page }
  await inside.goto(`${stage.service.issuer}/account`)
  yield { name: 'account-rescue', page: inside }

  const elsewhere = await walk.elsewhere()
  await elsewhere.goto(await linkOf(walk, 'rescue_started'))
  yield { name: 'account-notice-rescue', page: elsewhere }
  await press(elsewhere, 'form[action$="/stop"] button')
  yield { name: 'account-rescue-stopped', page: elsewhere }
  await stage.moveClock(MAILS_SECONDS)
  await firstProof(walk, page)
  await press(page, 'main a[href$="/rescue"]')
  await press(page, 'form[action$="/begin"] button')
  await press(page, 'form[action$="/stop"] button')
  yield { name: 'factor-rescue-stopped', page }

  await press(page, 'main a[href$="/rescue"]')
  yield { name: 'rescue-again', page }
  await stage.moveClock(MAILS_SECONDS)
  await firstProof(walk, page)
  await press(page, 'main a[href$="/rescue"]')
  await press(page, 'form[action$="/begin"] button')
  await waitOver(stage, WAIT_SECONDS)
  await firstProof(walk, page)
  yield { name: 'rescue-ready', page }
  await press(page, 'form[action$="/set-up"] button')
  yield { name: 'enrol-rescue', page }
  yield* disowned(walk)
}

/** The owner says that it was not them; and somebody with a number starts anew. */
async function* disowned(walk: Walk): AsyncGenerator<Stop> {
  const { stage } = walk
  const address = `owner-${walk.address}`
  const own = { ...walk, address, page: await walk.elsewhere() }
  await stage.signIn(address)
  const shows = await addAuthenticator(stage.service, address)
  await stage.moveClock(CODE_SECONDS)
  await enter(own, own.page, shows)
  const thief = await walk.elsewhere()
  await firstProof(own, thief)
  await press(thief, 'main a[href$="/rescue"]')
  await press(thief, 'form[action$="/begin"] button')
  await own.page.goto(`${stage.service.issuer}/account/devices`)
  await press(own.page, 'form[action$="/not-me"] button')
  yield { name: 'account-rescue-not-me', page: own.page }
  await stage.moveClock(CODE_SECONDS * 60)
  await firstProof(own, thief)
  await press(thief, 'main a[href$="/rescue"]')
  yield { name: 'rescue-locked', page: thief }

  const other = { ...walk, address: `phone-${walk.address}`, page: thief }
  await stage.signIn(other.address)
  await addAuthenticator(stage.service, other.address)
  await addNumber(stage.service, other.address, walk.number())
  await stage.moveClock(SETTLED_SECONDS)
  await firstProof(other, thief)
  await press(thief, 'main a[href$="/rescue"]')
  yield { name: 'rescue-phone', page: thief }
}

/** From the application to what comes after the mailed code. */
async function firstProof(walk: Walk, page: Page): Promise<void> {
  await identify({ ...walk, page }, '?prompt=login')
  await typeMailed(walk, page)
}

/** Signs in on the account page. */
async function enter(walk: Walk, page: Page, shows: () => string): Promise<void> {
  await page.goto(`${walk.stage.service.issuer}/account`)
  await typeAddress(page, walk.address)
  await typeMailed(walk, page)
  await typeSecond(page, shows())
}
