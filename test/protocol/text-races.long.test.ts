import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import type { Answer } from '../support/http.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import {
  arrive,
  askForText,
  codeAt,
  germanNumber,
  giveNumber,
  here,
  identify,
  moneyOf,
  posting,
  quiet,
  spentMicros,
  statuses,
  typeCode,
  withField,
} from './text-walk.ts'

const PRICE_MICROS = 110_000
const NUMBER_CAP_TEXTS = 50
const TEXT_LIMIT = 60
/** Those who ask when the budget has room for five more. */
const LATE = 15

let stage: Awaited<ReturnType<typeof startPairStage>>

beforeAll(async () => {
  stage = await startPairStage({
    texts: true,
    env: {
      LIMITS: GENEROUS_LIMITS.replace('sms:10000', `sms:${TEXT_LIMIT}`),
      SMS_BUDGET: 'all:1000 country:1000 prefix:1000 client:1000 number:5.50',
      WORKER_CONCURRENCY: '20', // so that workers meet at the last place of a cap
    },
  })
})
afterAll(() => stage?.stop())

/** The same thing `times` times at once, by turns at the two instances. */
function atOnce<T>(times: number, work: (instance: Service, index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => work(index % 2 === 0 ? stage.service : stage.second, index)))
}

async function count(sql: string, values: readonly unknown[] = []): Promise<number> {
  const [row] = await query<{ count: string }>(stage.service.databaseUrl, `select count(*) as count from ${sql}`, values)
  return Number(row?.count)
}

const won = (answers: readonly Answer[]) => answers.filter(({ headers }) => leadsOn(headers.location))

/** A browser that waits for a text, asked for at one of the instances. */
async function waiting(number: string, instance: Service = stage.service) {
  return identify(stage, number, createVisitor(instance))
}

describe('at once, over two instances', () => {
  test('R-061, F-27 two hundred wrong codes from a text: five are judged', async () => {
    const number = germanNumber(1)
    const walk = await waiting(number)
    const { code } = await stage.texts.sns.next(number)
    const form = withField(walk.page, 'code')
    const wrong = Array.from({ length: 200 }, (_, index) => String(100_000 + index)).map((guess) =>
      guess === code ? '999999' : guess,
    )
    const answers = await atOnce(200, (via, index) => posting(walk.visitor, form, { code: wrong[index] ?? '' })(via))
    expect(statuses(answers)).toEqual({ 303: 200 })
    const own = `audit_entry e join challenge c on c.attempt_id = e.attempt_id where c.target = $1 and e.event = 'sign_in.code_wrong'`
    expect(await count(own, [number])).toBe(5)
    const [challenge] = await query(stage.service.databaseUrl, 'select tries, state from challenge where target = $1', [number])
    expect(challenge).toEqual({ tries: 5, state: 'open' })
    expect(won([await posting(walk.visitor, form, { code: code ?? '' })(stage.second)])).toEqual([])
  })

  test('R-053, F-22, S-2 fifty right codes from a text: one proof, one account, one session, counted once as proven', async () => {
    const number = germanNumber(20_002)
    const { visitor, page } = await waiting(number)
    const { code } = await stage.texts.sns.next(number)
    const tally = `select coalesce(sum(proven), 0) as n from text_tally where id = 'country:DE'`
    const provenTexts = async () => Number((await query<{ n: string }>(stage.service.databaseUrl, tally))[0]?.n)
    const before = await provenTexts()
    const post = posting(visitor, withField(page, 'code'), { code: code ?? '' })
    const answers = await atOnce(50, post)
    expect(statuses(answers)).toEqual({ 303: 50 })
    expect(won(answers)).toHaveLength(1)
    const end = await visitor.open(new URL(won(answers)[0]?.headers.location ?? '', stage.service.issuer).href)
    expect(end.location).toMatch(/[?&]code=/)
    const account = '(select account_id from address where canonical = $1)'
    expect(await count(`audit_entry where event = 'sign_in.proven' and account_id = ${account}`, [number])).toBe(1)
    expect(await count(`audit_entry where event = 'account.created' and account_id = ${account}`, [number])).toBe(1)
    expect(await count(`oidc_record where model = 'Session' and account_id = ${account}`, [number])).toBe(1)
    expect(await provenTexts()).toBe(before + 1)
  })

  test('R-087, F-24 fifty browsers prove one new number: one account, and none without an address', async () => {
    const number = germanNumber(30_003)
    const browsers = await atOnce(50, (instance) => waiting(number, instance))
    await quiet(stage)
    const texted = stage.texts.sns.taken.filter(({ to }) => to === number).map(({ code }) => code)
    const codes = await Promise.all(browsers.map(({ home }) => codeAt(stage.service, home)))
    expect([...codes].sort()).toEqual([...texted].sort())
    const answers = await atOnce(50, (via, index) => {
      const { visitor, page } = browsers[index] as (typeof browsers)[number]
      return posting(visitor, withField(page, 'code'), { code: codes[index] ?? '' })(via)
    })
    expect(statuses(answers)).toEqual({ 303: 50 })
    expect(won(answers)).toHaveLength(50)
    expect(await count('address where canonical = $1', [number])).toBe(1)
    const accounts = 'distinct a.account_id from attempt a join challenge c on c.attempt_id = a.id where c.target = $1'
    expect(await query(stage.service.databaseUrl, `select ${accounts}`, [number])).toHaveLength(1)
    expect(await count('account a where not exists (select from address where account_id = a.id)')).toBe(0)
  })

  test('R-060, F-23 a hundred starts of one sign-in by text: one open attempt, and no more than its limit', async () => {
    const number = germanNumber(40_004)
    const { visitor, page, home } = await arrive(stage)
    const answers = await atOnce(100, posting(visitor, withField(page, 'identifier'), { identifier: number }))
    expect(statuses(answers)).toEqual({ 303: TEXT_LIMIT, 429: 100 - TEXT_LIMIT })
    for (const { headers } of answers.filter(({ status }) => status === 429))
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    await quiet(stage)
    const { texts, costMicros } = await moneyOf(stage, number)
    expect(texts).toBeLessThanOrEqual(NUMBER_CAP_TEXTS)
    expect(costMicros).toBe(texts * PRICE_MICROS)
    const open = 'challenge c join attempt a on a.id = c.attempt_id where c.target = $1 and'
    expect(await count(`${open} a.state = 'open' and c.state = 'open'`, [number])).toBe(1)
    expect(await count(`${open} (a.state = 'open') <> (c.state = 'open')`, [number])).toBe(0)
    // The one that is open can be answered.
    const walk = await here({ visitor, page, home })
    expect(await typeCode(walk, await codeAt(stage.service, home))).toBe(true)
  })

  test('R-153, F-23 sixty browsers ask for one number, and workers meet at its last place: the budget holds to the cent, and the rest are told', async () => {
    const number = germanNumber(50_005)
    const before = await spentMicros(stage)
    const walks = await atOnce(60 - LATE, (instance) => waiting(number, instance))
    const late = await atOnce(LATE, (instance) => arrive(stage, createVisitor(instance)))
    await quiet(stage)
    // The last ones all look before one of them counts.
    const holder = new Client({ connectionString: stage.service.databaseUrl })
    await holder.connect()
    await holder.query('begin; select from spend_counter for update')
    await Promise.all(late.map(({ visitor, page }) => visitor.submit(withField(page, 'identifier'), { identifier: number })))
    const blocked = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%spend_counter%'`
    await until('workers wait for each other', async () => (await count(blocked)) > NUMBER_CAP_TEXTS - (60 - LATE), 2)
    await holder.end()
    await quiet(stage)
    const own = await moneyOf(stage, number)
    expect(own).toEqual({ texts: NUMBER_CAP_TEXTS, costMicros: NUMBER_CAP_TEXTS * PRICE_MICROS })
    expect((await spentMicros(stage)) - before).toBe(NUMBER_CAP_TEXTS * PRICE_MICROS)
    const told = await Promise.all([...walks, ...late].map(async (walk) => (await here(walk)).page.words))
    const refused = told.filter((words) => /We cannot send a text message (right now|to this number right now)/.test(words))
    expect(refused).toHaveLength(60 - NUMBER_CAP_TEXTS)
  })

  test('R-085, F-22 twenty posts of the right last digits: one text, once paid for', async () => {
    const [email, number] = ['double-digits@fabrikam.example', germanNumber(60_046)]
    await stage.signIn(email)
    await giveNumber(stage, email, number)
    const walk = await askForText(await identify(stage, email))
    const post = posting(walk.visitor, withField(walk.page, 'digits'), { digits: '46' })
    expect(statuses(await atOnce(20, post))).toEqual({ 303: 20 })
    await quiet(stage)
    expect(await moneyOf(stage, number)).toEqual({ texts: 1, costMicros: PRICE_MICROS })
    const { code } = await stage.texts.sns.next(number)
    expect(await typeCode(await here(walk), code)).toBe(true)
  })

  test('R-085 a hundred posts of all last digits at once: one of them is taken, so that they tell nothing', async () => {
    const [email, number] = ['all-digits@fabrikam.example', germanNumber(70_047)]
    await stage.signIn(email)
    await giveNumber(stage, email, number)
    const walk = await askForText(await identify(stage, email))
    const form = withField(walk.page, 'digits')
    const answers = await atOnce(100, (via, index) =>
      posting(walk.visitor, form, { digits: String(index).padStart(2, '0') })(via),
    )
    expect(statuses(answers)).toEqual({ 303: 100 })
    await quiet(stage)
    const named = `audit_entry e join challenge c on c.attempt_id = e.attempt_id where c.kind = 'email' and c.target = $1 and e.event = 'sign_in.digits_named'`
    expect(await count(named, [email])).toBe(1)
    expect((await moneyOf(stage, number)).texts).toBeLessThanOrEqual(1)
  })
})
