import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import {
  addRecoveryCodes,
  afterFirst,
  askedOn,
  choosing,
  countOf,
  toDoor,
  tokenOf,
  toRecovery,
  typing,
  type Walker,
} from './second-standing.ts'
import { addAuthenticator, essential, THREE, TWO } from './second-walk.ts'
import { here, posting, withField } from './text-walk.ts'

const FAILURES_MAX = 20

let stage: Awaited<ReturnType<typeof startPairStage>>

beforeAll(async () => {
  stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS, CODE_FAILURES_MAX: String(FAILURES_MAX) } })
})
afterAll(() => stage?.stop())

const either = (index: number): Service => (index % 2 === 0 ? stage.service : stage.second)

/** Five wrong codes in this sign-in, all at once, whether the page still asks for one or not. */
async function fiveGuesses({ visitor, page, home }: Walker, right: string): Promise<void> {
  const wrong = ['111111', '222222', '333333', '444444', '555555', '666666'].filter((code) => code !== right).slice(0, 5)
  const csrf = page.forms[0]?.values.csrf ?? ''
  const form = { action: `${home}/factor`, values: { csrf } }
  await Promise.all(wrong.map((code, index) => posting(visitor, form, { code })(either(index))))
}

/** How many wrong codes were judged, in all sign-ins of this person. */
const judged = (email: string) =>
  countOf(
    stage.service,
    `audit_entry e join address a on a.account_id = e.account_id
     where a.canonical = $1 and e.event = 'sign_in.code_wrong' and e.detail ->> 'method' = 'totp'`,
    [email],
  )

describe('guesses at an authenticator', () => {
  test('R-106, R-062, V-22 are counted by person: twenty sign-ins, two instances, one limit; a recovery code is the way in', async () => {
    const email = 'twenty@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const [code = ''] = await addRecoveryCodes(stage.service, email)
    const first = await afterFirst(stage, email)
    for (let count = 0; count < 5; count++) await fiveGuesses(await afterFirst(stage, email), authenticator())
    await Promise.all(
      Array.from({ length: 15 }, async (_, index) =>
        fiveGuesses(await afterFirst(stage, email, { visitor: createVisitor(either(index)) }), authenticator()),
      ),
    )
    expect(await judged(email)).toBe(FAILURES_MAX)

    // Neither one that was open before nor a new one takes the right code now, and the page says so.
    await first.visitor.submit(withField(first.page, 'code'), { code: authenticator() })
    const late = await afterFirst(stage, email)
    for (const walk of [await here(first), late]) expect(walk.page.words).toContain('We take no more codes of this kind')

    // What cannot be guessed is taken, or whoever reads the mail could lock the person out; then all is well again.
    expect(await tokenOf(stage, await typing(await toRecovery(late), code))).toMatchObject({ acr: TWO })
    await stage.moveClock(30)
    expect(await tokenOf(stage, await typing(await afterFirst(stage, email), authenticator()))).toMatchObject({ acr: THREE })
  }, 30_000)

  test('R-106, R-062 are counted so in steps up from a stolen session too', async () => {
    const email = 'stolen@fabrikam.example'
    const { visitor } = await afterFirst(stage, email)
    const authenticator = await addAuthenticator(stage.service, email)
    for (let count = 0; count < 6; count++) {
      const choice = await toDoor(stage, { visitor, parameters: { claims: essential(THREE) } })
      const walk = await choosing(choice, 'totp')
      await fiveGuesses(walk, authenticator())
    }
    expect(await judged(email)).toBe(FAILURES_MAX)
  })

  test('R-106 a success ends the row, and one that is no code does not count', async () => {
    const email = 'now-and-then@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    for (let count = 0; count < 3; count++) {
      let walk: Walker = await afterFirst(stage, email)
      for (const typed of ['12345', 'abcdef', '', '1234567', '９９９９９９', '999 999', '99-99-99', '000000']) {
        walk = await typing(walk, typed)
        expect(askedOn(walk)).toBe('factor')
      }
      expect(await tokenOf(stage, await typing(walk, authenticator().replace(/^.../, '$& ')))).toMatchObject({ acr: THREE })
      await stage.moveClock(30)
    }
    expect(await judged(email)).toBe(12)
    for (let count = 0; count < 2; count++) await fiveGuesses(await afterFirst(stage, email), authenticator())
    expect(await tokenOf(stage, await typing(await afterFirst(stage, email), authenticator()))).toMatchObject({ acr: THREE })
  })
})
