import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import {
  anyStep,
  askForText,
  codeAt,
  germanNumber,
  giveNumber,
  here,
  identify,
  moneyOf,
  nameDigits,
  posting,
  quiet,
  type Standing,
  statuses,
  typeCode,
  withField,
  wrongCode,
} from './text-walk.ts'

const FAILURES_MAX = 10
const TRIES = 5
const DIGITS_MAX = 5
const KNOWN_DIGITS_MAX = 7
const LONG = /^[0-9A-HJKMNP-TV-Z]{12}$/
const number = germanNumber(100_010)

let stage: Awaited<ReturnType<typeof startPairStage>>
let own: Visitor

beforeAll(async () => {
  const LIMITS = GENEROUS_LIMITS.replace('digits:10000', `digits:${DIGITS_MAX}`).replace(
    'digits-known:10000',
    `digits-known:${KNOWN_DIGITS_MAX}`,
  )
  stage = await startPairStage({ texts: true, env: { LIMITS, CODE_FAILURES_MAX: String(FAILURES_MAX) } })
  own = await stage.signIn(number)
})
afterAll(() => stage?.stop())

interface Texted extends Standing {
  code: string | null
}

/** A browser that has asked for a text to this number, typed in any way. */
async function ask(typed: string, visitor?: Visitor): Promise<Texted> {
  const walk = await identify(stage, typed, visitor)
  return { ...walk, code: (await stage.texts.sns.next(number)).code }
}

async function guessWrong(walk: Texted): Promise<void> {
  for (let index = 0; index < TRIES; index++) expect(await typeCode(walk, wrongCode(walk.code, index))).toBe(false)
}

const field = ({ page }: Standing) => /<input[^>]*name="code"[^>]*>/.exec(page.text)?.[0] ?? ''

describe('a number that strangers guess at', () => {
  test('R-062 takes no more short codes from them after so many wrong ones in a row, however it is spelled', async () => {
    const before = [
      await ask(number),
      await ask(number.replace('+49', '0049 (0)')),
      await ask(number.replace('+49151', '+49 151-')),
    ]
    for (const walk of before) await guessWrong(walk)
    const judged = `select count(*)::int as n from audit_entry e join challenge c on c.attempt_id = e.attempt_id
       where e.event = 'sign_in.code_wrong' and c.target = $1`
    expect(await query(stage.service.databaseUrl, judged, [number])).toEqual([{ n: FAILURES_MAX }])
    const closed = `select 1 from audit_entry where event = 'sign_in.code_closed'`
    expect(await query(stage.service.databaseUrl, closed)).toHaveLength(1)
  })

  test('R-062, R-063 then gets texts with the long code, which works, and the right short one does not', async () => {
    const walk = await ask(number)
    expect(walk.code).toMatch(LONG)
    expect(stage.texts.sns.taken.at(-1)?.text.length).toBeLessThanOrEqual(160)
    expect(field(walk)).not.toMatch(/inputmode="numeric"/)
    expect(await typeCode(walk, await codeAt(stage.service, walk.home))).toBe(false)
    // Not answered yet: a success would open the short code for everybody again.
    const inOwnBrowser = await ask(number, own)
    expect(inOwnBrowser.code).toMatch(/^\d{6}$/)
    expect(field(inOwnBrowser)).toMatch(/inputmode="numeric"/)

    expect(await typeCode(walk, walk.code?.toLowerCase().replace(/(.{4})/g, '$1 ') ?? '')).toBe(true)
    const next = await ask(number)
    expect(next.code).toMatch(/^\d{6}$/)
    expect(await typeCode(next, next.code)).toBe(true)
  })

  test('R-063 lets its owner in by a browser that signed in before, whatever strangers type', async () => {
    for (let attempt = 0; attempt < FAILURES_MAX / TRIES; attempt++) await guessWrong(await ask(number))
    expect((await ask(number)).code).toMatch(LONG)
    const walk = await ask(number, own)
    expect(walk.code).toMatch(/^\d{6}$/)
    expect(await typeCode(walk, walk.code)).toBe(true)
  })

  test('R-062 by way of an email address closes as well, at as many guesses, whether a text leads anywhere or not', async () => {
    const [email, digits] = ['closing@fabrikam.example', '21']
    const mine = germanNumber(200_021)
    await stage.signIn(email)
    await giveNumber(stage, email, mine)
    for (const [who, typed] of [
      [email, digits],
      ['nobody@fabrikam.example', '00'],
    ] as const) {
      for (let attempt = 0; attempt < FAILURES_MAX / TRIES; attempt++) {
        const walk = await askForText(await identify(stage, who))
        await nameDigits(walk, typed)
        const page = await here(walk)
        const right = who === email ? (await stage.texts.sns.next(mine)).code : null
        for (let index = 0; index < TRIES; index++) expect(await typeCode(page, wrongCode(right, index))).toBe(false)
      }
      const walk = await askForText(await identify(stage, who))
      await nameDigits(walk, typed)
      const page = await here(walk)
      expect([who, field(page)]).toEqual([who, expect.not.stringMatching(/inputmode="numeric"/)])
      if (who !== email) continue
      const { code } = await stage.texts.sns.next(mine)
      expect(code).toMatch(LONG)
      expect(await typeCode(page, code)).toBe(true)
    }
  })
})

describe('the last digits of a number on file', () => {
  /** Stands where the last digits are asked for, in a new sign-in. */
  const asked = async (email: string, visitor?: Visitor) => askForText(await identify(stage, email, visitor))

  async function account(email: string, phone: string): Promise<Visitor> {
    const visitor = await stage.signIn(email)
    await giveNumber(stage, email, phone)
    return visitor
  }

  test('R-085, R-155 are tried five times a day and no more, over all sign-ins: then right and wrong are 429 alike', async () => {
    const right = germanNumber(300_031)
    await account('five@fabrikam.example', right)
    const cases = [
      { email: 'five@fabrikam.example', last: '31' },
      { email: 'five-nobody@fabrikam.example', last: '31' },
    ]
    const refused = []
    for (const { email, last } of cases) {
      for (let tries = 0; tries < DIGITS_MAX; tries++) {
        const answer = await nameDigits(await asked(email.toUpperCase()), String(40 + tries))
        expect([email, tries, answer.status]).toEqual([email, tries, 303])
      }
      for (const digits of [last, '99']) {
        const { status, headers, words } = await nameDigits(await asked(email), digits)
        refused.push({ status, words: words.replace(/\d\d:\d\d|DW-[\w-]+/g, ''), waits: Number(headers['retry-after']) > 80_000 })
      }
    }
    expect(refused).toEqual(Array(4).fill({ ...refused[0], status: 429, waits: true }))
    await quiet(stage)
    expect(await moneyOf(stage, right)).toEqual({ texts: 0, costMicros: 0 })
  })

  test('R-085 are counted before they are compared, also at once over two instances', async () => {
    const right = germanNumber(400_041)
    await account('at-once@fabrikam.example', right)
    const walks = []
    for (let count = 0; count < 20; count++) walks.push(await asked('at-once@fabrikam.example'))
    const answers = await Promise.all(
      walks.map(({ visitor, page }, index) => {
        const instance: Service = index % 2 === 0 ? stage.service : stage.second
        return posting(visitor, withField(page, 'digits'), { digits: String(30 + index) })(instance)
      }),
    )
    expect(statuses(answers)).toEqual({ 303: DIGITS_MAX, 429: walks.length - DIGITS_MAX })
    const judged = `select count(*)::int as n from audit_entry e join challenge c on c.attempt_id = e.attempt_id
       where e.event = 'sign_in.digits_named' and c.kind = 'email' and c.target = 'at-once@fabrikam.example'`
    expect(await query(stage.service.databaseUrl, judged)).toEqual([{ n: DIGITS_MAX }])
    await quiet(stage)
    expect((await moneyOf(stage, right)).texts).toBeLessThanOrEqual(1)
  })

  test('R-063 may still be named in a browser that signed in before, where strangers have used them up', async () => {
    const right = germanNumber(500_051)
    const known = await account('known-digits@fabrikam.example', right)
    for (let tries = 0; tries < DIGITS_MAX; tries++) await nameDigits(await asked('known-digits@fabrikam.example'), '99')
    expect((await nameDigits(await asked('known-digits@fabrikam.example'), '51')).status).toBe(429)
    const walk = await asked('known-digits@fabrikam.example', known)
    expect((await nameDigits(walk, '51')).status).toBe(303)
    const { code } = await stage.texts.sns.next(right)
    expect(await typeCode(await here(walk), code)).toBe(true)
    for (let tries = 1; tries < KNOWN_DIGITS_MAX; tries++)
      expect((await nameDigits(await asked('known-digits@fabrikam.example', known), '99')).status).toBe(303)
    expect((await nameDigits(await asked('known-digits@fabrikam.example', known), '51')).status).toBe(429)
  })

  test('R-085 that are no two digits are not counted, and are asked for again', async () => {
    const right = germanNumber(600_061)
    await account('no-digits@fabrikam.example', right)
    const walk = await asked('no-digits@fabrikam.example')
    for (const typed of ['', '6', '611', 'ab', '6 1', '-1', '1e', '6\u0000']) {
      expect([typed, (await nameDigits(walk, typed)).status]).toEqual([typed, 303])
      expect((await here(walk)).page.forms.some(({ fields }) => fields.includes('digits'))).toBe(true)
    }
    await nameDigits(walk, ' ６１ ') // full-width
    expect((await stage.texts.sns.next(right)).code).toMatch(/^\d{6}$/)
  })

  test('R-072 are read in the digits of any script, as codes are', async () => {
    const right = germanNumber(800_081)
    await account('scripts@fabrikam.example', right)
    for (const typed of ['٨١', '८१', '81']) {
      await nameDigits(await asked('scripts@fabrikam.example'), typed)
      expect((await stage.texts.sns.next(right)).code).toMatch(/^\d{6}$/)
    }
  })

  test('R-085 are for whoever typed the email: neither without it nor after a number was typed is anything compared', async () => {
    const typed = germanNumber(700_071)
    const walk = await identify(stage, typed, createVisitor(stage.second))
    await stage.texts.sns.next(typed)
    for (const [step, fields] of [
      ['text', {}],
      ['digits', { digits: '71' }],
    ] as const)
      expect((await anyStep(walk, step, fields)).status).toBe(303)
    expect((await here(walk)).page.forms.some(({ fields }) => fields.includes('digits'))).toBe(false)
    await quiet(stage)
    expect((await moneyOf(stage, typed)).texts).toBe(1)
  })
})
