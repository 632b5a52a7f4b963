import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { Stage } from '../support/stage.ts'
import { refresh, tokensOf, userinfo } from './protocol.ts'
import { appWith, asksForAuthenticator, asksWhereRequired, person, policiesStage, setsUpWhereRequired } from './second-doors.ts'
import { afterFirst, askedOn, choosing, toDoor, tokenOf, typing } from './second-standing.ts'
import { addAuthenticator, essential, THREE } from './second-walk.ts'
import { anyStep, germanNumber, giveNumber, here } from './text-walk.ts'

const ONE = 'urn:doorward:acr:1'
const YEAR_SECONDS = 365 * 86_400

let stage: Stage
beforeAll(async () => {
  stage = await policiesStage()
})
afterAll(() => stage?.stop())

// `second-entries.long.test.ts` has all of them.
describe.each(['the code of an email', 'a text in place of the email', 'a session of before'])('by %s', (name) => {
  test('R-101 nobody needs a second proof but where it is required; then another channel of theirs will do', () =>
    asksWhereRequired(name))
  test('R-101 whoever has an authenticator is asked for it, whatever the policy, and nothing else will do', () =>
    asksForAuthenticator(name))
})

test.each(['the code of an email', 'a session of before'])(
  'R-101 by %s: where a second proof is required, and there is none, one is set up',
  setsUpWhereRequired,
)

test('R-101 an authenticator is asked for at once after the email that a number of long ago needs beside it', async () => {
  const { email } = await person(false)
  const number = germanNumber(7)
  await giveNumber(stage, email, number, YEAR_SECONDS)
  const authenticator = await addAuthenticator(stage.service, email)
  const walk = await afterFirst(stage, number)
  expect(askedOn(walk)).not.toBe('factor')
  await anyStep(walk, 'second', { identifier: email })
  const mail = await stage.mailbox.next(email)
  const then = await typing({ ...walk, ...(await here(walk)) }, mail.code)
  expect(askedOn(then)).toBe('factor')
  expect(await tokenOf(stage, await typing(then, authenticator()))).toMatchObject({ acr: THREE })
})

describe('a refresh token', () => {
  test('R-101, R-023 from before an authenticator was there goes on, and never says more than was proven', async () => {
    const { email } = await person()
    const app = appWith('optional')
    const first = await tokensOf(stage, app, { email })
    expect(decodeJwt(String(first.body.id_token))).toMatchObject({ acr: ONE, amr: ['email_code'] })
    const authenticator = await addAuthenticator(stage.service, email)
    const second = await refresh(stage.service, app, first.body.refresh_token)
    expect(decodeJwt(String(second.body.id_token))).toMatchObject({ acr: ONE, amr: ['email_code'] })
    expect((await userinfo(stage.service, second.body.access_token)).status).toBe(200)

    // A step up in the same browser says it of itself alone: the old token is as old as it was.
    const choice = await toDoor(stage, { visitor: first.visitor, app, parameters: { claims: essential(THREE) } })
    expect(await tokenOf(stage, await typing(await choosing(choice, 'totp'), authenticator()))).toMatchObject({ acr: THREE })
    const third = await refresh(stage.service, app, second.body.refresh_token)
    expect(decodeJwt(String(third.body.id_token))).toMatchObject({ acr: ONE, amr: ['email_code'] })
  })

  test('R-012 a longer claims parameter at the token endpoint changes nothing of it', async () => {
    const { email } = await person()
    const app = appWith('off')
    const first = await tokensOf(stage, app, { email })
    const more = { claims: essential(THREE), acr_values: THREE, scope: 'openid' }
    const second = await refresh(stage.service, app, first.body.refresh_token, more)
    expect(decodeJwt(String(second.body.id_token))).toMatchObject({ acr: ONE })
  })
})
