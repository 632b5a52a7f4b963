import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { csrfOf, isAccountPage, openAccount } from '../support/account.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { aroundAccount, FRESH, isAsked, lacking, person } from './account-walk.ts'
import { appOf, silently } from './protocol.ts'
import { addAuthenticator } from './second-walk.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE

let stage: Stage
let around: ReturnType<typeof aroundAccount>
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  around = aroundAccount(stage)
})
afterAll(() => stage.stop())

describe('the session of the account page', () => {
  test('R-130 is a new one at each sign-in and step-up, and the one before it is dead', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('renewed'))
    const before = around.cookieOf(visitor)
    await visitor.open(around.at('/account/step-up'))
    const after = around.cookieOf(visitor)
    expect(after).not.toBe(before)
    expect(await around.isIn(around.withCookies({ account: before }))).toBe(false)
    expect(await around.isIn(around.withCookies({ account: after }))).toBe(true)
    const rows = await query(
      stage.service.databaseUrl,
      'select 1 from account_session s join address a using (account_id) where a.canonical = $1',
      [person('renewed')],
    )
    expect(rows).toHaveLength(1)
  })

  test('R-131 has an id of 256 random bits, of which only the hash is kept; one that was made up is not adopted', async () => {
    const planted = 'A'.repeat(43)
    const visitor = around.withCookies({ account: planted })
    await openAccount(stage, visitor, person('planted'))
    const token = around.cookieOf(visitor)
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(token).not.toBe(planted)
    expect(await around.isIn(around.withCookies({ account: planted }))).toBe(false)
    const rows = JSON.stringify(await query(stage.service.databaseUrl, 'select * from account_session'))
    expect(rows).not.toContain(token)
    // The id that is kept opens nothing either.
    const [row] = await query<{ id: string }>(stage.service.databaseUrl, 'select id from account_session limit 1')
    expect(await around.isIn(around.withCookies({ account: row?.id }))).toBe(false)
  })

  test('R-100 between the two factors nothing of it is open', async () => {
    await openAccount(stage, createVisitor(stage.service), person('between'))
    const authenticator = await addAuthenticator(stage.service, person('between'))
    const visitor = createVisitor(stage.service)
    const first = await visitor.open(around.at('/account'))
    const sent = await visitor.follow(
      await visitor.submit(formWith(first, 'identifier') ?? lacking(first), { identifier: person('between') }),
    )
    const mail = await stage.mailbox.next(person('between'))
    const between = await visitor.follow(await visitor.submit(formWith(sent, 'code') ?? lacking(sent), { code: mail.code ?? '' }))
    expect(new URL(between.url).pathname).toMatch(/^\/sign-in\//)
    expect(around.cookieOf(visitor)).toBeUndefined()
    expect(await around.isIn(visitor)).toBe(false)
    for (const path of ['/account/methods', '/account/step-up', FRESH])
      expect(isAsked(await visitor.get(around.at(path)))).toBe(true)
    expect(await visitor.post(around.at(FRESH), {})).toMatchObject({ status: 303, location: around.at(FRESH) })
    const state = new URL((await visitor.get(around.at('/account'))).location ?? '').searchParams.get('state') ?? ''
    await visitor.get(around.at(`/account/callback?${new URLSearchParams({ state, code: 'x', iss: stage.service.issuer })}`))
    expect(await around.isIn(visitor)).toBe(false)
    expect(isAccountPage(await openAccount(stage, visitor, person('between'), { authenticator }))).toBe(true)
  })

  test('R-133 ends after 30 minutes without a request, and 12 hours after the sign-in', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('idle'))
    // The last request is written once a minute.
    await stage.moveClock(29 * MINUTE - 5)
    expect(await around.isIn(visitor)).toBe(true)
    await stage.moveClock(29 * MINUTE - 5)
    expect(await around.isIn(visitor)).toBe(true)
    const token = around.cookieOf(visitor)
    await stage.moveClock(30 * MINUTE + 1)
    expect(await around.isIn(visitor)).toBe(false)
    expect(await around.isIn(around.withCookies({ account: token }))).toBe(false)

    await openAccount(stage, visitor, person('idle'))
    const began = stage.service.clockSeconds
    while (stage.service.clockSeconds - began < 12 * HOUR - 29 * MINUTE) {
      await stage.moveClock(28 * MINUTE)
      expect(await around.isIn(visitor)).toBe(true)
    }
    await stage.moveClock(12 * HOUR - (stage.service.clockSeconds - began) - 5)
    expect(await around.isIn(visitor)).toBe(true)
    await stage.moveClock(10)
    expect(await around.isIn(visitor)).toBe(false)
  })

  test('R-134 signing out ends it on the server, and is asked for all applications then; no cache keeps its pages', async () => {
    const visitor = createVisitor(stage.service)
    const page = await openAccount(stage, visitor, person('leaves'))
    expect(page.headers['cache-control']).toBe('no-store')
    const token = around.cookieOf(visitor)
    const out = await visitor.post(around.at('/account/sign-out'), { csrf: csrfOf(page) })
    expect(around.cookieOf(visitor)).toBeUndefined()
    expect(await around.isIn(around.withCookies({ account: token }))).toBe(false)
    expect(out.headers['cache-control']).toBe('no-store')
    const logout = new URL(out.location ?? '')
    expect(logout.pathname).toBe('/logout')
    expect(logout.searchParams.get('post_logout_redirect_uri')).toBe(around.at('/account/signed-out'))

    const question = await visitor.get(logout.href)
    const end = await visitor.follow(await visitor.submit(formWith(question, 'xsrf') ?? lacking(question), {}, 'yes'))
    expect({ url: end.url, status: end.status }).toEqual({ url: around.at('/account/signed-out'), status: 200 })
    expect(end.headers['clear-site-data']).toBe('"cache"')
    expect((await silently(stage, appOf(stage), visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe('login_required')
  })

  test('R-135 is gone with the session of the engine, at the very next request', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('ended'))
    const other = createVisitor(stage.service)
    await openAccount(stage, other, person('ended'))
    const uids = await query<{ id: string }>(
      stage.service.databaseUrl,
      "select r.id from oidc_record r join address a using (account_id) where r.model = 'Session' and a.canonical = $1 order by r.expires_at desc",
      [person('ended')],
    )
    expect(uids).toHaveLength(2)
    await query(stage.service.databaseUrl, 'delete from oidc_record where id = $1', [uids[0]?.id])
    expect([await around.isIn(visitor), await around.isIn(other)].toSorted()).toEqual([false, true])
  })

  test('R-135 is gone when the person signs out at an application, and when the account is closed', async () => {
    const visitor = createVisitor(stage.service)
    await openAccount(stage, visitor, person('elsewhere'))
    const token = around.cookieOf(visitor)
    const question = await visitor.get(around.at('/logout'))
    await visitor.submit(formWith(question, 'xsrf') ?? lacking(question), {}, 'yes')
    expect(await around.isIn(around.withCookies({ account: token }))).toBe(false)

    const closed = createVisitor(stage.service)
    await openAccount(stage, closed, person('closed'))
    const close = (set: string) =>
      query(
        stage.service.databaseUrl,
        `update account set ${set} where id = (select account_id from address where canonical = $1)`,
        [person('closed')],
      )
    await close("state = 'suspended'")
    expect(await around.isIn(closed)).toBe(false)
    await close("state = 'active'")
    expect(await around.isIn(closed)).toBe(true)
    const now = Date.now() + stage.service.clockSeconds * 1000
    await close(`closing_at = '${new Date(now + HOUR * 1000).toISOString()}'`)
    expect(await around.isIn(closed)).toBe(true)
    await close(`closing_at = '${new Date(now - 1000).toISOString()}'`)
    expect(await around.isIn(closed)).toBe(false)
  })

  test('R-136 every form of it needs its token, of this session, from a page of ours', async () => {
    const visitor = createVisitor(stage.service)
    const page = await openAccount(stage, visitor, person('forged'))
    const other = createVisitor(stage.service)
    const others = csrfOf(await openAccount(stage, other, person('forger')))
    const forms = ['/account/sign-out', FRESH]
    for (const path of forms) {
      for (const csrf of ['', 'x', others, csrfOf(page).replace(/.$/, '_')]) {
        expect({ path, csrf, status: (await visitor.post(around.at(path), { csrf })).status }).toEqual({
          path,
          csrf,
          status: 403,
        })
      }
      const foreign = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': '', origin: 'https://evil.example' },
      ]
      for (const headers of foreign) {
        expect(
          (await visitor.post(around.at(path), { csrf: csrfOf(page) }, headers as unknown as Record<string, string>)).status,
        ).toBe(403)
      }
    }
    // The token goes with the session.
    const old = csrfOf(page)
    await visitor.open(around.at('/account/step-up'))
    expect((await visitor.post(around.at('/account/sign-out'), { csrf: old })).status).toBe(403)
    expect(await around.isIn(visitor)).toBe(true)
  })

  test('R-116 recovery codes are seen in the session that made them alone, over a step-up too, until they are kept', async () => {
    const address = person('codes')
    await openAccount(stage, createVisitor(stage.service), address)
    const authenticator = await addAuthenticator(stage.service, address)
    const visitor = createVisitor(stage.service)
    const question = await openAccount(stage, visitor, address, { path: '/account/codes/new', authenticator })
    const form = question.forms.find(({ action }) => action.endsWith('/account/codes/new')) ?? lacking(question)
    const shown = await visitor.follow(await visitor.submit(form))
    const codes = shown.text.match(/\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}\b/g) ?? []
    expect(new Set(codes).size).toBe(10)

    const before = around.cookieOf(visitor)
    await visitor.open(around.at('/account/step-up'))
    expect(around.cookieOf(visitor)).not.toBe(before)
    expect((await visitor.get(around.at('/account/codes'))).text).toContain(codes[0])
    const other = around.withCookies({
      session: visitor.jar.value(around.at('/'), 'session'),
      'session.sig': visitor.jar.value(around.at('/'), 'session.sig'),
    })
    expect((await other.open(around.at('/account/codes'))).text).not.toContain(codes[0])
    // What is kept opens in its own row only.
    const rows = JSON.stringify(await query(stage.service.databaseUrl, 'select * from account_session'))
    for (const code of codes) expect(rows).not.toContain(code)
    const own = 'select id from account_session where sealed is not null'
    await query(
      stage.service.databaseUrl,
      `update account_session set sealed = (select sealed from account_session where id in (${own})) where id not in (${own})`,
    )
    expect((await other.open(around.at('/account/codes'))).text).not.toContain(codes[0])

    const page = await visitor.get(around.at('/account/codes'))
    const kept = page.forms.find(({ action }) => action.endsWith('/account/codes/kept')) ?? lacking(page)
    await visitor.submit(kept)
    expect((await visitor.open(around.at('/account/codes'))).text).not.toContain(codes[0])
  })
})
