import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets } from '../../src/base/index.ts'
import { tokenOf } from '../../src/notices/notice-token.ts'
import { query } from '../support/database.ts'
import type { Mail } from '../support/mailbox.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Member, type Members, membersOf, pathOf } from './account-person.ts'
import { appOf, refresh, tokensOf } from './protocol.ts'
import { addRecoveryCodes, countOf } from './second-standing.ts'
import { addAuthenticator } from './second-walk.ts'

let stage: Stage
let on: Members
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = membersOf(stage)
})
afterAll(() => stage.stop())

const mine = 'account_id = (select account_id from address where canonical = $1)'
const codesLeft = (address: string) => countOf(stage.service, `credential where kind = 'recovery' and ${mine}`, [address])

/** Something that is done to an account, by somebody who is signed in. */
interface Deed {
  kind: string
  event: string
  /** What is there before. Answers what the person gives beside the mailed code. */
  before?: (address: string) => Promise<() => string>
  /** Answers where it leads. */
  does(one: Member): Promise<string | null>
  /** Whether it has been done; what an objection takes back is no longer so. */
  isDone(address: string): Promise<boolean>
}

const second = (address: string) => address.replace('@fabrikam', '@second')
const isThere = async (address: string, which: string) => (await on.rowsOf(address)).some((row) => row.address === which)
const leaves = async (address: string) => (await on.rowsOf(address)).some(({ leaving }) => leaving)

const DEEDS: Record<string, Deed> = {
  'a sign-in in a new browser': {
    kind: 'device_new',
    event: 'device.new',
    does: async ({ address }) => pathOf(await on.open(await on.member(address), '/account')),
    isDone: async () => false,
  },
  'an authenticator that is added': {
    kind: 'factor_added',
    event: 'factor.added',
    does: async (one) => ((await on.addAuthenticator(one)).codes.length === 10 ? '10 codes' : 'no codes'),
    isDone: async (address) => (await on.authenticatorOf(address)) !== '' || (await codesLeft(address)) > 0,
  },
  'an authenticator that is removed': {
    kind: 'factor_removed',
    event: 'factor.removed',
    before: (address) => addAuthenticator(stage.service, address),
    does: async (one) => pathOf(await on.post(one, `/account/authenticators/${await on.authenticatorOf(one.address)}/remove`)),
    isDone: async (address) => (await on.authenticatorOf(address)) === '',
  },
  'recovery codes that are made anew': {
    kind: 'codes_replaced',
    event: 'codes.replaced',
    before: async (address) => {
      const shows = await addAuthenticator(stage.service, address)
      await addRecoveryCodes(stage.service, address)
      return shows
    },
    does: async (one) => pathOf(await on.post(one, '/account/codes/new')),
    // Whoever made them knows them: they open nothing any more.
    isDone: async (address) => (await codesLeft(address)) > 0,
  },
  'an address that is added': {
    kind: 'address_added',
    event: 'address.added',
    does: (one) => on.addAddress(one, second(one.address)),
    isDone: (address) => isThere(address, second(address)),
  },
  'an address that is changed': {
    kind: 'address_changing',
    event: 'address.change_asked',
    does: async (one) => on.addAddress(one, second(one.address), await on.refOf(one, one.address)),
    isDone: (address) => isThere(address, second(address)),
  },
  'another primary address': {
    kind: 'address_changing',
    event: 'address.change_asked',
    does: async (one) => {
      await on.addAddress(one, second(one.address))
      return pathOf(await on.post(one, `/account/addresses/${await on.refOf(one, second(one.address))}/primary`))
    },
    isDone: async (address) => (await on.rowsOf(address)).some((row) => row.primary && row.address === second(address)),
  },
  'an address that is removed': {
    kind: 'address_removing',
    event: 'address.removed',
    does: async (one) => {
      await on.addAddress(one, second(one.address))
      return pathOf(await on.post(one, `/account/addresses/${await on.refOf(one, one.address)}/remove`))
    },
    isDone: leaves,
  },
  'the end of the account': {
    kind: 'account_closing',
    event: 'account.closing',
    does: async (one) => pathOf(await on.post(one, '/account/close')),
    isDone: async (address) =>
      (await countOf(
        stage.service,
        `account where closing_at is not null and id = (select account_id from address where canonical = $1)`,
        [address],
      )) > 0,
  },
}
const DONE = ['/account', '/account/methods', '/account/devices', '/account/codes', '10 codes']

/** The mail about the newest notice of this kind. */
async function mailOf(address: string, kind: string): Promise<Mail> {
  const [row] = await query<{ id: string }>(
    stage.service.databaseUrl,
    `select id from notice where kind = $2 and ${mine} order by created_at desc limit 1`,
    [address, kind],
  )
  const link = on.at(`/account/notice/${tokenOf(createSecrets([stage.service.env.SECRETS ?? '']), row?.id ?? '')}`)
  for (;;) {
    const mail = await stage.mailbox.nextNotice(address)
    if (mail.objection === link) return mail
  }
}

describe('what is done to an account', () => {
  test.each(Object.keys(DEEDS).map((words, index) => [words, index] as const))(
    'R-184, R-109, R-024 %s is recorded and told by mail; one objection takes it back and ends every session and token',
    async (words, index) => {
      const deed = DEEDS[words] as Deed
      const address = `told-${index}@fabrikam.example`
      await on.member(address)
      const one = await on.member(address, await deed.before?.(address))
      const { body } = await tokensOf(stage, appOf(stage), { email: address, visitor: one.visitor })
      const before = await on.recorded(address, deed.event)

      expect(DONE).toContain(await deed.does(one))
      expect(await on.recorded(address, deed.event)).toBe(before + 1)
      const mail = await mailOf(address, deed.kind)
      expect(mail.text).toContain('Firefox on Linux')
      expect(mail.code ?? mail.link).toBeNull() // nothing in it signs anybody in

      expect(await on.object(mail.objection)).toBe('/account/notice-done')
      expect(await deed.isDone(address)).toBe(false)
      expect(await on.isIn(one)).toBe(false)
      expect(await refresh(stage.service, appOf(stage), body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
      expect(await countOf(stage.service, `oidc_record where model = 'Session' and ${mine}`, [address])).toBe(0)
      expect(await on.recorded(address, 'notice.objected')).toBe(1)
      // The owner comes in again by the address that was theirs all along.
      expect(await on.accountOf(address)).not.toBeNull()
    },
  )
})
