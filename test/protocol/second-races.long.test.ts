import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { afterFirst, askedOn, choosing, countOf, toDoor, tokenOf, typing, type Walker } from './second-standing.ts'
import { addAuthenticator, THREE } from './second-walk.ts'
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
  return { answers, won: answers.filter(({ headers }) => headers.location?.endsWith('/continue')) }
}

describe('a code of an authenticator', () => {
  test('R-105, F-22 opens one sign-in of ten at once, and none later: neither it nor an older one', async () => {
    const email = 'ten-sign-ins@fabrikam.example'
    const authenticator = await member(email)
    const older = authenticator()
    await stage.moveClock(30)
    const walks = await browsers(email, 10, 'totp')
    const code = authenticator()
    const { answers, won } = await allAtOnce(walks, code, 5)
    expect(statuses(answers)).toEqual({ 303: 50 })
    expect(won).toHaveLength(1)

    let late = await afterFirst(stage, email)
    for (const used of [code, older]) {
      late = await typing(late, used)
      expect([used, askedOn(late)]).toEqual([used, 'factor'])
    }
    await stage.moveClock(30)
    expect(await tokenOf(stage, await typing(late, authenticator()))).toMatchObject({ acr: THREE })
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
