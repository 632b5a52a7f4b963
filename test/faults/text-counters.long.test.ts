import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import {
  askForText,
  germanNumber,
  giveNumber,
  here,
  identify,
  moneyOf,
  nameDigits,
  quiet,
  spentMicros,
  typeCode,
  withField,
} from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, until } from './fault-tools.ts'

// Money that cannot be counted is not spent; what costs nothing goes on.

const PRICE_MICROS = 110_000

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())
afterEach(() => quiet(stage))

const sql = (text: string, values: readonly unknown[] = []) =>
  query<Record<string, unknown>>(stage.service.databaseUrl, text, values)

/** Does the work while another connection holds these locks. */
async function whileLocked<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const holder = new Client({ connectionString: stage.service.databaseUrl })
  await holder.connect()
  try {
    await holder.query(`begin; ${lock}`)
    return await work()
  } finally {
    await holder.end()
  }
}

const askedFor = (number: string) => stage.texts.sns.asked.filter(({ to }) => to === number).length

describe('when what texts cost cannot be counted', () => {
  test.each(['spend_counter', 'text_tally'])(
    'F-54, R-154 without %s nothing is begun and nothing is sent; emails go on; then it works',
    async (table) => {
      const number = germanNumber(table === 'text_tally' ? 11_001 : 21_002)
      const { visitor, page, home } = await arrive(stage)
      await sql(`alter table ${table} rename to away`)
      try {
        const answer = await visitor.submit(withField(page, 'identifier'), { identifier: number })
        expect(answer.status).toBe(503)
        expect(answer.headers['retry-after']).toMatch(/^\d+$/)
        expect(answer.words).not.toMatch(/spend|tally|relation|postgres/i)
        expect(await sql('select from challenge where target = $1', [number])).toEqual([])
        await stage.signIn(`goes-on-without-${table.replace('_', '-')}@fabrikam.example`)
      } finally {
        await sql(`alter table away rename to ${table}`)
      }
      expect(askedFor(number)).toBe(0)
      await visitor.submit(withField(page, 'identifier'), { identifier: number })
      const { code } = await stage.texts.sns.next(number)
      expect(await typeCode(await here({ visitor, page, home }), code)).toBe(true)
      expect(await moneyOf(stage, number)).toEqual({ texts: 1, costMicros: PRICE_MICROS })
    },
  )

  test('F-54, R-154 by last digits it is the same: 503, right and wrong alike, and nothing is sent', async () => {
    const [email, number] = ['uncounted-digits@fabrikam.example', germanNumber(31_047)]
    await stage.signIn(email)
    await giveNumber(stage, email, number)
    const walk = await askForText(await identify(stage, email))
    const answers = await whileLocked('lock table spend_counter in access exclusive mode', async () => [
      await nameDigits(walk, '47'),
      await nameDigits(walk, '99'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    expect(askedFor(number)).toBe(0)
    await nameDigits(walk, '47')
    expect((await stage.texts.sns.next(number)).code).toMatch(/^\d{6}$/)
  })

  test('F-54, R-154 gone between the page and the worker: the text waits, unsent, and goes out once when it can be counted', async () => {
    const number = germanNumber(41_004)
    const before = await spentMicros(stage)
    // The page only reads; the worker writes.
    const walk = await whileLocked('lock table spend_counter in exclusive mode', async () => {
      const asked = await identify(stage, number)
      await until('the worker has given up for now', async () => {
        const [row] = await sql('select state, reason from delivery where target = $1', [number])
        return row?.state === 'deferred' && row.reason === 'not_counted'
      })
      expect((await here(asked)).page.words).toMatch(/later|late/i)
      return asked
    })
    expect(askedFor(number)).toBe(0)
    expect(await moneyOf(stage, number)).toEqual({ texts: 0, costMicros: 0 })
    await stage.moveClock(10)
    const { code } = await stage.texts.sns.next(number, 30)
    expect(await typeCode(await here(walk), code)).toBe(true)
    await quiet(stage)
    expect(await moneyOf(stage, number)).toEqual({ texts: 1, costMicros: PRICE_MICROS })
    expect((await spentMicros(stage)) - before).toBe(PRICE_MICROS)
  })

  test('R-154, S-1 gone when the code is typed: the person is let in, since that costs nothing', async () => {
    const number = germanNumber(51_005)
    const walk = await identify(stage, number)
    const { code } = await stage.texts.sns.next(number)
    await quiet(stage)
    expect(await whileLocked('lock table text_tally in access exclusive mode', () => typeCode(walk, code))).toBe(true)
    const end = await walk.visitor.open(`${walk.home}/continue`)
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.relyingParty.last().idToken.amr).toEqual(['sms'])
  })

  test('R-154 the limits gone as well: a text that is asked for again is not sent', async () => {
    const number = germanNumber(61_006)
    const walk = await identify(stage, number, createVisitor(stage.service))
    await stage.texts.sns.next(number)
    await quiet(stage)
    await stage.moveClock(61)
    const now = await here(walk)
    const resend = now.page.forms.find(({ action }) => action.endsWith('/resend'))
    if (!resend) throw new Error(now.page.words)
    const answer = await whileLocked('lock table limit_counter in access exclusive mode', () => now.visitor.submit(resend))
    expect(answer.status).toBe(503)
    expect(askedFor(number)).toBe(1)
    await now.visitor.submit(resend)
    await stage.texts.sns.next(number)
  })
})
