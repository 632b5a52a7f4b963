import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import {
  anyStep,
  germanNumber,
  here,
  identify,
  moneyOf,
  posting,
  quiet,
  solutionFor,
  statuses,
  typeCode,
  withField,
} from './text-walk.ts'

const WAIT_SECONDS = 60
const SLOW_MAX = 3

let stage: Awaited<ReturnType<typeof startPairStage>>

beforeAll(async () => {
  const LIMITS = GENEROUS_LIMITS.replace('slow-ip:10000', `slow-ip:${SLOW_MAX}`)
  stage = await startPairStage({ texts: true, env: { PROOF_OF_WORK: 'texts', LIMITS } })
})
afterAll(() => stage?.stop())

/** The same thing twenty times at once, by turns at the two instances. */
function atOnce<T>(work: (instance: Service, index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 20 }, (_, index) => work(index % 2 === 0 ? stage.service : stage.second, index)))
}

/** How often an instance wrote that a proof of work was refused: such events are logged and not kept. */
const refusals = (instance: Service) => instance.output().match(/"event":"proof_of_work\.refused"/g)?.length ?? 0

describe('a text that is held until work was done', () => {
  test('R-153, F-22 goes out once, however often and wherever the solution is sent', async () => {
    const number = germanNumber(1)
    const walk = await identify(stage, number)
    const solution = await solutionFor(walk.page)
    const post = posting(walk.visitor, withField(walk.page, 'solution'), { solution })
    expect(statuses(await atOnce(post))).toEqual({ 303: 20 })
    await quiet(stage)
    expect((await moneyOf(stage, number)).texts).toBe(1)
    const { code } = await stage.texts.sns.next(number)
    expect(await typeCode(await here(walk), code)).toBe(true)
  })

  test('R-153 stays where it is when the solution is of another text, of nothing, or forged', async () => {
    const [mine, other] = [germanNumber(2), germanNumber(3)]
    const [walk, elsewhere] = [await identify(stage, mine), await identify(stage, other)]
    const foreign = await solutionFor(elsewhere.page)
    const own = await solutionFor(walk.page)
    const asText = Buffer.from(own, 'base64').toString()
    const forged = Buffer.from(asText.replace(/("derivedKey":")../, '$1zz')).toString('base64')
    const bad = [foreign, forged, 'x', '{}', Buffer.from('{}').toString('base64'), 'A'.repeat(3000)]
    for (const solution of bad) {
      const answer = await posting(walk.visitor, withField(walk.page, 'solution'), { solution })(stage.second)
      expect([solution.slice(0, 20), answer.status]).toEqual([solution.slice(0, 20), 303])
    }
    await until('each was logged', () => refusals(stage.second) >= bad.length)
    expect(refusals(stage.second)).toBe(bad.length)
    expect(await moneyOf(stage, mine)).toEqual({ texts: 0, costMicros: 0 })
    expect((await here(walk)).page.forms.some(({ fields }) => fields.includes('solution'))).toBe(true)
    await posting(walk.visitor, withField(walk.page, 'solution'), { solution: own })(stage.second)
    expect((await stage.texts.sns.next(mine)).code).toMatch(/^\d{6}$/)
    // Of two people who swap their work, neither gets the other's text.
    expect(await moneyOf(stage, other)).toEqual({ texts: 0, costMicros: 0 })
  })

  test('R-153 is not let out by any other step: no resend, no last digits, no code, no second proof', async () => {
    const number = germanNumber(4)
    const walk = await identify(stage, number)
    for (const [step, fields] of Object.entries({
      resend: {},
      retry: {},
      digits: { digits: '04' },
      text: {},
      email: {},
      answer: { code: '123456' },
      second: { identifier: 'somebody@fabrikam.example' },
    })) {
      expect([step, (await anyStep(walk, step, fields)).status]).toEqual([step, 303])
    }
    await quiet(stage)
    expect(await moneyOf(stage, number)).toEqual({ texts: 0, costMicros: 0 })
    const [held] = await query(stage.service.databaseUrl, 'select state, messages, tries from challenge where target = $1', [
      number,
    ])
    expect(held).toEqual({ state: 'held', messages: 0, tries: 0 })
    expect(stage.mailbox.received).toEqual([])
  })

  test('R-153, R-155 goes out after a minute in place of the work, once, and few of one network may wait like that', async () => {
    const walks = []
    for (let place = 10; place < 10 + SLOW_MAX + 1; place++)
      walks.push({ number: germanNumber(place), ...(await identify(stage, germanNumber(place), createVisitor(stage.second))) })
    const [first] = walks
    if (!first) throw new Error('nobody waits')
    const early = await atOnce(posting(first.visitor, withField(first.page, 'solution')))
    expect(statuses(early)).toEqual({ 303: 20 })
    expect((await moneyOf(stage, first.number)).texts).toBe(0)
    await stage.moveClock(WAIT_SECONDS)
    const answers = []
    for (const walk of walks) answers.push(await posting(walk.visitor, withField(walk.page, 'solution'))(stage.service))
    expect(answers.map(({ status }) => status)).toEqual([...Array(SLOW_MAX).fill(303), 429])
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0)
    await quiet(stage)
    const texts = await Promise.all(walks.map(async ({ number }) => (await moneyOf(stage, number)).texts))
    expect(texts).toEqual([...Array(SLOW_MAX).fill(1), 0])
  })
})
