import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Members, membersOf } from './account-person.ts'
import { appOf, tokensOf, userinfo } from './protocol.ts'
import { countOf } from './second-standing.ts'
import { wrongCode } from './text-walk.ts'

// The five ways of “Pre-hijacked accounts” (USENIX Security 2022): whoever is first at an address that is not theirs has
// nothing of the account that its owner begins later. The first of them joins an account with a password and one by another
// provider; there is neither here.
let stage: Stage
let on: Members
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = membersOf(stage)
})
afterAll(() => stage.stop())

/** The owner of an address begins an account; answers its subject. */
async function ownerBegins(address: string): Promise<string> {
  const { body } = await tokensOf(stage, appOf(stage), { email: address })
  return String(decodeJwt(String(body.id_token)).sub)
}

/** Nothing of it but what its owner has brought. */
async function isOwnersAlone(address: string, subject: string): Promise<void> {
  expect(await on.accountOf(address)).toBe(subject)
  expect(await on.rowsOf(address)).toEqual([{ address, leaving: false, primary: true }])
  const others = ['credential', 'remembered_device', 'consent', 'account_session']
  for (const table of others) {
    expect([table, await countOf(stage.service, `${table} where account_id = $1`, [subject])]).toEqual([table, 0])
  }
  expect(await countOf(stage.service, `oidc_record where model = 'Session' and account_id = $1`, [subject])).toBe(1)
}

describe('whoever was at an address before its owner', () => {
  test('R-087 unexpired session: whoever gave an address away keeps a session of their own account, and of no other', async () => {
    const [owner, mallory] = ['handed-on@fabrikam.example', 'handed-on@evil.example']
    const thief = await on.member(owner) // the mailbox was theirs then
    expect(await on.addAddress(thief, mallory)).toBe('/account/methods')
    expect(await on.addAddress(thief, 'handed-on@home.example', await on.refOf(thief, owner))).toBe('/account/methods')
    const before = await on.accountOf(owner)
    await stage.moveClock(3 * 86_400 + 1)
    const again = await on.member(mallory)
    const { body } = await tokensOf(stage, appOf(stage), { email: mallory, visitor: again.visitor })
    const subject = await ownerBegins(owner)
    expect(subject).not.toBe(before)
    await isOwnersAlone(owner, subject)
    expect((await userinfo(stage.service, body.access_token)).body).toMatchObject({ sub: before })
    expect((await on.open(again, '/account/methods')).words).not.toContain(owner)
    expect(await on.accountOf(mallory)).toBe(before)
  })

  test('R-087 trojan identifier: an address that was asked for and never proven is on no account, and brings nobody in', async () => {
    const [owner, mallory] = ['trojan@fabrikam.example', 'trojan@evil.example']
    const thief = await on.member(mallory)
    const right = await on.askAddress(thief, owner)
    for (let tries = 0; tries < 5; tries++) {
      expect(await on.proveAddress(thief, wrongCode(right, tries))).toBe('/account/addresses/prove')
    }
    expect(await on.proveAddress(thief, right)).toBe('/account/addresses/prove') // five wrong ones have closed it
    expect(await on.rowsOf(mallory)).toHaveLength(1)
    const subject = await ownerBegins(owner)
    await isOwnersAlone(owner, subject)
    const { body } = await tokensOf(stage, appOf(stage), { email: mallory })
    expect(decodeJwt(String(body.id_token)).sub).not.toBe(subject)
  })

  test('R-087, F-25 unexpired change of address: the code that comes true too late takes nothing from the owner', async () => {
    const [owner, mallory] = ['too-late@fabrikam.example', 'too-late@evil.example']
    for (const change of [false, true]) {
      const [theirs, own] = [`${change}-${owner}`, `${change}-${mallory}`]
      const thief = await on.member(own)
      const code = await on.askAddress(thief, theirs, change ? await on.refOf(thief, own) : undefined)
      const subject = await ownerBegins(theirs)
      // Even with the right code, which somebody might talk the owner into telling.
      expect(await on.proveAddress(thief, code)).toBe('/account/addresses/prove')
      expect((await on.open(thief, '/account/methods')).words).not.toContain(theirs)
      await isOwnersAlone(theirs, subject)
      expect(await on.rowsOf(own)).toEqual([{ address: own, leaving: false, primary: true }])
    }
  })
})
