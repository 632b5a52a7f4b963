import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Members, membersOf } from './account-person.ts'
import { appOf, authorize, authorizeUrl, newVerifier, redeem, tokensOf, userinfo } from './protocol.ts'
import { countOf, toCode } from './second-standing.ts'
import { here, typeCode, withField, wrongCode } from './text-walk.ts'

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
  test('R-087 unexpired session: a sign-in that waits for the owner’s code has no part in what the owner begins', async () => {
    const owner = 'waited-for@fabrikam.example'
    const waiting = [await toCode(stage, owner), await toCode(stage, owner)]
    const mails = [await stage.mailbox.next(owner), await stage.mailbox.next(owner)]
    expect(await on.accountOf(owner)).toBeNull()
    const subject = await ownerBegins(owner)
    for (const walk of waiting) {
      expect((await here(walk)).page.location).toBeNull()
      expect(await typeCode(await here(walk), wrongCode(mails[0]?.code ?? null))).toBe(false)
      const silent = await walk.visitor.open(authorizeUrl(stage.service, appOf(stage), newVerifier(), { prompt: 'none' }))
      expect(new URL(silent.location ?? '').searchParams.get('error')).toBe('login_required')
      expect(await on.isIn(walk)).toBe(false)
    }
    await isOwnersAlone(owner, subject)
  })

  test('R-087 who vouches for others: no hint, claim or token of a request puts an address on an account', async () => {
    const [owner, mallory] = ['vouched-for@fabrikam.example', 'vouched-for@evil.example']
    const first = await tokensOf(stage, appOf(stage), { email: mallory })
    const claims = { email: { essential: true, value: owner }, email_verified: { value: true } }
    const parameters = {
      login_hint: owner,
      email: owner,
      email_verified: 'true',
      id_token_hint: String(first.body.id_token),
      claims: JSON.stringify({ id_token: claims, userinfo: claims }),
    }
    const visitor = createVisitor(stage.service)
    const issued = await authorize(stage, appOf(stage), { email: mallory, visitor, parameters })
    const { body } = await redeem(stage.service, appOf(stage), issued)
    expect((await userinfo(stage.service, body.access_token)).body).toMatchObject({ email: mallory, email_verified: true })
    expect(await on.accountOf(owner)).toBeNull()
    // The hint fills the field in, and nothing else.
    const asked = await createVisitor(stage.service).open(
      authorizeUrl(stage.service, appOf(stage), newVerifier(), { login_hint: owner }),
    )
    expect(withField(asked, 'identifier').values.identifier).toBe(owner)
    await isOwnersAlone(owner, await ownerBegins(owner))
  })
})
