import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { afterFirst, askedOn, tokenOf, typing, type Walker } from './second-standing.ts'
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
async function browsers(email: string, count: number): Promise<Walker[]> {
  const walks: Walker[] = []
  for (let index = 0; index < count; index++) walks.push(await afterFirst(stage, email))
  return walks
}

/** Each browser sends the code so often, all at once, by turns at the two instances. */
async function allAtOnce(walks: readonly Walker[], code: string, times: number) {
  const posts = walks.map(({ visitor, page }) => posting(visitor, withField(page, 'code'), { code }))
  const answers = await Promise.all(posts.flatMap((post) => Array.from({ length: times }, (_, index) => post(either(index)))))
  return { answers, won: answers.filter(({ headers }) => leadsOn(headers.location)) }
}

describe('a code of an authenticator', () => {
  test('R-105, F-22 opens one sign-in of ten at once, and none later: neither it nor an older one', async () => {
    const email = 'ten-sign-ins@fabrikam.example'
    const authenticator = await member(email)
    const older = authenticator()
    await stage.moveClock(30)
    const walks = await browsers(email, 10)
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
