import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import {
  addRecoveryCodes,
  afterFirst,
  askedOn,
  choosing,
  countOf,
  toDoor,
  tokenOf,
  typing,
  type Walker,
} from './second-standing.ts'
import { addAuthenticator, TWO } from './second-walk.ts'
import { posting, statuses, withField } from './text-walk.ts'

let stage: Awaited<ReturnType<typeof startPairStage>>

beforeAll(async () => {
  stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())

const either = (index: number): Service => (index % 2 === 0 ? stage.service : stage.second)

/** Somebody with an account and an authenticator. */
async function member(email: string) {
  await stage.signIn(email)
  return addAuthenticator(stage.service, email)
}

/** So many browsers of one person, each after its first proof. */
async function browsers(email: string, count: number, way: 'totp' | 'recovery'): Promise<Walker[]> {
  const walks: Walker[] = []
  for (let index = 0; index < count; index++) {
    const walk = await afterFirst(stage, email)
    const choice = way === 'totp' ? walk : await toChoice(walk)
    walks.push(way === 'totp' ? walk : await choosing(choice, way))
  }
  return walks
}

async function toChoice(walk: Walker): Promise<Walker> {
  const form = walk.page.forms.find(({ action }) => action.endsWith('/other-way'))
  if (!form) throw new Error(`no other way on ${walk.page.url}: ${walk.page.words}`)
  return { ...walk, page: await walk.visitor.follow(await walk.visitor.submit(form)) }
}

/** Each browser sends the code so often, all at once, by turns at the two instances. */
async function allAtOnce(walks: readonly Walker[], code: string, times: number) {
  const posts = walks.map(({ visitor, page }) => posting(visitor, withField(page, 'code'), { code }))
  const answers = await Promise.all(posts.flatMap((post) => Array.from({ length: times }, (_, index) => post(either(index)))))
  return { answers, won: answers.filter(({ headers }) => leadsOn(headers.location)) }
}

describe('a code of an authenticator', () => {
  test('R-105, F-22 opens one sign-in once, however often it is sent at once', async () => {
    const authenticator = await member('one-sign-in@fabrikam.example')
    const [walk] = await browsers('one-sign-in@fabrikam.example', 1, 'totp')
    const { answers, won } = await allAtOnce([walk as Walker], authenticator(), 50)
    expect(statuses(answers)).toEqual({ 303: 50 })
    expect(won).toHaveLength(1)
  })

  test('R-104 is taken one step late and one early, and not two', async () => {
    const email = 'drift@fabrikam.example'
    const authenticator = await member(email)
    let walk = await afterFirst(stage, email)
    // To the beginning of a step: all that follows happens within it.
    await stage.moveClock(30 - ((Date.now() / 1000 + stage.service.clockSeconds) % 30))
    const shown = authenticator()
    await stage.moveClock(60)
    walk = await typing(walk, shown)
    expect(askedOn(walk)).toBe('factor')
    await stage.moveClock(-120)
    walk = await typing(walk, shown)
    expect(askedOn(walk)).toBe('factor')
    await stage.moveClock(30)
    expect(askedOn(await typing(walk, shown))).toBe('nothing')
    await stage.moveClock(30)
  })
})

describe('a recovery code', () => {
  test('R-116 opens one sign-in of four, sent twenty times at once, and is gone; the others are left', async () => {
    const email = 'recovery@fabrikam.example'
    await member(email)
    const [code = '', next = ''] = await addRecoveryCodes(stage.service, email)
    const { answers, won } = await allAtOnce(await browsers(email, 4, 'recovery'), code, 5)
    expect(statuses(answers)).toEqual({ 303: 20 })
    expect(won).toHaveLength(1)

    const choice = await toChoice(await afterFirst(stage, email))
    expect(choice.page.words).toContain('9 codes left')
    const again = await typing(await choosing(choice, 'recovery'), code)
    expect(askedOn(again)).toBe('factor')
    // As people copy them: in small letters, with spaces for dashes.
    const typed = next.toLowerCase().replaceAll('-', ' ')
    expect(await tokenOf(stage, await typing(again, typed))).toMatchObject({
      acr: TWO,
      amr: ['email_code', 'recovery_code', 'mfa'],
    })
  })

  test('R-116, R-170 is kept as a hash: no column holds what was shown', async () => {
    const email = 'hashed@fabrikam.example'
    await member(email)
    const codes = await addRecoveryCodes(stage.service, email)
    expect(codes).toHaveLength(10)
    expect(codes.every((code) => /^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/.test(code))).toBe(true)
    for (const code of codes) {
      const secret = [code, code.replaceAll('-', ''), code.slice(5)].map((part) => `%${part}%`)
      expect(await countOf(stage.service, 'credential where data like any($1)', [secret])).toBe(0)
    }
  })
})

describe('somebody who has the email and not the authenticator', () => {
  test('R-061, R-106, V-77 has five guesses in a sign-in, of two hundred at once', async () => {
    const email = 'two-hundred@fabrikam.example'
    const authenticator = await member(email)
    const [walk] = (await browsers(email, 1, 'totp')) as [Walker]
    const right = authenticator()
    const guesses = Array.from({ length: 200 }, (_, index) => String(100_000 + index)).filter((code) => code !== right)
    const form = withField(walk.page, 'code')
    const answers = await Promise.all(guesses.map((code, index) => posting(walk.visitor, form, { code })(either(index))))
    expect(Object.keys(statuses(answers))).toEqual(['303'])
    expect(await judged(email)).toBe(5)
    const closed = await typing({ ...walk, page: await walk.visitor.open(walk.home) }, right).catch(({ message }) => message)
    expect(closed).toMatch(/no field code .*We take no more codes of this kind/)
    await posting(walk.visitor, form, { code: right })(stage.service)
    expect(askedOn(await toDoor(stage, { visitor: walk.visitor, parameters: {} }))).toBe('identify')
  })
})

/** How many wrong codes were held against what is right, in all sign-ins of this person. */
function judged(email: string): Promise<number> {
  const from = `audit_entry e join address a on a.account_id = e.account_id
    where a.canonical = $1 and e.event = 'sign_in.code_wrong' and e.detail ->> 'method' in ('totp', 'recovery')`
  return countOf(stage.service, from, [email])
}
