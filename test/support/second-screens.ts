import type { Page } from 'playwright-core'
import { codeOf } from '../rooms/totp-support.ts'
import type { Stage } from './stage.ts'
import type { Stop, Walk } from './theatre.ts'
import { identify, press } from './walking.ts'

/** How long an authenticator shows one code. */
const CODE_SECONDS = 31
/** A service takes so few wrong ones. */
const WRONG_CODES = 5

/** An application that insists on a second proof. */
const INSISTS = `?${new URLSearchParams({
  prompt: 'login',
  claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:doorward:acr:2'] } } }),
})}`
/** One that would like to have it. */
const WISHES = `?${new URLSearchParams({ acr_values: 'urn:doorward:acr:2' })}`

/** One person sets up a second proof on the way into an application, and is asked for it the next time. */
export async function* secondScreens(walk: Walk): AsyncGenerator<Stop> {
  const { stage, page } = walk
  await proveAddress(walk, INSISTS)
  yield { name: 'enrol', page }
  await press(page, 'form[action$="/enrol"] button')
  yield { name: 'totp-enrol', page }
  await typeSecond(page, '000000')
  yield { name: 'totp-enrol-wrong', page }
  const shows = await authenticatorOn(page, stage)
  await typeSecond(page, shows())
  yield { name: 'recovery-codes', page }
  await keepCodes(page)

  await stage.moveClock(CODE_SECONDS)
  await proveAddress(walk, INSISTS)
  yield { name: 'factor-totp', page }
  await typeSecond(page, '000000')
  yield { name: 'factor-totp-wrong', page }
  const other = await walk.elsewhere()
  await proveAddress({ ...walk, page: other }, WISHES)
  yield { name: 'factor-wished', page: other }
  await press(page, 'form[action$="/other-way"] button')
  yield { name: 'second-factor', page }
  await press(page, 'button[value=recovery]')
  yield { name: 'factor-recovery', page }
  await typeSecond(page, '0000-0000-0000-0000-0000')
  yield { name: 'factor-recovery-wrong', page }
  for (let tried = 1; tried < WRONG_CODES; tried++) await typeSecond(page, '0000-0000-0000-0000-0000')
  yield { name: 'factor-closed', page }
}

/** From the application to what comes after the mailed code. */
async function proveAddress(walk: Walk, query: string): Promise<void> {
  await identify(walk, query)
  await typeMailed(walk, walk.page)
}

/** Types the code that the newest mail of a sign-in holds. */
export async function typeMailed({ stage, address }: Pick<Walk, 'stage' | 'address'>, page: Page): Promise<void> {
  const { code } = await stage.mailbox.next(address)
  await page.locator('#code').fill(code ?? '')
  await press(page, 'form[action$="/answer"] button')
}

/** Types a code of a second proof, or the first of a new authenticator. */
export async function typeSecond(page: Page, code: string): Promise<void> {
  await page.locator('#code').fill(code)
  await press(page, 'main form:has(#code) button')
}

/** What an app shows that was given the key on this page. */
export async function authenticatorOn(page: Page, { service }: Pick<Stage, 'service'>): Promise<() => string> {
  const key = (await page.locator('.ref.mono').textContent())?.replaceAll(/\s/g, '') ?? ''
  return () => codeOf(key, Math.floor(Date.now() / 1000) + service.clockSeconds)
}

/** Says that the codes on this page are kept, and goes on. */
export async function keepCodes(page: Page): Promise<void> {
  await page.locator('[name=kept]').check()
  await press(page, 'main form .btn:not(.quiet)')
}
