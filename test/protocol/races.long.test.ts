import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { type Answer, send } from '../support/http.ts'
import type { Visitor } from '../support/person.ts'
import type { Service } from '../support/service.ts'
import { stoppedAtProof } from '../support/stopped.ts'
import { leadsOn } from '../support/way-on.ts'
import { type App, authorize, authorizeUrl, newVerifier, redeem, refresh, tokensOf } from './protocol.ts'
import { expectOneWinnerAtMost, formOf, type Races, startRaces, statuses } from './races-stage.ts'

const ROUNDS = 5

let stage: Races['stage']
let app: Races['app']
let apps: Races['apps']
let atOnce: Races['atOnce']
let count: Races['count']
let waiting: Races['waiting']
let posting: Races['posting']

beforeAll(async () => {
  ;({ stage, app, apps, atOnce, count, waiting, posting } = await startRaces())
})
afterAll(() => stage.stop())

describe('at once, over two instances', () => {
  test('R-008, R-020, F-22 fifty redemptions of one code, and fifty uses of one refresh token, round after round', async () => {
    const { visitor } = await authorize(stage, app, { email: 'fifty-redemptions@fabrikam.example' })
    for (let round = 0; round < ROUNDS; round++) {
      const issued = await authorize(stage, app, { email: 'x', visitor })
      expectOneWinnerAtMost(await atOnce(50, (via) => redeem(stage.service, app, issued, {}, via)))
      expect(await redeem(stage.service, app, issued)).toMatchObject({ status: 400 })
      const { body } = await tokensOf(stage, app, { email: 'x', visitor })
      expectOneWinnerAtMost(await atOnce(50, (via) => refresh(stage.service, app, body.refresh_token, {}, via)))
      expect(await refresh(stage.service, app, body.refresh_token)).toMatchObject({ status: 400 })
    }
  })

  test('R-053, S-2 fifty confirmations of one link: one proof, one account, one session', async () => {
    const email = 'fifty-links@fabrikam.example'
    const { visitor } = await waiting(email)
    const { link } = await stage.mailbox.next(email)
    const opened = await visitor.get(link ?? '')
    const form = opened.forms.find(({ method }) => method === 'POST')
    if (!form) throw new Error(`no button: ${opened.words}`)
    await expectOneProof(await atOnce(50, posting(visitor, form)), email, visitor)
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

  test('R-053, S-2 fifty ways on from one proof: one session, one code', async () => {
    const email = 'fifty-ways@fabrikam.example'
    const { visitor, page } = await waiting(email)
    const { code } = await stage.mailbox.next(email)
    await stoppedAtProof(stage.service.databaseUrl, () => visitor.submit(formOf(page, 'code'), { code: code ?? '' }))
    const getting = (url: string) => {
      const cookie = visitor.jar.header(url) ?? ''
      return (via: Service) => send(url, { headers: { cookie, accept: 'text/html' }, via })
    }
    const on = await atOnce(50, getting(`${page.url}/continue`))
    const next = on.find(({ status }) => status === 303)?.headers.location ?? ''
    const ends = await atOnce(50, getting(new URL(next, stage.service.issuer).href))
    expect(ends.filter(({ status }) => status >= 500)).toEqual([])
    expect(ends.filter(({ headers }) => /[?&]code=/.test(headers.location ?? ''))).toHaveLength(1)
    const own = `oidc_record where model = $2 and account_id = (select account_id from address where canonical = $1)`
    expect(await count(own, [email, 'Session'])).toBe(1)
    expect(await count(own, [email, 'AuthorizationCode'])).toBe(1)
  })

  test.each(['code', 'link'] as const)(
    'R-087, F-24 fifty browsers prove one new address by its %s: one account',
    async (face) => {
      const email = `fifty-people-by-${face}@fabrikam.example`
      const browsers = await Promise.all(Array.from({ length: 50 }, () => waiting(email)))
      const mails = await Promise.all(browsers.map(() => stage.mailbox.next(email)))
      const posts = await Promise.all(
        browsers.map(async ({ visitor, page }) => {
          const mail = mails.find(({ link }) => link?.includes(`${new URL(page.url).pathname}/`))
          if (face === 'code') return posting(visitor, formOf(page, 'code'), { code: mail?.code ?? '' })
          const opened = await visitor.get(mail?.link ?? '')
          return posting(visitor, opened.forms.find(({ method }) => method === 'POST') ?? formOf(opened, 'csrf'))
        }),
      )
      const answers = await atOnce(50, (via, index) => (posts[index] as (typeof posts)[number])(via))
      expect(statuses(answers)).toEqual({ 303: 50 })
      expect(answers.filter(({ headers }) => leadsOn(headers.location))).toHaveLength(50)
      expect(await count('address where canonical = $1', [email])).toBe(1)
      const accounts = await query<{ account_id: string }>(
        stage.service.databaseUrl,
        'select distinct a.account_id from attempt a join challenge c on c.attempt_id = a.id where c.target = $1',
        [email],
      )
      expect(accounts).toHaveLength(1)
      expect(await count('account a where not exists (select from address where account_id = a.id)', [])).toBe(0)
    },
  )

  test('three applications that authorize at once on one session are all known to it, ten times over', async () => {
    for (let round = 0; round < 10; round++) {
      const { visitor } = await authorize(stage, app, { email: `three-apps-${round}@fabrikam.example` })
      const cookie = visitor.jar.header(stage.service.issuer) ?? ''
      const answers = await atOnce(3, (via, index) =>
        send(authorizeUrl(stage.service, apps[index] as App, newVerifier()), { headers: { cookie }, via }),
      )
      for (const { headers } of answers) expect(headers.location).toMatch(/[?&]code=/)
      const [session] = await query<{ known: string[] }>(
        stage.service.databaseUrl,
        `select array(select jsonb_object_keys(payload -> 'authorizations') order by 1) as known from oidc_record
         where model = 'Session' and account_id = (select account_id from address where canonical = $1)`,
        [`three-apps-${round}@fabrikam.example`],
      )
      expect(session?.known).toEqual(['one', app.id, 'three', 'two'].sort())
    }
  })
})
