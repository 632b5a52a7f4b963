import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { objectingOn } from './account-objecting.ts'
import { codesOn, pathOf, shownBy } from './account-person.ts'
import { afterFirst, askedOn, keyOn, typing, type Walker } from './second-standing.ts'
import { essential, THREE } from './second-walk.ts'
import { here, toStep, withField } from './text-walk.ts'

const NEW = '/account/authenticators/new'

let stage: Stage
let on: ReturnType<typeof objectingOn>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = objectingOn(stage)
})
afterAll(() => stage.stop())

/** In a sign-in that needs an authenticator: as far as the page with its key. */
async function enrolling(address: string): Promise<Walker> {
  const walk = await afterFirst(stage, address, { parameters: { prompt: 'login', claims: essential(THREE) } })
  expect(askedOn(walk)).toBe('enrol')
  await walk.visitor.submit(toStep(walk, 'enrol'), {}, 'totp')
  return { ...walk, ...(await here(walk)) }
}

describe('a seed that somebody else has begun', () => {
  test('R-107 in another session is never shown to the owner, nor replaces the owner’s, and opens nothing afterwards', async () => {
    const address = 'fixed-in-session@fabrikam.example'
    const thief = await on.member(address)
    const fixed = await on.open(thief, NEW)
    const owner = await on.member(address)
    const own = await on.open(owner, NEW)
    const key = (page: typeof own) => keyOn({ page }, stage.service).key
    expect(key(own)).not.toBe(key(fixed))
    expect(key(await on.open(thief, NEW))).toBe(key(fixed))
    expect(key(await on.open(owner, NEW))).toBe(key(own))

    // A code of the other one's seed confirms nothing.
    await owner.visitor.submit(withField(own, 'code'), { code: shownBy(fixed, stage.service)(), name: 'Mine' })
    expect(await on.authenticatorsOf(address)).toEqual([])
    await owner.visitor.submit(withField(own, 'code'), { code: shownBy(own, stage.service)(), name: 'Mine' })
    expect(await on.authenticatorsOf(address)).toEqual(['Mine'])
    const tried = await on.post(thief, NEW, { code: shownBy(fixed, stage.service)(), name: 'Thief' })
    expect(pathOf(tried)).toBe('/authorize') // the owner's authenticator is asked for
    expect(await on.authenticatorsOf(address)).toEqual(['Mine'])
    const walk = await afterFirst(stage, address, { url: on.at('/account') })
    expect(askedOn(await typing(walk, shownBy(fixed, stage.service)()))).not.toBe('nothing')
    expect(await on.isIn(walk)).toBe(false)
  })

  test('R-107 in a sign-in is never shown on the account page, nor the other way round; what is confirmed first alone counts', async () => {
    const address = 'fixed-in-sign-in@fabrikam.example'
    const owner = await on.member(address)
    const thief = await enrolling(address)
    const fixed = keyOn(thief, stage.service)
    const own = await on.open(owner, NEW)
    expect(keyOn({ page: own }, stage.service).key).not.toBe(fixed.key)
    const second = await enrolling(address)
    expect([fixed.key, keyOn({ page: own }, stage.service).key]).not.toContain(keyOn(second, stage.service).key)
    expect(keyOn(await here(thief), stage.service).key).toBe(fixed.key)

    await owner.visitor.submit(withField(own, 'code'), { code: shownBy(own, stage.service)(), name: 'Mine' })
    const tried = await typing(thief, fixed.codeNow(), { name: 'Thief' })
    expect(askedOn(tried)).toBe('factor')
    expect(codesOn(tried.page)).toEqual([])
    expect(await on.authenticatorsOf(address)).toEqual(['Mine'])
  })
})

describe('a session from before the authenticator', () => {
  test('R-101, R-109 finishes nothing that it began, ends nobody else’s session, and changes nothing', async () => {
    const [address, evil] = ['from-before@fabrikam.example', 'from-before@evil.example']
    const thief = await on.member(address)
    const code = await on.askAddress(thief, evil)
    const owner = await on.member(address)
    await on.add(owner, 'Mine')
    const tries: [string, Record<string, string>][] = [
      ['/account/addresses/prove', { code }],
      ['/account/addresses/prove/resend', {}],
      ['/account/devices/end-others', {}],
      ['/account/profile', { name: 'Thief' }],
      ['/account/codes/new', {}],
      ['/account/close', {}],
    ]
    for (const [path, fields] of tries) expect([path, pathOf(await on.post(thief, path, fields))]).toEqual([path, '/authorize'])
    expect((await on.rowsOf(address)).map((row) => row.address)).toEqual([address])
    expect(await on.isIn(owner)).toBe(true)
    expect((await on.open(owner, '/account/profile')).text).not.toContain('Thief')
  })

  test('R-130, R-109 the one that sets the first authenticator up goes on, strong, under another token', async () => {
    const owner = await on.member('goes-on@fabrikam.example')
    const before = owner.visitor.jar.value(on.at('/account'), 'account')
    await on.add(owner, 'Mine')
    expect(owner.visitor.jar.value(on.at('/account'), 'account')).not.toBe(before)
    expect((await on.open(owner, '/account/codes/new')).status).toBe(200)
    const old = createVisitor(stage.service)
    old.jar.keep(on.at('/'), [`account=${before}; Path=/`])
    expect(await on.isIn({ visitor: old })).toBe(false)
  })
})

describe('recovery codes that somebody else has made anew', () => {
  test('R-109, R-116 sign nobody in after the objection', async () => {
    const address = 'made-anew@fabrikam.example'
    const { one: thief } = await on.settled(address)
    const made = codesOn(await thief.visitor.follow(await on.post(thief, '/account/codes/new')))
    expect(made).toHaveLength(10)
    expect(await on.objectTo(address, 'codes_replaced')).toBe('/account/notice-done')
    await stage.moveClock(60)
    await expect(on.opens(address, made[0] ?? '')).rejects.toThrow('no way to other-way') // there are none to be asked for
  })
})
