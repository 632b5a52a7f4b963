import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { germanNumber, here, identify, moneyOf, spentMicros, typeCode, withField } from '../protocol/text-walk.ts'
import { freshDatabase, query } from '../support/database.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, until } from './fault-tools.ts'
import { type Line, lineTo } from './line.ts'

// Carriers fail, and the process dies beside them: nobody gets two texts, and no text is paid for twice.

const PRICE_MICROS = 110_000
/** The claim on a text: what its two routes may take, and what composing and recording may. */
const CLAIM_SECONDS = 61

let stage: Stage
let line: Line
let backup: Mailbox
let databaseUrl: string

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  line = await lineTo(databaseUrl)
  backup = await startMailbox()
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS, DATABASE_URL: line.url } })
})
afterAll(async () => {
  line?.mend()
  await stage?.stop()
  await Promise.all([line?.stop(), backup?.stop()])
})
afterEach(async () => {
  for (const provider of [stage.texts.sns, stage.texts.twilio]) {
    provider.setBehaviour('accept')
    await provider.down()
    await provider.up()
  }
  // What failed too often is passed over for half a minute.
  await stage.moveClock(31)
  await stage.signIn(germanNumber(900_000))
})

interface Row {
  state: string
  reason: string | null
  cost: number
}

async function deliveryTo(number: string): Promise<Row | undefined> {
  const sql = 'select state, reason, cost_micros::int as cost from delivery where target = $1 order by created_at desc limit 1'
  return (await query<Row>(databaseUrl, sql, [number]))[0]
}

const becomes = (number: string, wanted: Partial<Row>, seconds = 30) =>
  until(
    `the text is ${JSON.stringify(wanted)}`,
    async () => {
      const row = await deliveryTo(number)
      return row && Object.entries(wanted).every(([name, value]) => row[name as keyof Row] === value) ? row : null
    },
    seconds,
  )

const askedFor = (number: string) =>
  [...stage.texts.sns.asked, ...stage.texts.twilio.asked].filter(({ to }) => to === number).length

describe('when carriers fail', () => {
  test.each([
    ['throttles', { status: 400, code: 'Throttling' }],
    ['fails', { status: 503 }],
    ['has spent its own limit', { status: 400, code: 'LimitExceeded', message: 'spend limit reached' }],
  ])('F-33 the first %s: the second takes the text, which is paid for once', async (what, behaviour) => {
    const number = germanNumber(10_000 + what.length * 101)
    stage.texts.sns.setBehaviour(behaviour)
    const before = await spentMicros(stage)
    const walk = await identify(stage, number)
    const { code } = await stage.texts.twilio.next(number)
    expect(await typeCode(walk, code)).toBe(true)
    expect(await moneyOf(stage, number)).toEqual({ texts: 1, costMicros: PRICE_MICROS })
    expect((await spentMicros(stage)) - before).toBe(PRICE_MICROS)
  })

  test('F-33, R-092 both are down: the person is told and may use an email, and the money comes back when nothing was sent', async () => {
    const number = germanNumber(20_001)
    await Promise.all([stage.texts.sns.down(), stage.texts.twilio.down()])
    const before = await spentMicros(stage)
    const walk = await identify(stage, number)
    await becomes(number, { state: 'deferred', reason: 'connect_refused', cost: PRICE_MICROS })
    expect((await here(walk)).page.words).toMatch(/late|later/i)
    // Another address in the same sign-in.
    const restart = (await here(walk)).page.forms.find(({ action }) => action.endsWith('/restart'))
    if (!restart) throw new Error('no way to an email')
    await walk.visitor.submit(restart)
    const email = 'both-down@fabrikam.example'
    const page = (await here(walk)).page
    const form = page.forms.find(({ fields }) => fields.includes('identifier'))
    if (!form) throw new Error(page.words)
    await walk.visitor.submit(form, { identifier: email })
    const { code } = await stage.mailbox.next(email)
    expect(await typeCode(await here(walk), code)).toBe(true)
    await stage.moveClock(70)
    await becomes(number, { state: 'expired', cost: 0 })
    expect((await spentMicros(stage)) - before).toBe(0)
    expect(askedFor(number)).toBe(0)
  })

  test('F-33 both are down and one comes back: one text, paid for once', async () => {
    const number = germanNumber(30_001)
    await Promise.all([stage.texts.sns.down(), stage.texts.twilio.down()])
    const walk = await identify(stage, number)
    await becomes(number, { state: 'deferred' })
    await stage.texts.twilio.up()
    await stage.moveClock(70)
    const { code } = await stage.texts.twilio.next(number, 30)
    expect(await typeCode(await here(walk), code)).toBe(true)
    expect(await moneyOf(stage, number)).toEqual({ texts: 1, costMicros: PRICE_MICROS })
  })

  test('F-33 the first takes a text and never says so: no other is sent, its code works, and others are not kept waiting', async () => {
    const number = germanNumber(40_001)
    stage.texts.sns.setBehaviour(({ to }) => (to === number ? 'hang' : 'accept'))
    const walk = await identify(stage, number)
    const { code } = await stage.texts.sns.next(number)
    const began = performance.now()
    await stage.signIn(germanNumber(40_002))
    expect(performance.now() - began).toBeLessThan(5000)
    await becomes(number, { state: 'expired', reason: 'unanswered', cost: PRICE_MICROS })
    expect((await here(walk)).page.forms.some(({ action }) => action.endsWith('/resend'))).toBe(true)
    expect(await typeCode(await here(walk), code)).toBe(true)
    expect([askedFor(number), await moneyOf(stage, number)]).toEqual([1, { texts: 1, costMicros: PRICE_MICROS }])
  })
})

describe('a process that is killed', () => {
  test('F-19, F-33 between counting the money and sending: at most one text, counted once, and another can be asked for', async () => {
    const number = germanNumber(50_001)
    const before = await spentMicros(stage)
    const walk = await arrive(stage)
    const form = withField(walk.page, 'identifier')
    const lost = line.loseAnswersFrom('budget_reserve')
    await walk.visitor.submit(form, { identifier: number })
    await becomes(number, { state: 'sending', cost: PRICE_MICROS })
    await until('the answer is lost', () => lost() > 0)
    await stage.service.kill9()
    line.mend()
    await stage.service.restart()
    expect(askedFor(number)).toBe(0)
    await stage.moveClock(CLAIM_SECONDS + 1)
    // Whether it left nobody can know: it is not sent by itself, and its money stays counted.
    await becomes(number, { state: 'expired', reason: 'unanswered', cost: PRICE_MICROS })
    expect(askedFor(number)).toBe(0)
    expect((await spentMicros(stage)) - before).toBe(PRICE_MICROS)
    const page = (await here(walk)).page
    const resend = page.forms.find(({ action }) => action.endsWith('/resend'))
    if (!resend) throw new Error(page.words)
    await walk.visitor.submit(resend)
    const { code } = await stage.texts.sns.next(number)
    expect(await typeCode(await here(walk), code)).toBe(true)
    expect((await spentMicros(stage)) - before).toBe(2 * PRICE_MICROS)
  })

  test('F-19, F-33 between sending and noting it: no second text, money counted once, and the code that came works', async () => {
    const number = germanNumber(60_001)
    const before = await spentMicros(stage)
    stage.texts.sns.setBehaviour('hang')
    const walk = await identify(stage, number)
    const { code } = await stage.texts.sns.next(number)
    await stage.service.kill9()
    stage.texts.sns.setBehaviour('accept')
    await stage.service.restart()
    await stage.moveClock(CLAIM_SECONDS + 1)
    await becomes(number, { state: 'expired', reason: 'unanswered' })
    expect(askedFor(number)).toBe(1)
    expect((await spentMicros(stage)) - before).toBe(PRICE_MICROS)
    expect(await typeCode(await here(walk), code)).toBe(true)
  })

  test('F-19, S-1 between the money’s return and anything else: it is never given back twice', async () => {
    const number = germanNumber(70_001)
    const before = await spentMicros(stage)
    const optedOut = { status: 400, code: 'InvalidParameter', message: 'phone number is opted out' }
    stage.texts.sns.setBehaviour(({ to }) => (to === number ? optedOut : 'accept'))
    const { visitor, page } = await arrive(stage)
    const form = withField(page, 'identifier')
    const lost = line.loseAnswersFrom('budget_give_back')
    await visitor.submit(form, { identifier: number })
    await until('the answer is lost', () => lost() > 0)
    await stage.service.kill9()
    line.mend()
    await stage.service.restart()
    await stage.moveClock(CLAIM_SECONDS + 1)
    await stage.signIn(germanNumber(70_002))
    expect(await deliveryTo(number)).toMatchObject({ state: 'refused', reason: 'opted_out', cost: 0 })
    expect((await spentMicros(stage)) - before).toBe(PRICE_MICROS)
  })
})

describe('several mail servers', () => {
  test('F-28, R-164 the first is down: the mail arrives by the second, once', async () => {
    const dead = await startMailbox()
    await dead.down()
    const both = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SMTP_URL: `${dead.url} ${backup.url}` } })
    try {
      const email = 'second-server@fabrikam.example'
      const walk = await ask(both, email)
      const mail = await backup.next(email)
      expect(mail.code).toMatch(/^\d{6}$/)
      expect(await typeCode({ ...walk, page: await walk.visitor.open(walk.home) }, mail.code)).toBe(true)
      expect([backup.count(email), dead.seen.length]).toEqual([1, 0])
      // Back again: it comes first.
      await dead.up()
      await both.moveClock(31)
      const again = await ask(both, 'first-again@fabrikam.example')
      const { code } = await dead.next('first-again@fabrikam.example')
      expect(await typeCode({ ...again, page: await again.visitor.open(again.home) }, code)).toBe(true)
    } finally {
      await both.stop()
      await dead.stop()
    }
  })
})
