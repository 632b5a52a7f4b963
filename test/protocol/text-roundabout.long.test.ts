import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  anyStep,
  askForText,
  germanNumber,
  giveNumber,
  here,
  identify,
  moneyOf,
  nameDigits,
  onceSent,
  quiet,
  solutionFor,
  withField,
} from './text-walk.ts'

const RESEND_SECONDS = 46

async function acquainted(stage: Stage, email: string, place: number): Promise<string> {
  await stage.signIn(email)
  const number = germanNumber(place)
  await giveNumber(stage, email, number)
  return number
}

async function textsOf(stage: Stage, number: string): Promise<number> {
  await quiet(stage)
  return (await moneyOf(stage, number)).texts
}

describe('no way around what comes before a text', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
  })
  afterAll(() => stage?.stop())

  test('R-071 a retry that no refusal asks for waits like any other message', async () => {
    const number = germanNumber(810_001)
    const walk = await identify(stage, number)
    await stage.texts.sns.next(number)
    await anyStep(walk, 'retry')
    await anyStep(walk, 'retry')
    expect(await textsOf(stage, number)).toBe(1)
  })

  test('R-071 nor is a retry quicker where an address was refused for no reason that is remembered', async () => {
    const email = 'no-such-box@fabrikam.example'
    stage.mailbox.setBehaviour({ code: 550 })
    const walk = await identify(stage, email)
    const state = async () =>
      (
        await query<{ state: string; messages: number }>(
          stage.service.databaseUrl,
          'select d.state, c.messages from delivery d join challenge c on c.id = d.challenge_id where d.target = $1',
          [email],
        )
      ).at(-1)
    await until('the mail is refused', async () => (await state())?.state === 'refused')
    await stage.moveClock(RESEND_SECONDS / 2)
    await anyStep(walk, 'retry')
    expect(await state()).toEqual({ state: 'refused', messages: 1 })
    stage.mailbox.setBehaviour('accept')
  })

  test('R-071 other digits cost a cool-down too, right or wrong', async () => {
    const email = 'digits-wait@fabrikam.example'
    const number = await acquainted(stage, email, 810_102)
    let walk = await askForText(await identify(stage, email))
    await nameDigits(walk, '02')
    expect(await textsOf(stage, number)).toBe(1)
    await anyStep(walk, 'text')
    walk = await here(walk)
    expect(withField(walk.page, 'code')).toBeDefined()
    await anyStep(walk, 'digits', { digits: '02' })
    expect(await textsOf(stage, number)).toBe(1)
    await stage.moveClock(RESEND_SECONDS)
    await anyStep(walk, 'text')
    await nameDigits(await here(walk), '02')
    expect(await textsOf(stage, number)).toBe(2)
  })

  test('R-085 starting again leads to the address that was typed, never to the number that was named', async () => {
    const email = 'digits-again@fabrikam.example'
    const number = await acquainted(stage, email, 810_203)
    const words = []
    for (const digits of ['03', '77']) {
      const walk = await askForText(await identify(stage, email))
      await nameDigits(walk, digits)
      await anyStep(walk, 'email')
      await anyStep(walk, 'again')
      const { page } = await onceSent(walk)
      words.push(page.words.replace(/\d\d:\d\d/g, ''))
      expect(page.words).toContain('@fabrikam.example')
    }
    expect(words[0]).toBe(words[1])
    expect(await textsOf(stage, number)).toBe(1)
  })

  test('R-102 once a sign-in is proven nothing more is proven in it', async () => {
    const email = 'digits-after@fabrikam.example'
    const number = await acquainted(stage, email, 810_304)
    const walk = await askForText(await identify(stage, email))
    await nameDigits(walk, '04')
    const { code } = await stage.texts.sns.next(number)
    const { link } = await stage.mailbox.next(email)
    await anyStep(walk, 'answer', { code: code ?? '' })
    await anyStep(walk, `link/${link?.split('/').at(-1)}`)
    const rows = await query<{ state: string; kind: string }>(
      stage.service.databaseUrl,
      `select c.state, c.kind from challenge c join attempt a on a.id = c.attempt_id
       where a.state = 'proven' and c.attempt_id in (select attempt_id from challenge where target = $1)`,
      [number],
    )
    expect(rows.filter(({ state }) => state === 'used')).toEqual([{ state: 'used', kind: 'sms' }])
  })
})

describe('where a proof of work comes first', () => {
  let stage: Stage
  afterAll(() => stage?.stop())

  test('R-153, R-085 it comes before a text to a number on file as well, for right and wrong digits alike', async () => {
    stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS, PROOF_OF_WORK: 'texts' } })
    const email = 'digits-work@fabrikam.example'
    const number = await acquainted(stage, email, 820_005)
    const pages = []
    for (const digits of ['77', '05']) {
      let walk = await askForText(await identify(stage, email))
      await nameDigits(walk, digits)
      walk = await here(walk)
      expect(await textsOf(stage, number)).toBe(0)
      await walk.visitor.submit(withField(walk.page, 'solution'), { solution: await solutionFor(walk.page) })
      pages.push((await onceSent(walk)).page.words.replace(/\d\d:\d\d/g, ''))
    }
    expect(pages[0]).toBe(pages[1])
    expect(await textsOf(stage, number)).toBe(1)
  })

  test('R-153 a text is no way around the work that an email waits for', async () => {
    await stage.stop()
    stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS, PROOF_OF_WORK: 'always' } })
    const walk = await identify(stage, 'held@fabrikam.example')
    await anyStep(walk, 'text')
    expect(withField((await here(walk)).page, 'solution')).toBeDefined()
  })
})
