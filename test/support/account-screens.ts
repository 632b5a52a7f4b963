import type { Page } from 'playwright-core'
import { createSecrets } from '../../src/base/index.ts'
import { tokenOf } from '../../src/notices/notice-token.ts'
import { query } from './database.ts'
import { authenticatorOn, keepCodes, typeMailed, typeSecond } from './second-screens.ts'
import { OUTSIDE_APP, type Stop, type Walk } from './theatre.ts'
import { outsideRequest, press, typeAddress } from './walking.ts'

const CODE_SECONDS = 31
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1'
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36'

/** One person looks at every page of the account page: at first with nothing on it, at last with everything. */
export async function* accountScreens(walk: Walk): AsyncGenerator<Stop> {
  const { page } = walk
  await enter(walk, page)
  yield { name: 'account-new', page }
  for (const place of ['methods', 'devices', 'apps', 'activity', 'profile', 'data']) {
    await open(walk, `/${place}`)
    yield { name: `account-${place}-new`, page }
  }
  yield* addresses(walk)
  const shows = yield* authenticators(walk)
  yield* profile(walk)
  yield* appsAndDevices(walk, shows)
  yield* closing(walk)
  yield* objection(walk)
}

/** One more address is proven, made the main one, and the other asked to go. */
async function* addresses(walk: Walk): AsyncGenerator<Stop> {
  const { page, stage, address } = walk
  await open(walk, '/addresses/new?kind=phone')
  yield { name: 'account-address-phone', page }
  await open(walk, '/addresses/new?kind=email')
  yield { name: 'account-address', page }
  await page.evaluate("document.querySelector('main form').noValidate = true")
  await send(page, '#address', 'maria..garcia@fabrikam.example')
  yield { name: 'account-address-wrong', page }
  const second = `home-${address}`
  await send(page, '#address', second)
  const { code } = await stage.mailbox.next(second)
  yield { name: 'account-prove', page }
  await send(page, '#code', '000000')
  yield { name: 'account-prove-wrong', page }
  await send(page, '#code', code ?? '')
  yield { name: 'account-methods-added', page }
  const primary = await page.locator('a[href$="/primary"]').first().getAttribute('href')
  const change = await page.locator('a[href$="/change"]').first().getAttribute('href')
  const remove = await page.locator('a[href$="/remove"]').first().getAttribute('href')
  await page.goto(`${stage.service.issuer}${change}`)
  yield { name: 'account-address-change', page }
  await page.goto(`${stage.service.issuer}${remove}`)
  yield { name: 'account-confirm-remove-address', page }
  await page.goto(`${stage.service.issuer}${primary}`)
  yield { name: 'account-confirm-make-primary', page }
  await press(page, 'main form .btn')
  yield { name: 'account-methods-changing', page }
}

/** A second proof is set up; answers what the app shows. */
async function* authenticators(walk: Walk): AsyncGenerator<Stop, () => string> {
  const { page, stage } = walk
  await open(walk, '/authenticators/new')
  yield { name: 'account-totp', page }
  await typeSecond(page, '000000')
  yield { name: 'account-totp-wrong', page }
  const shows = await authenticatorOn(page, stage)
  await typeSecond(page, shows())
  yield { name: 'account-codes', page }
  await keepCodes(page)
  yield { name: 'account-methods-factor-added', page }
  const factor = await page.locator('a[href*="/authenticators/"]:not([href$="/new"])').first().getAttribute('href')
  await page.goto(`${stage.service.issuer}${factor}`)
  yield { name: 'account-factor', page }
  await page.goto(`${stage.service.issuer}${factor}/remove`)
  yield { name: 'account-confirm-remove-factor', page }
  await open(walk, '/codes/new')
  yield { name: 'account-confirm-new-codes', page }
  return shows
}

async function* profile(walk: Walk): AsyncGenerator<Stop> {
  const { page } = walk
  await open(walk, '/profile')
  const filled = { name: 'Maria García', given_name: 'Maria', website: 'fabrikam', birthdate: '21 May 1984', zoneinfo: 'Berlin' }
  for (const [field, value] of Object.entries(filled)) await page.locator(`#${field}`).fill(value)
  await press(page, 'main form .btn')
  yield { name: 'account-profile-wrong', page }
  const mended = { website: 'https://fabrikam.example', birthdate: '1984-05-21', zoneinfo: 'Europe/Berlin' }
  for (const [field, value] of Object.entries(mended)) await page.locator(`#${field}`).fill(value)
  await press(page, 'main form .btn')
  yield { name: 'account-profile-saved', page }
}

/** Applications get access, and other devices sign in, one of them to be remembered. */
async function* appsAndDevices(walk: Walk, shows: () => string): AsyncGenerator<Stop> {
  const { page, stage } = walk
  await stage.moveClock(CODE_SECONDS)
  await page.goto(`${stage.relyingParty.url}/login`)
  await press(page, 'button[value=totp]')
  await typeSecond(page, shows())
  await page.goto(`${stage.relyingParty.url}/login?${new URLSearchParams(outsideRequest())}`)
  // The answer goes to an application that is not there.
  await page.route(`${OUTSIDE_APP.client_uri}/**`, (route) => route.fulfill({ body: '' }))
  await press(page, 'button[value=allow]')
  await open(walk, '/apps')
  yield { name: 'account-apps', page }
  await open(walk, `/apps/${OUTSIDE_APP.client_id}/end`)
  yield { name: 'account-confirm-end-app', page }
  for (const [userAgent, remember] of [
    [IPHONE, true],
    [WINDOWS, false],
  ] as const) {
    await stage.moveClock(CODE_SECONDS)
    await enter(walk, await walk.elsewhere({ userAgent }), shows, remember)
  }
  await open(walk, '/devices')
  yield { name: 'account-devices', page }
  await open(walk, '/devices/end-others')
  yield { name: 'account-confirm-end-others', page }
  await open(walk, '/activity')
  yield { name: 'account-activity', page }
  await leaveCodes(walk, 1)
  await open(walk, '')
  yield { name: 'account-advice', page }
  await open(walk, '/data')
  yield { name: 'account-data', page }
}

/** The account is to be deleted. */
async function* closing(walk: Walk): AsyncGenerator<Stop> {
  const { page } = walk
  await open(walk, '/close')
  yield { name: 'account-confirm-close', page }
  await press(page, 'main form .btn')
  yield { name: 'account-closing', page }
  await press(page, 'main form[action$="/keep"] button')
  yield { name: 'account-kept', page }
}

/** What was done is told by mail, and "That was not me" pressed there. */
async function* objection(walk: Walk): AsyncGenerator<Stop> {
  const { page, stage } = walk
  const other = await walk.elsewhere()
  await other.goto(await linkOf(walk, 'factor_added'))
  yield { name: 'account-notice', page: other }
  const link = other.url()
  await press(other, 'main form .btn')
  yield { name: 'account-notice-done', page: other }
  await other.goto(link)
  yield { name: 'account-notice-ended', page: other }
  await page.goto(`${stage.service.issuer}/account/signed-out`)
  yield { name: 'account-signed-out', page }
}

async function open({ stage, page }: Walk, path: string): Promise<void> {
  await page.goto(`${stage.service.issuer}/account${path}`)
}

async function send(page: Page, field: string, value: string): Promise<void> {
  await page.locator(field).fill(value)
  await press(page, `form:has(${field}) .btn`)
}

/** Signs in on the account page, with the authenticator where that is asked for. */
async function enter(walk: Walk, page: Page, shows?: () => string, remember = false): Promise<void> {
  await page.goto(`${walk.stage.service.issuer}/account`)
  await typeAddress(page, walk.address)
  await typeMailed(walk, page)
  if (!shows) return
  if (remember) await page.locator('[name=remember]').check()
  await typeSecond(page, shows())
}

/** The link in the mail that told this person of it last. */
export async function linkOf({ stage, address }: Pick<Walk, 'stage' | 'address'>, kind: string): Promise<string> {
  const { databaseUrl, env, issuer } = stage.service
  const [row] = await query<{ id: string }>(
    databaseUrl,
    'select id from notice where kind = $1 and account_id = (select account_id from address where canonical = $2) order by created_at desc',
    [kind, address],
  )
  return `${issuer}/account/notice/${tokenOf(createSecrets([env.SECRETS ?? '']), row?.id ?? '')}`
}

/** As if all other recovery codes had been used. */
async function leaveCodes({ stage, address }: Walk, left: number): Promise<void> {
  const own = "kind = 'recovery' and account_id = (select account_id from address where canonical = $1)"
  await query(
    stage.service.databaseUrl,
    `delete from credential where ${own} and id not in (select id from credential where ${own} limit $2)`,
    [address, left],
  )
}
