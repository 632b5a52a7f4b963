import { query } from './database.ts'
import { keepCodes, typeMailed } from './second-screens.ts'
import { type Stop, WAITING_APP, type Walk } from './theatre.ts'
import { addAuthenticator } from './virtual-authenticator.ts'
import { identify, press, typeAddress } from './walking.ts'

const OWN = '(select account_id from address where canonical = $1)'

/** One person makes a passkey, wants it asked for always, and uses it; at last an application waits with them after a rescue. */
export async function* passkeyScreens(walk: Walk): AsyncGenerator<Stop> {
  const { stage, page, address } = walk
  await addAuthenticator(page)
  await identify(walk, '?prompt=login')
  await typeMailed(walk, page)
  yield { name: 'passkey-offer', page }
  const { issuer } = stage.service
  await page.goto(`${issuer}/account/passkeys/new`)
  if ((await page.locator('#identifier').count()) > 0) {
    await typeAddress(page, address)
    await typeMailed(walk, page)
    if (page.url().includes('/sign-in/')) await press(page, 'button[value=later]')
  }
  yield { name: 'account-passkey-new', page }
  await press(page, 'form[data-passkey] button')
  yield { name: 'account-methods-passkey', page }
  const one = await page.locator('main a[href*="/passkeys/"]:not([href$="/new"], [href$="/always"])').first().getAttribute('href')
  await page.goto(`${issuer}${one}`)
  yield { name: 'account-passkey', page }
  await page.goto(`${issuer}${one}/remove`)
  yield { name: 'account-confirm-remove-passkey', page }
  await page.goto(`${issuer}/account/passkeys/always`)
  yield { name: 'account-confirm-always', page }
  await press(page, 'main form .btn')
  yield { name: 'second-factor-passkey', page }
  await press(page, 'button[value=passkey]')
  yield { name: 'passkey', page }
  await press(page, 'form[data-passkey] button')
  yield { name: 'account-codes-passkey', page }
  await keepCodes(page)
  yield { name: 'account-methods-always', page }
  yield* waiting(walk)
}

/** As if they had got back in by a rescue a minute ago. */
async function* waiting(walk: Walk): AsyncGenerator<Stop> {
  const { stage } = walk
  const page = await walk.elsewhere()
  const other = { ...walk, page, address: `rescued-${walk.address}` }
  await stage.signIn(other.address)
  const now = new Date(Date.now() + stage.service.clockSeconds * 1000)
  await query(
    stage.service.databaseUrl,
    `update account set recovered_at = $2, recovery_started_at = $2::timestamptz - interval '2 days' where id = ${OWN}`,
    [other.address, now],
  )
  const { client_id, redirect_uris, scope } = { ...WAITING_APP, scope: 'openid' }
  const asked = new URLSearchParams({ client_id, redirect_uri: redirect_uris[0] ?? '', scope, response_type: 'code' })
  asked.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  asked.set('code_challenge_method', 'S256')
  await page.goto(`${stage.service.issuer}/authorize?${asked}`)
  await typeAddress(page, other.address)
  await typeMailed(other, page)
  yield { name: 'rescue-wait', page }
}
