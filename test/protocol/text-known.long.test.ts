import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor, type Page } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import {
  arrive,
  askForText,
  germanNumber,
  giveNumber,
  here,
  identify,
  nameDigits,
  quiet,
  type Standing,
  toStep,
  typeCode,
  withField,
} from './text-walk.ts'

const TTL_SECONDS = 600
const YEAR_SECONDS = 365 * 86_400
const STRANGE_NUMBER = '+33612345687'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())

/** Who is asked about: what there is, and the last digits that are typed. */
const people: Record<string, { number: string | null; digits: string; state?: string; oldSeconds?: number }> = {
  right: { number: germanNumber(1), digits: '01' },
  wrong: { number: germanNumber(2), digits: '99' },
  unknown: { number: null, digits: '03' },
  numberless: { number: null, digits: '04' },
  suspended: { number: germanNumber(5), digits: '05', state: 'suspended' },
  stale: { number: germanNumber(6), digits: '06', oldSeconds: YEAR_SECONDS },
  foreign: { number: STRANGE_NUMBER, digits: '87' },
  opted: { number: germanNumber(8), digits: '08' },
  failing: { number: germanNumber(9), digits: '09' },
}
const emailOf = (name: string) => `m-${name}-m@fabrikam.example`

async function settle(name: string): Promise<void> {
  const { number, state, oldSeconds = 0 } = people[name] as (typeof people)[string]
  if (name === 'unknown') return
  await stage.signIn(emailOf(name))
  if (number) await giveNumber(stage, emailOf(name), number, oldSeconds)
  const change = 'update account set state = $2 where id = (select account_id from address where canonical = $1)'
  if (state) await query(stage.service.databaseUrl, change, [emailOf(name), state])
}

/** What an answer says, without what differs between any two sign-ins. */
function said({ status, headers, text }: Page) {
  const names = Object.keys(headers).sort()
  const varying = /DW-[\w-]+|\d\d:\d\d|value="[\w-]{20,}"|\/sign-in\/[\w-]+|data-version="[^"]*"|m-\w+-m|\S•••\S/g
  return JSON.stringify({ status, names, cache: headers['cache-control'], text: text.replace(varying, '') })
}

/** The same of each, and it is the same. Answers it. */
async function alike<T>(walks: Record<string, Standing>, look: (walk: Standing, name: string) => Promise<T>): Promise<T> {
  const seen: Record<string, T> = {}
  for (const [name, walk] of Object.entries(walks)) seen[name] = await look(walk, name)
  const [first] = Object.values(seen)
  expect(seen).toEqual(Object.fromEntries(Object.keys(walks).map((name) => [name, first])))
  return first as T
}

const pageOf = async (walk: Standing) => said((await here(walk)).page)
const stateOf = async ({ visitor, home }: Standing) => {
  const { status, text } = await visitor.get(`${home}/state`)
  return `${status} ${text}`
}

describe('the last digits of a number on file', () => {
  test('R-085, F-30 right, wrong, of nobody, of a suspended account, of an old, foreign, opted-out number: one answer and one page, until its end', async () => {
    for (const name of Object.keys(people)) await settle(name)
    stage.texts.twilio.setBehaviour({ status: 503 })
    stage.texts.sns.setBehaviour(({ to }) => {
      if (to === people.opted?.number) return { status: 400, code: 'InvalidParameter', message: 'phone number is opted out' }
      return to === people.failing?.number ? { status: 503 } : { afterMs: 300 }
    })
    const walks: Record<string, Standing> = {}
    for (const name of Object.keys(people)) walks[name] = await identify(stage, emailOf(name))
    for (const name of Object.keys(people)) walks[name] = await askForText(walks[name] as Standing)
    const asking = await alike(walks, async ({ page }) => said(page))
    expect(asking).toContain('name=\\"digits\\"')

    await alike(walks, async (walk, name) => said(await nameDigits(walk, people[name]?.digits ?? '')))
    // The worker has only begun; the same is asked again when it is through.
    const early: Record<string, string> = {}
    for (const [name, walk] of Object.entries(walks)) early[name] = await stateOf(walk)
    const first = await alike(walks, pageOf)
    expect(first).toContain('name=\\"code\\"')
    await stage.texts.sns.next(people.right?.number ?? '')
    await stage.texts.sns.next(people.stale?.number ?? '')
    await outcomes({ right: 'handed_over', wrong: 'expired', foreign: 'refused', opted: 'refused', failing: 'deferred' })
    expect(await alike(walks, pageOf)).toBe(first)
    for (const [name, walk] of Object.entries(walks)) expect([name, await stateOf(walk)]).toEqual([name, early[name]])
    const lives = await query(
      stage.service.databaseUrl,
      `select distinct extract(epoch from expires_at - first_sent_at)::int as seconds from challenge where kind = 'sms'`,
    )
    expect(lives).toEqual([{ seconds: TTL_SECONDS }])

    // Another one a minute later, and a wrong code: still nothing to tell them by.
    await stage.moveClock(61)
    await alike(walks, async (walk) => said(await walk.visitor.submit(toStep(await here(walk), 'resend'))))
    await alike(walks, async (walk) =>
      said(await walk.visitor.submit(withField((await here(walk)).page, 'code'), { code: 'ABCDEF' })),
    )
    await alike(walks, async (walk) =>
      said(await walk.visitor.submit(withField((await here(walk)).page, 'code'), { code: '000000' })),
    )
    await alike(walks, pageOf)

    await stage.moveClock(540 - 61)
    expect(await alike(walks, pageOf)).not.toBe(first) // near its end
    await alike(walks, async (walk) => (await stateOf(walk)).replace(/"[\w-]{12}"/, ''))
    await stage.moveClock(50)
    expect(await alike(walks, pageOf)).toContain('name=\\"code\\"')
    await stage.moveClock(20)
    expect(await alike(walks, pageOf)).not.toContain('name=\\"code\\"')
    expect(await alike(walks, stateOf)).toContain('attempt-ended')
    await stage.moveClock(50)
    await alike(walks, pageOf)
  })

  /** Waits until the newest text of each has come to this. */
  async function outcomes(wanted: Record<string, string>): Promise<void> {
    const sql = `select d.state from delivery d join challenge c on c.id = d.challenge_id join challenge e on e.attempt_id = c.attempt_id
      where e.kind = 'email' and e.target = $1 and d.channel = 'sms' order by d.created_at desc limit 1`
    for (const [name, state] of Object.entries(wanted)) {
      const end = performance.now() + 15_000
      for (;;) {
        const [row] = await query<{ state: string }>(stage.service.databaseUrl, sql, [emailOf(name)])
        if (row?.state === state) break
        if (performance.now() > end) throw new Error(`the text of ${name} is ${row?.state}, not ${state}`)
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }
  }

  test('R-085 five wrong codes close the code alike, and no code is right where no text went', async () => {
    stage.texts.sns.setBehaviour('accept')
    const names = ['right', 'wrong', 'unknown']
    const walks: Record<string, Standing> = {}
    for (const name of names) walks[name] = await askForText(await identify(stage, emailOf(name)))
    for (const [name, walk] of Object.entries(walks)) {
      await nameDigits(walk, people[name]?.digits ?? '')
      walks[name] = await here(walk)
    }
    const { code } = await stage.texts.sns.next(people.right?.number ?? '')
    const guess = code === '111111' ? '222222' : '111111'
    for (let tries = 0; tries < 5; tries++)
      await alike(walks, async (walk) =>
        said(await walk.visitor.submit(withField((await here(walk)).page, 'code'), { code: guess })),
      )
    expect(await alike(walks, pageOf)).not.toContain('name=\\"code\\"')
  })

  test('R-085 take the same time, right or of nobody', async () => {
    const times: Record<'right' | 'unknown', number[]> = { right: [], unknown: [] }
    for (let round = 0; round < 25; round++) {
      for (const name of ['right', 'unknown'] as const) {
        const walk = await askForText(await identify(stage, emailOf(name)))
        const began = performance.now()
        await nameDigits(walk, people[name]?.digits ?? '')
        times[name].push(performance.now() - began)
        await quiet(stage)
      }
    }
    expectSameTime(times.right, times.unknown)
  })
})

describe('a number that is typed', () => {
  test('R-085 gets the same answer, page and one text each, known or unknown or of a suspended account, in the same time', async () => {
    const numbers = { known: germanNumber(100), suspended: germanNumber(101) }
    for (const number of Object.values(numbers)) await stage.signIn(number)
    const suspend = `update account set state = 'suspended' where id = (select account_id from address where canonical = $1)`
    await query(stage.service.databaseUrl, suspend, [numbers.suspended])
    const times: Record<string, number[]> = { known: [], unknown: [], suspended: [] }
    for (let round = 0; round < 20; round++) {
      const walks: Record<string, Standing> = {}
      const answers: Record<string, Page> = {}
      for (const [name, number] of Object.entries({ ...numbers, unknown: germanNumber(200 + round) })) {
        const visitor = createVisitor(stage.service)
        const { page, home } = await arrive(stage, visitor)
        const began = performance.now()
        answers[name] = await visitor.submit(withField(page, 'identifier'), { identifier: number })
        times[name]?.push(performance.now() - began)
        walks[name] = { visitor, page, home }
        await quiet(stage)
      }
      await alike(walks, async (_, name) => said(answers[name] as Page).replace(/\+49\S+/g, ''))
      const page = await alike(walks, async (walk) => (await pageOf(walk)).replace(/\+49[\s\S]{0,20}?\d\d(?=\D)/g, ''))
      expect(page).toContain('Handed to the phone network')
    }
    expectSameTime(times.known ?? [], times.unknown ?? [])
    expectSameTime(times.suspended ?? [], times.unknown ?? [])
    const texts = stage.texts.sns.taken.filter(({ to }) => to === numbers.suspended)
    expect(texts).toHaveLength(21)
    expect(texts.at(-1)?.code).toBeNull()
  })

  test('R-085, R-091 gets the same first answer where no texts are sent, and nothing is sent', async () => {
    const answers: string[] = []
    for (const number of [germanNumber(300), STRANGE_NUMBER]) {
      const visitor = createVisitor(stage.service)
      const { page } = await arrive(stage, visitor)
      answers.push(said(await visitor.submit(withField(page, 'identifier'), { identifier: number })))
    }
    expect(answers[0]).toBe(answers[1])
    await quiet(stage)
    expect(stage.texts.sns.asked.filter(({ to }) => to === STRANGE_NUMBER)).toEqual([])
    const counted = `select from spend_counter where id = 'country:FR'`
    expect(await query(stage.service.databaseUrl, counted)).toEqual([])
  })

  test('R-085 and its code, right and wrong, say nothing of an account that is suspended before it is proven', async () => {
    const number = germanNumber(101)
    const walk = await identify(stage, number)
    await stage.texts.sns.next(number)
    expect(await typeCode(walk, '000000')).toBe(false)
    expect((await here(walk)).page.forms.some(({ fields }) => fields.includes('code'))).toBe(true)
  })
})

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)
const at = (numbers: readonly number[], share: number) => sorted(numbers)[Math.floor(numbers.length * share)] ?? 0
/** From the first to the third quartile. */
const spread = (numbers: readonly number[]) => at(numbers, 0.75) - at(numbers, 0.25)

/** The medians may differ by no more than the spread within one kind. */
function expectSameTime(one: readonly number[], other: readonly number[]): void {
  expect(Math.abs(at(one, 0.5) - at(other, 0.5))).toBeLessThan(Math.max(spread(one), spread(other), 2))
}
