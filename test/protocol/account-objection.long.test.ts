import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Added, objectingOn } from './account-objecting.ts'
import { pathOf } from './account-person.ts'
import { countOf } from './second-standing.ts'

let stage: Stage
let on: ReturnType<typeof objectingOn>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = objectingOn(stage)
})
afterAll(() => stage.stop())

const DONE = '/account/notice-done'
const later = () => stage.moveClock(60)
const mine = 'account_id = (select account_id from address where canonical = $1)'

describe('recovery codes of a thief', () => {
  test('R-109, R-116 that came with the thief’s authenticator are dead with it, and the owner’s own first one brings others', async () => {
    const address = 'codes-of-thief@fabrikam.example'
    const { codes } = await on.add(await on.member(address), 'Thief')
    expect(codes).toHaveLength(10)
    expect(await on.objectTo(address, 'factor_added')).toBe(DONE)
    expect([await on.authenticatorsOf(address), await on.codesLeft(address)]).toEqual([[], 0])
    await later()
    const own = await on.add(await on.member(address), 'Mine')
    expect(own.codes).toHaveLength(10)
    expect(own.codes.filter((code) => codes.includes(code))).toEqual([])
    await later()
    expect(await on.opens(address, codes[0] ?? '')).toBe(false)
    expect(await on.opens(address, own.codes[0] ?? '')).toBe(true)
  })

  test.each(['factor_removed', 'factor_added'])(
    'R-109, R-116 that came in place of the owner’s are dead as well when the owner’s authenticator comes back (%s)',
    async (kind) => {
      const address = `codes-instead-${kind}@fabrikam.example`
      const { one: thief, added } = await on.settled(address)
      await on.remove(thief, added)
      await later()
      expect((await on.add(thief, 'Thief')).codes).toHaveLength(10)
      expect(await on.objectTo(address, kind)).toBe(DONE)
      expect([await on.authenticatorsOf(address), await on.codesLeft(address)]).toEqual([['Old phone'], 0])
    },
  )

  test('R-109 codes that the owner has kept for long stay when a second authenticator is taken back', async () => {
    const address = 'codes-stay@fabrikam.example'
    const { one, added } = await on.settled(address)
    expect((await on.add(one, 'Thief')).codes).toEqual([])
    expect(await on.objectTo(address, 'factor_added')).toBe(DONE)
    expect([await on.authenticatorsOf(address), await on.codesLeft(address)]).toEqual([['Old phone'], 10])
    await later()
    expect(await on.opens(address, added.codes[0] ?? '')).toBe(true)
  })
})

describe('whoever reads somebody’s mail and presses “that was not me”', () => {
  const orders: Record<string, (address: string) => Promise<void>> = {
    'adds a new one, then removes the old one': async (address) => {
      const { one, added } = await on.settled(address)
      await on.add(one, 'New phone')
      await later()
      await on.remove(one, added)
    },
    'removes the old one, then adds a new one': async (address) => {
      const { one, added } = await on.settled(address)
      await on.remove(one, added)
      await later()
      await on.add(one, 'New phone')
    },
  }
  const cases = Object.keys(orders).flatMap((order) =>
    ['device_new', 'factor_added', 'factor_removed'].map((kind) => [order, kind] as const),
  )

  test.each(cases)('R-109, R-101 owner %s; objection to %s: a second factor is asked for as before', async (order, kind) => {
    const address = `mailbox-${cases.findIndex((one) => one[0] === order && one[1] === kind)}@fabrikam.example`
    await orders[order]?.(address)
    expect(await on.objectTo(address, kind)).toBe(DONE)
    expect(await on.authenticatorsOf(address)).toContain('Old phone')
    expect(await on.askedByMail(address)).toBe('factor')
    // And whatever is open after it takes nothing more away.
    for (const other of ['device_new', 'factor_added', 'factor_removed']) await on.objectTo(address, other).catch(() => null)
    expect(await on.authenticatorsOf(address)).toContain('Old phone')
    expect(await on.askedByMail(address)).toBe('factor')
  })
})

describe('what an objection has taken back', () => {
  test('R-109 is gone for good: no later objection brings back what a thief had added', async () => {
    const address = 'for-good@fabrikam.example'
    await on.add(await on.member(address), 'Thief')
    expect(await on.objectTo(address, 'factor_added')).toBe(DONE)
    await later()
    const owner = await on.member(address)
    const own = await on.add(owner, 'Mine')
    expect(await on.objectTo(address, 'factor_added')).toBe(DONE) // by whoever reads the mail
    expect(await on.authenticatorsOf(address)).toEqual([])
    await later()
    const again = await on.member(address)
    const next = await on.add(again, 'Mine again')
    await on.remove(again, next)
    expect(await on.objectTo(address, 'factor_removed')).toBe(DONE)
    expect(await on.authenticatorsOf(address)).toEqual(['Mine again'])
    expect(own.id).not.toBe(next.id)
  })

  test('R-109, R-088 is everything since, by one press: authenticators, codes, addresses, the end of the account', async () => {
    const [address, before, evil] = ['since@fabrikam.example', 'since@before.example', 'since@evil.example']
    const first = await on.member(address)
    await on.addAddress(first, before) // by the owner, and told
    await stage.moveClock(3600)
    const thief = await on.member(address)
    await on.addAddress(thief, evil)
    const added: Added = await on.add(thief, 'Thief')
    expect(pathOf(await on.post(thief, '/account/codes/new'))).toBe('/account/codes')
    await on.post(thief, `/account/addresses/${await on.refOf(thief, address)}/remove`)
    expect(pathOf(await on.post(thief, '/account/close'))).toBe('/account')
    const kinds = ['device_new', 'address_added', 'factor_added', 'codes_replaced', 'address_removing', 'account_closing']
    expect(await on.toldOf(address)).toEqual(['address_added', ...kinds])
    const links = await Promise.all(kinds.map((kind) => on.linkAbout(address, kind)))

    expect(await on.object(links[0] ?? '')).toBe(DONE)
    expect(await on.rowsOf(address)).toMatchObject([
      { address, leaving: false, primary: true },
      { address: before, leaving: false },
    ])
    expect([await on.authenticatorsOf(address), await on.codesLeft(address)]).toEqual([[], 0])
    expect(
      await countOf(
        stage.service,
        `account where closing_at is not null and id = (select account_id from address where canonical = $1)`,
        [address],
      ),
    ).toBe(0)
    expect(await on.isIn(thief)).toBe(false)
    expect(await on.recorded(address, 'notice.objected')).toBe(1)
    // None of them can be pressed again; the one about the owner's own address can.
    for (const link of links) expect((await createVisitor(stage.service).get(link)).status).toBe(410)
    expect(await countOf(stage.service, `notice where objected_at is null and ${mine}`, [address])).toBe(1)
    // What the thief has left opens nothing.
    expect(await on.accountOf(evil)).toBeNull()
    await later()
    expect(await on.isIn(await on.member(address))).toBe(true) // by mail alone, as it was
    expect(added.codes).toHaveLength(10)
  })

  test('R-109, R-088 a thief’s address gets none of the links that undo things, as long as it can be objected to', async () => {
    const [address, evil] = ['remedy@fabrikam.example', 'remedy@evil.example']
    const thief = await on.member(address)
    await on.addAddress(thief, evil)
    const owner = await on.member(address)
    await on.post(owner, `/account/addresses/${await on.refOf(owner, evil)}/remove`)
    await on.add(owner, 'Mine')
    const toldTo = async (kind: string) =>
      (
        await on.rows<{ target: string }>(
          `select target from delivery where notice_id = (
             select id from notice where kind = $2 and ${mine} order by created_at desc limit 1) order by target`,
          [address, kind],
        )
      ).map(({ target }) => target)
    for (const kind of ['address_added', 'device_new', 'address_removing', 'factor_added']) {
      expect([kind, await toldTo(kind)]).toEqual([kind, [address]])
    }
    expect(stage.mailbox.received.filter(({ to, objection }) => to === evil && objection !== null)).toEqual([])
  })
})
