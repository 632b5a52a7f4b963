import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { failpointAt, LAST_LOOK } from './failpoint.ts'
import { ask, finish, until } from './fault-tools.ts'

// The process dies at the worst moments; what was acknowledged stays, and what was not has not happened (S-1).

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

function tokenRequest(fields: Record<string, string>) {
  const { clientId, clientSecret } = stage.relyingParty
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  return send(`${stage.service.issuer}/token`, { body: fields, headers: { authorization: `Basic ${basic}` } })
}

const countOf = async (sql: string, values: unknown[]) =>
  Number((await query<{ n: string }>(stage.service.databaseUrl, sql, values))[0]?.n)

describe('a process that is killed', () => {
  test('F-15, F-16 between the accepted code and the session: one button lands the person signed in, the code is used', async () => {
    const email = 'crash@fabrikam.example'
    const walk = await ask(stage, email)
    const mail = await stage.mailbox.next(email)
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error('no code field')
    // The proof is kept, and the last look waits at a lock of ours.
    const failpoint = await failpointAt(stage.service.databaseUrl, ...LAST_LOOK)
    const lost = walk.visitor.submit(form, { code: mail.code ?? '' }).catch(() => null)
    await failpoint.reached()
    await stage.service.kill9()
    await failpoint.remove()
    expect(await lost).toBeNull()
    await stage.service.restart()

    // The code is not good a second time, and says nothing but the way on.
    const again = await walk.visitor.submit(form, { code: mail.code ?? '' })
    expect(again.location).toBe(walk.home)

    const page = await walk.visitor.open(walk.home)
    const onward = page.forms.find(({ action }) => action.endsWith('/continue'))
    if (!onward) throw new Error(`no way on: ${page.words}`)
    const end = await walk.visitor.follow(await walk.visitor.submit(onward))
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.relyingParty.last().userinfo.email).toBe(email)
    const uses = `select count(*) n from audit_entry where event = 'sign_in.proven' and detail::text like '%email%' and account_id = $1`
    expect(await countOf(uses, [stage.relyingParty.last().idToken.sub])).toBe(1)
  })

  test('F-17 between used and renewed refresh token: nothing was written, and the old one still works', async () => {
    await stage.signIn('refresh@fabrikam.example')
    const first = stage.relyingParty.last().tokens.refresh_token ?? ''
    // The new token waits at a lock of ours; had the use of the old one been committed before, it would stay used.
    const holder = new Client({ connectionString: stage.service.databaseUrl })
    await holder.connect()
    await holder.query(`
      create function hold() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(17); return new; end';
      create trigger hold before insert on oidc_record for each row when (new.model = 'RefreshToken') execute function hold();
      select pg_advisory_lock(17)`)
    const lost = tokenRequest({ grant_type: 'refresh_token', refresh_token: first }).catch(() => null)
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event = 'advisory' and application_name = 'doorward'`
    await until('the new token waits', async () => (await query(stage.service.databaseUrl, waiting)).length > 0)
    await stage.service.kill9()
    // The server ends the statement of a client that is gone only when it looks: the lock's end must not let it in.
    await holder.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'doorward'`,
    )
    await holder.query('drop trigger hold on oidc_record; drop function hold; select pg_advisory_unlock(17)')
    await holder.end()
    expect(await lost).toBeNull()
    await stage.service.restart()

    const renewed = await tokenRequest({ grant_type: 'refresh_token', refresh_token: first })
    expect(renewed.status).toBe(200)
    const second = JSON.parse(renewed.text).refresh_token as string
    expect((await tokenRequest({ grant_type: 'refresh_token', refresh_token: second })).status).toBe(200)
  })
})

describe('a restart', () => {
  test('S-1 keeps sessions, tokens and sign-ins under way', async () => {
    const email = 'stays@fabrikam.example'
    const visitor = await stage.signIn(email)
    const { tokens, idToken } = stage.relyingParty.last()
    const other = await ask(stage, 'underway@fabrikam.example')
    await stage.service.restart()

    const userinfo = await send(`${stage.service.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(userinfo.status).toBe(200)
    const silent = await visitor.open(await stage.authorizeUrl(visitor, { prompt: 'none' }))
    expect(new URL(silent.location ?? '').searchParams.get('code')).toBeTruthy()
    await visitor.get(silent.location ?? '')
    expect(stage.relyingParty.last().idToken.sub).toBe(idToken.sub)
    const refreshed = await tokenRequest({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' })
    expect(refreshed.status).toBe(200)
    expect((await finish(stage, other, 'underway@fabrikam.example')).status).toBe(200)
  })
})
