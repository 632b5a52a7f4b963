import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { appOf, ask as asApp, authorize, redeem, refresh, userinfo } from '../protocol/protocol.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { ask, probe, until } from './fault-tools.ts'

let stage: Awaited<ReturnType<typeof startPairStage>>
let second: Service

beforeAll(async () => {
  stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
  second = stage.second
})
afterEach(() => void process.kill(second.pid, 'SIGCONT'))
afterAll(() => stage.stop())

const countOf = async (sql: string, values: unknown[] = []) =>
  Number((await query<{ n: string }>(stage.service.databaseUrl, `select count(*) n from ${sql}`, values))[0]?.n)

describe('an instance that sleeps while another one serves', () => {
  test('F-21 requests that it answers only after it woke up bring nothing back that has ended', async () => {
    const app = appOf(stage)
    const email = 'sleeper@fabrikam.example'
    const visitor = await stage.signIn(email)
    const { tokens } = stage.relyingParty.last()
    const issued = await authorize(stage, app, { email, visitor })
    const walk = await ask(stage, 'late@fabrikam.example')
    const mail = await stage.mailbox.next('late@fabrikam.example')
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error(walk.page.words)
    const silent = await stage.authorizeUrl(visitor, { prompt: 'none' })
    const cookie = { cookie: visitor.jar.header(silent) ?? '' }
    const walkCookie = { cookie: walk.visitor.jar.header(form.action) ?? '', origin: stage.service.issuer }
    // It has looked at the session and the tokens before: what it remembers must not count.
    expect((await send(silent, { headers: cookie, via: second })).headers.location).toMatch(/[?&]code=/)

    process.kill(second.pid, 'SIGSTOP')
    const late = Promise.all([
      send(silent, { headers: cookie, via: second }),
      refresh(stage.service, app, tokens.refresh_token, {}, second),
      send(`${stage.service.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` }, via: second }),
      redeem(stage.service, app, issued, {}, second),
      send(form.action, { body: { ...form.values, code: mail.code ?? '' }, headers: walkCookie, via: second }),
    ])
    expect(await probe(second.env.OPS_PORT as string, '/livez')).toBe(0)

    // Meanwhile all of it ends at the other one.
    expect((await redeem(stage.service, app, issued)).status).toBe(200)
    expect((await asApp(stage.service, '/revoke', app, { token: tokens.refresh_token ?? '' })).status).toBe(200)
    const leaving = await visitor.open(`${stage.relyingParty.url}/logout`)
    const asked = leaving.location ? await visitor.open(leaving.location) : leaving
    const button = asked.forms.find(({ method }) => method === 'POST')
    if (!button) throw new Error(asked.words)
    await visitor.submit(button, {}, 'yes')
    expect(
      await countOf(
        `oidc_record where model = 'Session' and account_id = (select account_id from address where canonical = $1)`,
        [email],
      ),
    ).toBe(0)
    const end = await walk.visitor.follow(await walk.visitor.submit(form, { code: mail.code ?? '' }))
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)

    process.kill(second.pid, 'SIGCONT')
    const [authorized, refreshed, claims, redeemed, answered] = await late
    expect(new URL(authorized.headers.location ?? '').searchParams.get('error')).toBe('login_required')
    expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(claims.status).toBe(401)
    expect(redeemed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(answered.status).toBeLessThan(500)
    expect(leadsOn(answered.headers.location)).toBe(false)
    expect(
      await countOf(
        `oidc_record where model = 'Session' and account_id = (select account_id from address where canonical = $1)`,
        [email],
      ),
    ).toBe(0)
    expect(
      await countOf(
        `audit_entry where event = 'sign_in.proven' and attempt_id = (select attempt_id from challenge where target = $1)`,
        ['late@fabrikam.example'],
      ),
    ).toBe(1)
    await until('it serves again', async () => (await probe(second.env.OPS_PORT as string, '/readyz')) === 200)
    expect((await userinfo(stage.service, tokens.access_token)).status).toBe(401)
  })

  test('F-21 a sign-in under way goes on at the other instance', async () => {
    const walk = await ask(stage, 'goes-on@fabrikam.example', createVisitor(second))
    const code = (await stage.mailbox.next('goes-on@fabrikam.example')).code ?? ''
    process.kill(second.pid, 'SIGSTOP')
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error(walk.page.words)
    const headers = { cookie: walk.visitor.jar.header(form.action) ?? '', origin: stage.service.issuer }
    const answer = await send(form.action, { body: { ...form.values, code }, headers, via: stage.service })
    process.kill(second.pid, 'SIGCONT')
    expect(leadsOn(answer.headers.location)).toBe(true)
    expect((await walk.visitor.open(`${walk.home}/continue`)).location).toMatch(/[?&]code=/)
  })
})
