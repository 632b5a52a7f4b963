import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { createSoftwarePasskey } from '../support/software-passkey.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ALWAYS, METHODS, passkeysOf } from './account-passkey-walk.ts'
import { codesOn, pathOf } from './account-person.ts'
import { isAsked, person } from './account-walk.ts'

const OF_ADDRESS = '(select account_id from address where canonical = $1)'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

describe('passkeys on the account page', () => {
  test('R-109, R-112 are made by a fresh proof, once, for one account; named, and taken away with notice', async () => {
    const on = passkeysOf(stage)
    const [ada, bob] = [await on.member(person('ada')), await on.member(person('bob'))]
    const passkey = createSoftwarePasskey()
    const options = await on.optionsFor(ada)
    // what one session asked for is none for another, also of the same person, and counts once.
    const elsewhere = await on.member(ada.address)
    for (const other of [bob, elsewhere])
      expect(await on.make(other, createSoftwarePasskey(), options)).toBe('/account/passkeys/new')
    expect(await on.make(ada, passkey, options)).toBe(METHODS)
    expect(await on.make(ada, createSoftwarePasskey(), options)).toBe('/account/passkeys/new')
    expect(await on.make(bob, createSoftwarePasskey({ id: passkey.id }))).toBe('/account/passkeys/new')
    expect((await on.open(bob, '/account/passkeys/new')).words).toContain('in use already')
    expect(await on.idsOf(bob.address)).toEqual([])

    const page = await on.open(ada, METHODS)
    expect(page.words).toMatch(/Firefox on Linux.*synced, works on your other devices/)
    const [id = ''] = await on.idsOf(ada.address)
    await on.post(ada, `/account/passkeys/${id}`, { name: 'Key ring' })
    expect((await on.open(ada, METHODS)).words).toContain('Key ring')
    expect(pathOf(await on.post(bob, `/account/passkeys/${id}/remove`))).toBe(METHODS)
    expect(await on.idsOf(ada.address)).toEqual([id])
    expect(pathOf(await on.post(ada, `/account/passkeys/${id}/remove`))).toBe('/account/devices')
    expect(await on.toldOf(ada.address)).toEqual(['device_new', 'passkey_added', 'passkey_removed'])
    expect(await on.objectTo(ada.address, 'passkey_removed')).toBe('/account/notice-done')
    expect(await on.idsOf(ada.address)).toEqual([id])

    await stage.moveClock(11 * 60)
    expect(isAsked(await on.open(bob, '/account/passkeys/new'))).toBe(true)
    expect(isAsked(await on.open(bob, ALWAYS))).toBe(true)
  })
})

describe('passkeys that are always asked for', () => {
  test('R-101, R-109 one that is always asked for: recovery codes come once it was shown, and mail alone takes nothing back', async () => {
    const on = passkeysOf(stage)
    const carol = await on.member(person('carol'))
    expect(pathOf(await on.post(carol, ALWAYS))).toBe(METHODS)
    const passkey = createSoftwarePasskey()
    await on.make(carol, passkey)
    expect(pathOf(await on.post(carol, ALWAYS))).toBe('/account/codes')
    expect(isAsked(await on.open(carol, '/account/codes'))).toBe(true)
    expect(isAsked(await on.open(carol, `${ALWAYS}/end`))).toBe(true)
    expect(codesOn(await on.prove(carol, '/account/codes', passkey))).toHaveLength(10)

    const [id = ''] = await on.idsOf(carol.address)
    expect(await on.isAlways(carol.address)).toBe(true)
    expect(pathOf(await on.post(carol, `${ALWAYS}/end`))).toBe(METHODS)
    expect(await on.isAlways(carol.address)).toBe(false)
    expect(await on.objectTo(carol.address, 'second_no_longer')).toBe('/account/notice-done')
    expect(await on.isAlways(carol.address)).toBe(true)

    // The last one ends the wish for it; whoever objects has both again, and the codes that stood for it.
    await on.prove(carol, METHODS, passkey)
    await on.post(carol, `/account/passkeys/${id}/remove`)
    expect([await on.isAlways(carol.address), await on.idsOf(carol.address)]).toEqual([false, []])
    await on.objectTo(carol.address, 'passkey_removed')
    expect([await on.isAlways(carol.address), await on.idsOf(carol.address)]).toEqual([true, [id]])
    expect(await on.codesLeft(carol.address)).toBe(10)
    expect(await on.toldOf(carol.address)).toEqual(['passkey_added', 'second_always', 'second_no_longer', 'passkey_removed'])
  })

  test('R-109 an objection to an app brings back the passkey that was asked for until lately', async () => {
    const on = passkeysOf(stage)
    const dave = await on.member(person('dave'))
    const passkey = createSoftwarePasskey()
    await on.make(dave, passkey)
    await on.post(dave, ALWAYS)
    await on.prove(dave, `${ALWAYS}/end`, passkey)
    await on.post(dave, `${ALWAYS}/end`)
    await on.add(dave, 'Phone')
    await on.objectTo(dave.address, 'factor_added')
    expect(await on.isAlways(dave.address)).toBe(true)
    expect(await on.authenticatorsOf(dave.address)).toEqual([])
  })

  test('whoever administers keeps the last one, and is asked for it always', async () => {
    const on = passkeysOf(stage)
    const erin = await on.member(person('erin'))
    const passkey = createSoftwarePasskey()
    await on.make(erin, passkey)
    await query(stage.service.databaseUrl, `update account set role = 'admin' where id = ${OF_ADDRESS}`, [erin.address])
    const [id = ''] = await on.idsOf(erin.address)
    expect(isAsked(await on.open(erin, `/account/passkeys/${id}/remove`))).toBe(true)
    await on.prove(erin, `${ALWAYS}/end`, passkey)
    const page = await on.open(erin, METHODS)
    expect(page.words).toContain('You administer this service')
    expect(pathOf(await on.post(erin, `/account/passkeys/${id}/remove`))).toBe(METHODS)
    expect(pathOf(await on.post(erin, `${ALWAYS}/end`))).toBe(METHODS)
    expect((await on.open(erin, METHODS)).words).toContain('it stays')
    expect(await on.idsOf(erin.address)).toEqual([id])
  })
})
