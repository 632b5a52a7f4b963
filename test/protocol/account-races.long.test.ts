import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSecrets } from '../../src/base/index.ts'
import { createCredentialFactors } from '../../src/factors/index.ts'
import { query } from '../support/database.ts'
import type { Answer } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { codesOn, type Member, type Members, membersOf, pathOf, shownBy } from './account-person.ts'
import { appOf, refresh, tokensOf } from './protocol.ts'
import { addRecoveryCodes, countOf, toCode } from './second-standing.ts'
import { addAuthenticator } from './second-walk.ts'
import { posting, statuses, withField } from './text-walk.ts'

let stage: Awaited<ReturnType<typeof startPairStage>>
let on: Members
beforeAll(async () => {
  stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = membersOf(stage)
})
afterAll(() => stage.stop())

const mine = 'account_id = (select account_id from address where canonical = $1)'

/** The same thing `count` times at once, by turns at the two instances. */
function atOnce<T>(count: number, work: (instance: Service, index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index % 2 === 0 ? stage.service : stage.second, index)))
}

/** A form of this person's browser, as it is now, to be sent as often as one likes. */
function sending({ visitor, csrf }: Pick<Member, 'visitor' | 'csrf'>, path: string, fields: Record<string, string> = {}) {
  return posting(visitor, { action: on.at(path), values: { csrf } }, fields)
}

/** How many answers led to each path. */
function ways(answers: readonly Answer[]): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const { headers, status } of answers) {
    const way = headers.location ? new URL(headers.location, stage.service.issuer).pathname : String(status)
    counted[way] = (counted[way] ?? 0) + 1
  }
  return counted
}

describe('at once, over two instances', () => {
  test('F-22, R-107 the first code of an authenticator, four times: it is set up once, and told once', async () => {
    const one = await on.member('confirms@fabrikam.example')
    const page = await on.open(one, '/account/authenticators/new')
    const code = shownBy(page, stage.service)()
    const answers = await atOnce(4, sending(one, '/account/authenticators/new', { code, name: 'Phone' }))
    expect(statuses(answers)).toEqual({ 303: 4 })
    expect(ways(answers)['/account/codes']).toBe(1)
    expect(
      await countOf(stage.service, `credential where kind = 'totp' and proven_at is not null and ${mine}`, [one.address]),
    ).toBe(1)
    expect(await countOf(stage.service, `credential where kind = 'recovery' and ${mine}`, [one.address])).toBe(10)
    expect([await on.recorded(one.address, 'factor.added'), await on.toldOf(one.address)]).toEqual([1, ['factor_added']])
  })

  test('F-22, R-105 and that of a second one, twenty times: the same, and its code is used', async () => {
    const address = 'confirms-second@fabrikam.example'
    await on.member(address)
    const shows = await addAuthenticator(stage.service, address)
    await addRecoveryCodes(stage.service, address)
    const one = await on.member(address, shows)
    const key = shownBy(await on.open(one, '/account/authenticators/new'), stage.service)
    const code = key()
    const answers = await atOnce(20, sending(one, '/account/authenticators/new', { code, name: 'Tablet' }))
    expect(statuses(answers)).toEqual({ 303: 20 })
    expect(ways(answers)['/account/methods']).toBe(1)
    expect([
      await on.recorded(address, 'factor.added'),
      (await on.toldOf(address)).filter((kind) => kind === 'factor_added'),
    ]).toEqual([1, ['factor_added']])
    await expect(on.member(address, () => code)).rejects.toThrow('Too many wrong codes')
  })

  test('R-116 recovery codes are made anew in two tabs, and in two browsers: ten count, and no page shows others', async () => {
    const address = 'codes-anew@fabrikam.example'
    await on.member(address)
    const shows = await addAuthenticator(stage.service, address)
    await addRecoveryCodes(stage.service, address)
    const here = await on.member(address, shows)
    await stage.moveClock(30)
    const there = await on.member(address, shows)
    for (let round = 0; round < 2; round++) {
      const answers = await atOnce(3, (via, index) => sending(index < 2 ? here : there, '/account/codes/new')(via))
      expect(ways(answers)).toEqual({ '/account/codes': 3 })
      const rows = await query<{ data: string }>(
        stage.service.databaseUrl,
        `select data from credential where kind = 'recovery' and ${mine}`,
        [address],
      )
      expect(rows).toHaveLength(10)
      const shown = await Promise.all([here, there].map(async (one) => codesOn(await on.open(one, '/account/codes'))))
      const good = await Promise.all(shown.map((codes) => (codes[0] ? counts(address, codes[0]) : null)))
      expect([round, good.includes(true), good.includes(false)]).toEqual([round, true, false])
    }
  })

  /** Whether a recovery code would be taken. */
  async function counts(address: string, code: string): Promise<boolean> {
    const { recovery } = createCredentialFactors({
      secrets: createSecrets([stage.service.env.SECRETS ?? '']),
      clock: { now: () => new Date() },
    })
    const own = await query<Record<string, unknown>>(
      stage.service.databaseUrl,
      `select id, kind, data, label, counter, proven_at as "provenAt" from credential where kind = 'recovery' and ${mine}`,
      [address],
    )
    const read = recovery.read(code)
    const rows = own.map((row) => ({ ...row, counter: BigInt(String(row.counter)) }))
    return read !== null && (await recovery.judge(rows as never, address, read)) !== null
  }

  test('R-094 the last two addresses are removed: one stays, five times over', async () => {
    const first = 'last-two@fabrikam.example'
    const one = await on.member(first)
    const other = await on.member(first)
    await on.addAddress(one, 'last-two@home.example')
    const refs = [await on.refOf(one, first), await on.refOf(one, 'last-two@home.example')]
    for (let round = 0; round < 5; round++) {
      const answers = await atOnce(4, (via, index) =>
        sending(index < 2 ? one : other, `/account/addresses/${refs[index % 2 === round % 2 ? 0 : 1]}/remove`)(via),
      )
      expect(ways(answers)['/account/devices']).toBe(1)
      expect((await on.rowsOf(first)).filter(({ leaving }) => leaving)).toHaveLength(1)
      for (const ref of refs) await on.post(one, `/account/addresses/${ref}/keep`)
    }
  })

  test('R-053, F-22 “that was not me” is pressed twenty times: it counts once', async () => {
    const one = await on.member('objects@fabrikam.example')
    await on.addAuthenticator(one)
    const { objection } = await stage.mailbox.nextNotice(one.address)
    const visitor = createVisitor(stage.service)
    const page = await visitor.get(objection ?? '')
    const answers = await atOnce(20, posting(visitor, withField(page, 'csrf')))
    expect(statuses(answers)).toEqual({ 303: 20 })
    expect(ways(answers)['/account/notice-done']).toBe(1)
    expect(await on.recorded(one.address, 'notice.objected')).toBe(1)
    expect(await on.authenticatorOf(one.address)).toBe('')
  })

  test('F-25 one address is added by two accounts, and changed to by a third: one has it, and the others are told', async () => {
    for (let round = 0; round < 3; round++) {
      const wanted = `wanted-${round}@home.example`
      const people = await Promise.all(['a', 'b', 'c'].map((name) => on.member(`wants-${round}${name}@fabrikam.example`)))
      const posts: ReturnType<typeof sending>[] = []
      for (const [index, one] of people.entries()) {
        const ref = index === 2 ? await on.refOf(one, one.address) : undefined
        posts.push(sending(one, '/account/addresses/prove', { code: await on.askAddress(one, wanted, ref) }))
      }
      const answers = await atOnce(9, (via, index) => (posts[index % 3] as ReturnType<typeof sending>)(via))
      expect(statuses(answers)).toEqual({ 303: 9 })
      const owner = await on.accountOf(wanted)
      const accounts = await Promise.all(people.map(({ address }) => on.accountOf(address)))
      expect(accounts.filter((id) => id === owner)).toHaveLength(1)
      const done = await Promise.all(
        people.map(
          async ({ address }) =>
            (await on.recorded(address, 'address.added')) + (await on.recorded(address, 'address.change_asked')),
        ),
      )
      expect(done.toSorted()).toEqual([0, 0, 1])
      for (const [index, one] of people.entries()) {
        const rows = (await on.rowsOf(one.address)).map(({ address }) => address)
        expect(rows.includes(wanted)).toBe(accounts[index] === owner)
        expect(rows).toContain(one.address)
      }
    }
  })

  test('F-22 the code of an address, twenty times: it is added once', async () => {
    const one = await on.member('proves@fabrikam.example')
    const code = await on.askAddress(one, 'proves@home.example')
    const answers = await atOnce(20, sending(one, '/account/addresses/prove', { code }))
    expect(statuses(answers)).toEqual({ 303: 20 })
    expect(await on.rowsOf(one.address)).toHaveLength(2)
    expect(await on.recorded(one.address, 'address.added')).toBe(1)
  })

  test('R-024, S-1 an account is deleted while its person signs in elsewhere: nothing fails, one end is told, what was there is over', async () => {
    const address = 'deletes@fabrikam.example'
    const one = await on.member(address)
    const { body, visitor } = await tokensOf(stage, appOf(stage), { email: address })
    const walks = [await toCode(stage, address), await toCode(stage, address)]
    const mails = [await stage.mailbox.next(address), await stage.mailbox.next(address)]
    const codes = walks.map(({ page }) => mails.find(({ link }) => link?.includes(`${new URL(page.url).pathname}/`))?.code ?? '')
    const close = sending(one, '/account/close')
    const answers = await atOnce(6, (via, index) => {
      const walk = walks[index - 4]
      return walk ? posting(walk.visitor, withField(walk.page, 'code'), { code: codes[index - 4] ?? '' })(via) : close(via)
    })
    expect(statuses(answers)).toEqual({ 303: 6 })
    expect(await on.recorded(address, 'account.closing')).toBe(1)
    expect((await on.toldOf(address)).filter((kind) => kind === 'account_closing')).toHaveLength(1)
    expect(await refresh(stage.service, appOf(stage), body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect(await on.isIn({ visitor })).toBe(false)
    expect(await on.isIn(one)).toBe(true)
    // Whoever signs in meanwhile can keep it.
    const back = await on.member(address)
    expect(pathOf(await on.post(back, '/account/keep'))).toBe('/account')
    expect(await on.recorded(address, 'account.kept')).toBe(1)
  })

  test('R-033, R-185, F-24 at the end of an account ten browsers prove its address: one new account, and nothing of the old one', async () => {
    const address = 'ends@fabrikam.example'
    const one = await on.member(address)
    await on.post(one, '/account/profile', { name: 'Ends' })
    const { body } = await tokensOf(stage, appOf(stage), { email: address, visitor: one.visitor })
    expect(pathOf(await on.post(one, '/account/close'))).toBe('/account')
    const old = await on.accountOf(address)
    await stage.moveClock(14 * 86_400 + 1)
    const walks = []
    for (let count = 0; count < 10; count++) walks.push(await toCode(stage, address))
    const mails = await Promise.all(walks.map(() => stage.mailbox.next(address)))
    const posts = walks.map(({ visitor, page }) => {
      const mail = mails.find(({ link }) => link?.includes(`${new URL(page.url).pathname}/`))
      return posting(visitor, withField(page, 'code'), { code: mail?.code ?? '' })
    })
    const answers = await atOnce(10, (via, index) => (posts[index] as (typeof posts)[number])(via))
    expect(statuses(answers)).toEqual({ 303: 10 })
    const begun = await on.accountOf(address)
    expect(begun).not.toBe(old)
    expect(await countOf(stage.service, 'account where id = $1', [old])).toBe(0)
    expect([await on.recorded(address, 'account.created'), await on.rowsOf(address)]).toEqual([
      1,
      [{ address, leaving: false, primary: true }],
    ])
    expect(await refresh(stage.service, appOf(stage), body.refresh_token)).toMatchObject({ body: { error: 'invalid_grant' } })
    expect(await on.isIn(one)).toBe(false)
    expect((await on.open(await on.member(address), '/account/profile')).text).not.toContain('value="Ends"')
  })
})
