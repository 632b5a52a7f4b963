import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { setRole } from '../support/admin.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { objectingOn } from './account-objecting.ts'
import { type Member, pathOf } from './account-person.ts'

let stage: Stage
let on: ReturnType<typeof objectingOn>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = objectingOn(stage)
})
beforeEach(async () => {
  await on.rows('update account set role = null', [])
})
afterAll(() => stage.stop())

const DONE = '/account/notice-done'

async function roleOf(address: string): Promise<string | null | undefined> {
  const rows = await on.rows<{ role: string | null }>(
    'select role from account where id = (select account_id from address where canonical = $1)',
    [address],
  )
  return rows[0]?.role
}

describe('somebody who administers keeps an authenticator, so that their mail alone is worth nothing', () => {
  test('R-109, R-175 the last one is not removed on the account page, which says why; one of two is', async () => {
    const address = 'keeps@fabrikam.example'
    const { one, added } = await on.settled(address)
    await setRole(stage.service, address, 'support')
    expect(pathOf(await on.remove(one, added))).toBe('/account/methods')
    expect((await on.open(one, '/account/methods')).words).toContain('last authenticator app, and you administer this service')
    expect(await on.authenticatorsOf(address)).toEqual(['Old phone'])
    await on.add(one, 'New phone')
    expect(pathOf(await on.remove(one, added))).toBe('/account/devices')
    expect([await on.authenticatorsOf(address), await roleOf(address)]).toEqual([['New phone'], 'support'])
  })

  test('R-109, R-175 of two that are removed in one moment one stays', async () => {
    const address = 'two-at-once@fabrikam.example'
    const { one, added } = await on.settled(address)
    const more = await on.add(one, 'New phone')
    await setRole(stage.service, address, 'support')
    await Promise.all([on.remove(one, added), on.remove(one, more)])
    expect(await on.authenticatorsOf(address)).toHaveLength(1)
  })

  test('R-109, R-175 an objection that takes the last one back takes the role as well, that of the last administrator too', async () => {
    const address = 'objected@fabrikam.example'
    await on.add(await on.member(address), 'Phone')
    await setRole(stage.service, address, 'admin')
    expect(await on.objectTo(address, 'factor_added')).toBe(DONE)
    expect([await on.authenticatorsOf(address), await roleOf(address)]).toEqual([[], null])
    expect(await on.recorded(address, 'administrator.revoked')).toBe(1)
  })

  test('R-109, R-175 an objection that leaves one, or brings one back, leaves the role', async () => {
    const address = 'brought-back@fabrikam.example'
    const { one, added } = await on.settled(address)
    await on.add(one, 'New phone')
    await setRole(stage.service, address, 'admin')
    await on.remove(one, added)
    expect(await on.objectTo(address, 'factor_added')).toBe(DONE)
    expect([await on.authenticatorsOf(address), await roleOf(address)]).toEqual([['Old phone'], 'admin'])
    expect(await on.recorded(address, 'administrator.revoked')).toBe(0)
  })
})

describe('the last administrator', () => {
  const closingOf = async (address: string) => {
    const sql = 'select closing_at as at from account where id = (select account_id from address where canonical = $1)'
    return (await on.rows<{ at: Date | null }>(sql, [address]))[0]?.at ?? null
  }
  const close = async (one: Member) => pathOf(await on.post(one, '/account/close'))

  test('R-174, R-185 cannot have their account deleted, and is told why; with another one they can', async () => {
    const [address, other] = ['last@fabrikam.example', 'next@fabrikam.example']
    const { one } = await on.settled(address)
    await setRole(stage.service, address, 'admin')
    expect(await close(one)).toBe('/account/data')
    expect((await on.open(one, '/account/data')).words).toContain('You are the last administrator, so your account stays.')
    expect(await closingOf(address)).toBeNull()
    await stage.signIn(other)
    await setRole(stage.service, other, 'support')
    expect(await close(one)).toBe('/account/data')
    await setRole(stage.service, other, 'admin')
    expect(await close(one)).toBe('/account')
    expect(await closingOf(address)).not.toBeNull()
  })

  test('R-174, R-185 is left when two ask for it in one moment', async () => {
    const two = ['first-of-two@fabrikam.example', 'second-of-two@fabrikam.example']
    const members = await Promise.all(two.map((address) => on.member(address)))
    for (const address of two) await setRole(stage.service, address, 'admin')
    expect((await Promise.all(members.map(close))).sort()).toEqual(['/account', '/account/data'])
  })
})
