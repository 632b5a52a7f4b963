import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAccountRoutes } from '../../src/web/account/routes.ts'
import { csrfOf } from '../support/account.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Member, type Members, membersOf } from './account-person.ts'
import { appOf, authorize, redeem, userinfo } from './protocol.ts'
import { addRecoveryCodes, afterFirst, toRecovery, typing } from './second-standing.ts'
import { addAuthenticator } from './second-walk.ts'

let stage: Stage
let on: Members
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = membersOf(stage)
})
afterAll(() => stage.stop())

const EVIL = 'victim@evil.example'
/** Whatever somebody may think of to say that an address is theirs. */
const SAID: Record<string, string> = {
  email: EVIL,
  email_verified: 'true',
  emailVerified: 'true',
  phone_number: '+4915123000001',
  phone_number_verified: 'true',
  address: EVIL,
  target: EVIL,
  canonical: EVIL,
  proven: 'true',
  proven_at: '2020-01-01T00:00:00Z',
  provenAt: '2020-01-01T00:00:00Z',
  usable_from: '2020-01-01T00:00:00Z',
  primary: 'true',
  primary_from: '2020-01-01T00:00:00Z',
  state: 'proven',
  outcome: 'proven',
  purpose: 'address',
  kind: 'email',
  account_id: 'x',
  sub: 'x',
  'addresses[0][address]': EVIL,
  __proto__address: EVIL,
  'constructor[prototype][email_verified]': 'true',
  code: '000000',
}

/** The forms of the account page, asked of the function that adds them. */
function formPaths(): string[] {
  const paths: string[] = []
  const anything: unknown = new Proxy(() => {}, { get: () => anything })
  addAccountRoutes({ get: () => {}, post: (path) => paths.push(path) }, new Proxy({}, { get: () => anything }) as never)
  return paths.filter((path) => !path.startsWith('/account/notice'))
}

describe('that an address is one’s own', () => {
  test('R-089 is said by no form of the account page, with whatever fields, in its body or behind its path', async () => {
    const paths = formPaths()
    expect(paths.length).toBeGreaterThan(20)
    const address = 'forms@fabrikam.example'
    let one = await on.member(address)
    const ref = await on.refOf(one, address)
    for (const path of paths) {
      const own = path.replace(':ref', ref).replace(/:\w+/, 'test-app')
      for (const asked of [own, `${own}?${new URLSearchParams(SAID)}`]) await on.post(one, asked, SAID)
      expect([path, await on.rowsOf(address)]).toEqual([path, [{ address, leaving: false, primary: true }]])
      expect([path, await on.accountOf(EVIL)]).toEqual([path, null])
      if (!(await on.isIn(one))) one = await on.member(address) // that form has ended the session
    }
  })

  test('R-089 is not said by a profile: no claim of it speaks of what is proven, at userinfo or in the export', async () => {
    const one = await on.member('profile@fabrikam.example')
    await on.post(one, '/account/profile', { ...SAID, name: EVIL, nickname: EVIL, website: 'https://evil.example/' })
    const issued = await authorize(stage, appOf(stage), { email: one.address, visitor: one.visitor })
    const { body } = await redeem(stage.service, appOf(stage), issued)
    const told = (await userinfo(stage.service, body.access_token)).body
    expect(told).toMatchObject({ email: one.address, email_verified: true, name: EVIL, sub: await on.accountOf(one.address) })
    expect(told).not.toHaveProperty('phone_number')
    expect(told).not.toHaveProperty('phone_number_verified')
    const exported = JSON.parse((await on.open(one, '/account/data/download')).text)
    expect(exported.addresses).toMatchObject([{ kind: 'email', address: one.address }])
  })

  test('R-089 is not said in a profile that says so in the store: claims of addresses come from proven rows alone', async () => {
    const one = await on.member('stored@fabrikam.example')
    await query(
      stage.service.databaseUrl,
      `update account set profile = profile || $2::jsonb where id = (select account_id from address where canonical = $1)`,
      [one.address, JSON.stringify({ email: EVIL, email_verified: true, phone_number: '+491512300001', sub: 'x' })],
    )
    const parameters = { scope: 'openid email phone profile' }
    const issued = await authorize(stage, appOf(stage), { email: one.address, visitor: one.visitor, parameters })
    const { body } = await redeem(stage.service, appOf(stage), issued)
    const told = (await userinfo(stage.service, body.access_token)).body
    expect(told).toMatchObject({ email: one.address, email_verified: true, sub: await on.accountOf(one.address) })
    expect(told).not.toHaveProperty('phone_number')
  })
})

/** Signs in on the account page by a mailed code and a recovery code. */
async function byRecovery(address: string, code: string): Promise<Member> {
  const walk = await typing(await toRecovery(await afterFirst(stage, address, { url: on.at('/account') })), code)
  return { address, visitor: walk.visitor, csrf: csrfOf(walk.page) }
}

describe('a factor and a session that has not shown it', () => {
  test('R-109 a session by mail alone cannot remove the authenticator; with the authenticator, or a recovery code, it can', async () => {
    for (const way of ['authenticator', 'recovery'] as const) {
      const address = `removes-by-${way}@fabrikam.example`
      const weak = await on.member(address)
      const shows = await addAuthenticator(stage.service, address)
      const [code = ''] = await addRecoveryCodes(stage.service, address)
      const path = `/account/authenticators/${await on.authenticatorOf(address)}/remove`
      // However fresh it is, and however often it signs in again by mail: each time the second factor is asked for.
      expect(new URL((await on.post(weak, path)).location ?? '').pathname).toBe('/authorize')
      expect(await on.authenticatorOf(address)).not.toBe('')
      const strong = way === 'authenticator' ? await on.member(address, shows) : await byRecovery(address, code)
      const removed = await on.post(strong, path)
      expect(removed.location).toBe(on.at('/account/devices')) // where the other sessions can be ended
      expect(await on.authenticatorOf(address)).toBe('')
      expect((await stage.mailbox.nextNotice(address)).objection).not.toBeNull()
    }
  })
})
