import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../src/base/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import {
  askForText,
  germanNumber,
  giveNumber,
  here,
  identify,
  moneyOf,
  nameDigits,
  quiet,
  toStep,
  typeCode,
} from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type OwnPostgres, startOwnPostgres, until } from './fault-tools.ts'

let postgres: OwnPostgres
let stage: Stage

beforeAll(async () => {
  postgres = await startOwnPostgres()
  await migrate({ url: postgres.url, log: createLog('error') })
  stage = await startStage({ texts: true, env: { DATABASE_URL: postgres.url, LIMITS: GENEROUS_LIMITS } })
})
afterAll(async () => {
  await stage?.stop()
  await postgres?.stop()
})

describe('a database that goes away and comes back', () => {
  test('F-03 between text and code: the code works afterwards, and no second text came', async () => {
    const number = germanNumber(1)
    const walk = await identify(stage, number)
    const { code } = await stage.texts.sns.next(number)
    await quiet(stage)
    await postgres.down()
    await postgres.up()
    expect(await typeCode(walk, code)).toBe(true)
    const end = await walk.visitor.open(`${walk.home}/continue`)
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect((await moneyOf(stage, number)).texts).toBe(1)
  })

  test('F-02, R-154 away while a text is asked for or a code is typed: 503, nothing is sent, and then it works', async () => {
    const [asking, typing] = [germanNumber(20_002), germanNumber(30_003)]
    const typed = await identify(stage, typing)
    const { code } = await stage.texts.sns.next(typing)
    await quiet(stage)
    const walk = await identify(stage, 'not an address')
    const form = walk.page.forms.find(({ fields }) => fields.includes('identifier'))
    const codeForm = typed.page.forms.find(({ fields }) => fields.includes('code'))
    if (!form || !codeForm) throw new Error('no forms')
    await postgres.down()
    for (const answer of [
      await walk.visitor.submit(form, { identifier: asking }),
      await typed.visitor.submit(codeForm, { code: code ?? '' }),
    ]) {
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    }
    await postgres.up()
    expect(stage.texts.sns.asked.filter(({ to }) => to === asking)).toEqual([])
    await until('requests are served again', async () => (await walk.visitor.submit(form, { identifier: asking })).status === 303)
    expect((await stage.texts.sns.next(asking, 30)).code).toMatch(/^\d{6}$/)
    expect(await typeCode(typed, code)).toBe(true)
  })
})

describe('what an instance of the version before has written', () => {
  /** As rows were before texts: nothing was chosen, nothing cost anything, no address stood beside a message. */
  const age = (target: string) =>
    query(
      postgres.url,
      `with old as (update challenge set chosen_at = null where target = $1 returning id)
       update delivery set cost_day = null, cost_micros = 0, target_key = null, route = null, receipt_id = null
       where challenge_id in (select id from old)`,
      [target],
    )

  test('F-42 a sign-in that waits for its mail goes on: the page, another mail, its code, and a text in its place', async () => {
    const email = 'begun-before@fabrikam.example'
    const walk = await identify(stage, email)
    await stage.mailbox.next(email)
    await until('the mail is noted', async () => /Handed/.test((await here(walk)).page.words))
    await age(email)
    expect((await here(walk)).page.forms.some(({ fields }) => fields.includes('code'))).toBe(true)
    await stage.moveClock(61)
    await walk.visitor.submit(toStep(await here(walk), 'resend'))
    const { code } = await stage.mailbox.next(email)
    expect(await typeCode(await here(walk), code)).toBe(true)
    const end = await walk.visitor.open(`${walk.home}/continue`)
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)

    const number = germanNumber(40_004)
    await giveNumber(stage, email, number)
    const next = await identify(stage, email)
    await stage.mailbox.next(email)
    await age(email)
    const digits = await askForText(await here(next))
    await nameDigits(digits, '04')
    const text = await stage.texts.sns.next(number)
    expect(await typeCode(await here(digits), text.code)).toBe(true)
  })

  test('F-42 a message that waits, without a price and without the key of its address, is sent once', async () => {
    const number = germanNumber(50_005)
    await Promise.all([stage.texts.sns.down(), stage.texts.twilio.down()])
    const walk = await identify(stage, number)
    await until('it waits', async () => {
      const [row] = await query<{ state: string }>(postgres.url, 'select state from delivery where target = $1', [number])
      return row?.state === 'deferred'
    })
    await age(number)
    await Promise.all([stage.texts.sns.up(), stage.texts.twilio.up()])
    await stage.moveClock(31)
    const { code } = await Promise.any([stage.texts.sns.next(number, 30), stage.texts.twilio.next(number, 30)])
    expect(await typeCode(await here(walk), code)).toBe(true)
    await quiet(stage)
    expect(await moneyOf(stage, number)).toEqual({ texts: 1, costMicros: 110_000 })
  })
})
