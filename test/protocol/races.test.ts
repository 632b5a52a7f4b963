import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import type { Answer } from '../support/http.ts'
import { createVisitor, type Visitor } from '../support/person.ts'
import { leadsOn } from '../support/way-on.ts'
import { authorize, authorizeUrl, newVerifier, redeem, refresh, tokensOf } from './protocol.ts'
import { EMAIL_CAP, expectOneWinnerAtMost, formOf, type Races, startRaces, statuses } from './races-stage.ts'

const ROUNDS = 2

let stage: Races['stage']
let app: Races['app']
let atOnce: Races['atOnce']
let count: Races['count']
let waiting: Races['waiting']
let posting: Races['posting']

beforeAll(async () => {
  ;({ stage, app, atOnce, count, waiting, posting } = await startRaces())
})
afterAll(() => stage.stop())

describe('at once, over two instances', () => {
  test('R-008, S-2, F-22 fifty redemptions of one code: one success at most, and no failure of ours', async () => {
    const { visitor } = await authorize(stage, app, { email: 'fifty-codes@fabrikam.example' })
    for (let round = 0; round < ROUNDS; round++) {
      const issued = await authorize(stage, app, { email: 'x', visitor })
      const answers = await atOnce(50, (via) => redeem(stage.service, app, issued, {}, via))
      expectOneWinnerAtMost(answers)
      expect(await redeem(stage.service, app, issued)).toMatchObject({ status: 400 })
    }
  })

  test('R-020, S-2, F-22 fifty uses of one refresh token: one success at most, and no failure of ours', async () => {
    const { visitor } = await authorize(stage, app, { email: 'fifty-refreshes@fabrikam.example' })
    for (let round = 0; round < ROUNDS; round++) {
      const { body } = await tokensOf(stage, app, { email: 'x', visitor })
      expectOneWinnerAtMost(await atOnce(50, (via) => refresh(stage.service, app, body.refresh_token, {}, via)))
      expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject({ status: 400 })
    }
  })

  test('R-053, S-2 fifty right codes in one browser: one proof, one account, one session', async () => {
    const email = 'fifty-answers@fabrikam.example'
    const { visitor, page } = await waiting(email)
    const { code } = await stage.mailbox.next(email)
    const post = posting(visitor, formOf(page, 'code'), { code: code ?? '' })
    await expectOneProof(await atOnce(50, post), email, visitor)
  })

  async function expectOneProof(answers: readonly Answer[], email: string, visitor: Visitor): Promise<void> {
    expect(statuses(answers)).toEqual({ 303: 50 })
    const winners = answers.filter(({ headers }) => leadsOn(headers.location))
    expect(winners).toHaveLength(1)
    const [{ account_id: accountId } = { account_id: '' }] = await query<{ account_id: string }>(
      stage.service.databaseUrl,
      'select account_id from address where canonical = $1',
      [email],
    )
    expect(await count(`audit_entry where event = 'sign_in.proven' and account_id = $1`, [accountId])).toBe(1)
    expect(await count(`audit_entry where event = 'account.created' and account_id = $1`, [accountId])).toBe(1)
    const end = await visitor.open(new URL(winners[0]?.headers.location ?? '', stage.service.issuer).href)
    expect(end.location).toMatch(/[?&]code=/)
    expect(await count(`oidc_record where model = 'Session' and account_id = $1`, [accountId])).toBe(1)
  }

  test('R-060, F-23 a hundred starts of one sign-in: one open attempt, and no more mails than the cap', async () => {
    const email = 'hundred-starts@fabrikam.example'
    const visitor = createVisitor(stage.service)
    const start = await visitor.open(authorizeUrl(stage.service, app, newVerifier()))
    const answers = await atOnce(100, posting(visitor, formOf(start, 'identifier'), { identifier: email }))
    expect(statuses(answers)).toEqual({ 303: EMAIL_CAP, 429: 100 - EMAIL_CAP })
    for (const { headers } of answers.filter(({ status }) => status === 429))
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    const own = 'from challenge c join attempt a on a.id = c.attempt_id where c.target = $1'
    const states = await query<{ state: string; count: number }>(
      stage.service.databaseUrl,
      `select a.state, count(*)::int as count ${own} group by a.state order by a.state`,
      [email],
    )
    expect(states).toEqual([
      { state: 'ended', count: EMAIL_CAP - 1 },
      { state: 'open', count: 1 },
    ])
    expect(stage.mailbox.count(email)).toBeLessThanOrEqual(EMAIL_CAP)
    // The one that is open can be answered.
    const page = await visitor.open(start.url)
    const post = posting(visitor, formOf(page, 'code'), { code: await openCode(email) })
    expect(leadsOn((await post(stage.service)).headers.location)).toBe(true)
  })

  /** The code of the attempt that is still open: its mail is the only one that is right. */
  async function openCode(email: string): Promise<string> {
    for (;;) {
      const mail = await stage.mailbox.next(email)
      if ((await createVisitor(stage.service).get(mail.link ?? '')).status === 200) return mail.code ?? ''
    }
  }

  test('R-061, F-27 two hundred wrong codes: five are judged', async () => {
    const email = 'two-hundred-guesses@fabrikam.example'
    const { visitor, page } = await waiting(email)
    const { code } = await stage.mailbox.next(email)
    const form = formOf(page, 'code')
    const wrong = Array.from({ length: 200 }, (_, index) => String(100_000 + index)).map((guess) =>
      guess === code ? '999999' : guess,
    )
    const answers = await atOnce(200, (via, index) => posting(visitor, form, { code: wrong[index] ?? '' })(via))
    expect(statuses(answers)).toEqual({ 303: 200 })
    const own = 'audit_entry e join challenge c on c.attempt_id = e.attempt_id where c.target = $1'
    expect(await count(`${own} and e.event = 'sign_in.code_wrong'`, [email])).toBe(5)
    const [challenge] = await query(stage.service.databaseUrl, 'select tries, state from challenge where target = $1', [email])
    expect(challenge).toEqual({ tries: 5, state: 'open' })
    // The right code comes too late; the link does not.
    expect(leadsOn((await posting(visitor, form, { code: code ?? '' })(stage.service)).headers.location)).toBe(false)
  })
})
