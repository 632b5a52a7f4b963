import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Member, type Members, membersOf, pathOf } from './account-person.ts'
import { addAuthenticator } from './second-walk.ts'
import { wrongCode } from './text-walk.ts'

const DAY = 86_400
const HOLD_SECONDS = 3 * DAY

let stage: Stage
let on: Members
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = membersOf(stage)
})
afterAll(() => stage.stop())

const oldOf = (name: string) => `${name}@fabrikam.example`
const newOf = (name: string) => `${name}@new.example`
const unchanged = (name: string) => [{ address: oldOf(name), leaving: false, primary: true }]

/** Somebody whose address is about to be changed; `account`: whose it is. */
async function changing(name: string): Promise<Member & { account: string | null }> {
  const one = await on.member(oldOf(name))
  expect(await on.addAddress(one, newOf(name), await on.refOf(one, oldOf(name)))).toBe('/account/methods')
  expect((await on.rowsOf(oldOf(name))).map(({ leaving }) => leaving)).toEqual([true, false])
  return { ...one, account: await on.accountOf(oldOf(name)) }
}

describe('a change of address that was confirmed by one side only', () => {
  const ways: Record<string, (one: Member, ref: string, name: string) => Promise<unknown>> = {
    'the new side never typed its code': (one, ref, name) => on.askAddress(one, newOf(name), ref),
    'the new side typed a wrong code': async (one, ref, name) =>
      on.proveAddress(one, wrongCode(await on.askAddress(one, newOf(name), ref))),
    'the new side typed it in a browser that is signed in nowhere': async (one, ref, name) => {
      const code = await on.askAddress(one, newOf(name), ref)
      return on.post({ visitor: createVisitor(stage.service), csrf: one.csrf }, '/account/addresses/prove', { code })
    },
    'the new side typed it in another account': async (one, ref, name) => {
      const code = await on.askAddress(one, newOf(name), ref)
      return on.proveAddress(await on.member(`other-of-${name}@fabrikam.example`), code)
    },
    'the one who asks has not proven lately who they are': async (one, ref, name) => {
      await stage.moveClock(11 * 60)
      expect(pathOf(await on.post(one, `/account/addresses/${ref}/change`, { address: newOf(name) }))).toBe('/authorize')
    },
    'the one who asks has not shown their authenticator': async (one, ref, name) => {
      await addAuthenticator(stage.service, one.address)
      expect(pathOf(await on.post(one, `/account/addresses/${ref}/change`, { address: newOf(name) }))).toBe('/authorize')
    },
  }

  test('R-088 is none, not after the hold-off either: every way', async () => {
    for (const [index, [words, way]] of Object.entries(ways).entries()) {
      const one = await on.member(oldOf(`half-${index}`))
      await way(one, await on.refOf(one, one.address), `half-${index}`)
      expect([words, await on.rowsOf(one.address)]).toEqual([words, unchanged(`half-${index}`)])
      expect([words, await on.toldOf(one.address)]).toEqual([words, []])
    }
    await stage.moveClock(HOLD_SECONDS + 1)
    for (const [index, words] of Object.keys(ways).entries()) {
      expect([words, await on.rowsOf(oldOf(`half-${index}`))]).toEqual([words, unchanged(`half-${index}`)])
      expect([words, await on.accountOf(newOf(`half-${index}`))]).toEqual([words, null])
    }
  })
})

describe('a change of address that is to come', () => {
  /** What ends it before its time. */
  const ends: Record<string, (one: Member, name: string) => Promise<unknown>> = {
    'the link in the mail to the old address': async (one) =>
      expect(await on.object((await stage.mailbox.nextNotice(one.address)).objection)).toBe('/account/notice-done'),
    'an objection to something else': async (one) => {
      // The mail about the change comes first.
      await stage.mailbox.nextNotice(one.address)
      await on.member(one.address) // a new browser
      expect(await on.object((await stage.mailbox.nextNotice(one.address)).objection)).toBe('/account/notice-done')
    },
    '“keep” on the account page': async (one) => on.post(one, `/account/addresses/${await refLeaving(one)}/keep`),
    'the end of all other sessions': (one) => on.post(one, '/account/devices/end-others'),
    'the end of the account, taken back later': async (one) => {
      expect(pathOf(await on.post(one, '/account/close'))).toBe('/account')
      await on.post(one, '/account/keep')
    },
  }

  test('R-088 dies by each of these, and the new address is free again', async () => {
    for (const [index, [words, end]] of Object.entries(ends).entries()) {
      const name = `dies-${index}`
      await end(await changing(name), name)
      expect([words, await on.rowsOf(oldOf(name))]).toEqual([words, unchanged(name)])
    }
    const survivor = await changing('survives')
    await stage.moveClock(HOLD_SECONDS + 1)
    for (const [index, words] of Object.keys(ends).entries()) {
      const name = `dies-${index}`
      const owner = await on.accountOf(oldOf(name))
      const [here, there] = [await on.member(oldOf(name)), await on.member(newOf(name))]
      expect([words, await on.rowsOf(here.address)]).toEqual([words, unchanged(name)])
      expect([words, (await on.accountOf(there.address)) === owner]).toEqual([words, false])
    }
    // One that nothing has ended takes place: the new address opens the account, the old one begins another.
    await on.member(newOf('survives'))
    await on.member(oldOf('survives'))
    expect(await on.accountOf(newOf('survives'))).toBe(survivor.account)
    expect(await on.accountOf(oldOf('survives'))).not.toBe(survivor.account)
  })

  test('R-088 dies with the next one, which takes place; the new address is free', async () => {
    const [name, second] = ['next', 'next@second.example']
    const one = await on.member(oldOf(name))
    await on.addAddress(one, second)
    const refs = { old: await on.refOf(one, oldOf(name)), second: await on.refOf(one, second) }
    expect(await on.addAddress(one, newOf(name), refs.old)).toBe('/account/methods')
    expect(pathOf(await on.post(one, `/account/addresses/${refs.second}/primary`))).toBe('/account/methods')
    expect((await on.rowsOf(oldOf(name))).map(({ address }) => address)).toEqual([oldOf(name), second])
    await stage.moveClock(HOLD_SECONDS + 1)
    const { visitor } = await on.member(oldOf(name))
    expect((await visitor.open(on.at('/account'))).words).toContain(second)
    await on.member(newOf(name))
    expect(await on.accountOf(newOf(name))).not.toBe(await on.accountOf(oldOf(name)))
  })

  test('R-088 is nobody’s way in before its time, and begins no second account', async () => {
    const one = await changing('early')
    await stage.moveClock(HOLD_SECONDS - 60)
    await expect(on.member(newOf('early'))).rejects.toThrow('(403)')
    expect(await on.rowsOf(one.address)).toHaveLength(2)
    expect(await on.accountOf(newOf('early'))).toBe(one.account)
  })

  async function refLeaving(one: Member): Promise<string> {
    const page = await on.open(one, '/account/methods')
    return /\/account\/addresses\/([\w-]{22})\/keep/.exec(page.text)?.[1] ?? ''
  }
})

describe('the last way in', () => {
  test('R-094 stays: also with an authenticator and recovery codes, also while the other address leaves or is to come', async () => {
    const one = await on.member('last@fabrikam.example')
    const ref = await on.refOf(one, one.address)
    await on.addAddress(one, 'last@new.example', ref)
    const refs = await allRefs(one)
    expect(refs).toHaveLength(2)
    for (const each of refs) {
      expect(pathOf(await on.post(one, `/account/addresses/${each}/remove`))).toBe('/account/methods')
    }
    await on.post(one, `/account/addresses/${ref}/keep`)

    const factor = await on.addAuthenticator(one)
    await stage.moveClock(60)
    const strong = await on.member(one.address, factor.shows)
    expect(pathOf(await on.post(strong, `/account/addresses/${ref}/remove`))).toBe('/account/methods')
    expect(await on.rowsOf(one.address)).toEqual([{ address: one.address, leaving: false, primary: true }])

    await on.addAddress(strong, 'last@second.example')
    expect(pathOf(await on.post(strong, `/account/addresses/${ref}/remove`))).toBe('/account/devices')
    const second = (await allRefs(strong)).find((each) => each !== ref)
    expect(pathOf(await on.post(strong, `/account/addresses/${second}/remove`))).toBe('/account/methods')
    expect((await on.rowsOf(one.address)).filter(({ leaving }) => !leaving)).toHaveLength(1)
  })

  async function allRefs(one: Member): Promise<string[]> {
    const { text } = await on.open(one, '/account/methods')
    return [...new Set([...text.matchAll(/\/account\/addresses\/([\w-]{22})\//g)].map(([, ref]) => ref as string))]
  }
})
