import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { appOf, authorize, redeem, refresh } from '../protocol/protocol.ts'
import { freshDatabase, query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, finish, probe, until } from './fault-tools.ts'
import { type Line, lineTo } from './line.ts'

// The database is there and takes everything; what it says does not arrive.

let stage: Stage
let line: Line
let databaseUrl: string

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  line = await lineTo(databaseUrl)
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, DATABASE_URL: line.url } })
})
afterAll(async () => {
  line.mend()
  await stage.stop()
  await line.stop()
})

const opsPort = () => stage.service.env.OPS_PORT as string
const count = async (sql: string, values: unknown[]) =>
  Number((await query<{ n: string }>(databaseUrl, `select count(*) n from ${sql}`, values))[0]?.n)

/** A person whose mail has come and whose code is typed but not sent. */
async function aboutToAnswer(email: string) {
  const walk = await ask(stage, email)
  const { code } = await stage.mailbox.next(email, { withinSeconds: 30 })
  const handed = `delivery where target = $1 and state = 'handed_over'`
  await until('the hand-over is noted', async () => (await count(handed, [email])) === 1)
  const form = formWith(walk.page, 'code')
  if (!form) throw new Error(walk.page.words)
  return { ...walk, send: () => walk.visitor.submit(form, { code: code ?? '' }) }
}

describe('a database that says nothing', () => {
  test('F-57 the answer to a proof is lost: 503 by the deadline, and repeating it lands the person signed in, once', async () => {
    const email = 'unheard@fabrikam.example'
    const walk = await aboutToAnswer(email)
    const lost = line.loseAnswersFrom('challenge_consume')
    const began = performance.now()
    const answer = await walk.send()
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    expect(performance.now() - began).toBeLessThan(13_000)
    expect(lost()).toBeGreaterThan(0)
    line.mend()
    const page = await until('it is served again', async () => {
      const opened = await walk.visitor.open(walk.home)
      return opened.status === 503 ? null : opened
    })
    // Either the proof was kept, or nothing of it.
    const kept = await count(`challenge where target = $1 and state = 'used'`, [email])
    const onward = page.forms.find(({ action }) => action.endsWith('/continue'))
    expect(Boolean(onward)).toBe(kept === 1)
    const on = onward ? await walk.visitor.submit(onward) : await walk.send()
    const end = await walk.visitor.follow(on)
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    const proofs = `audit_entry where event = 'sign_in.proven' and account_id = $1`
    expect(await count(proofs, [stage.relyingParty.last().idToken.sub])).toBe(1)
    // The queue has lost answers too, and sends again.
    await ask(stage, 'queue@fabrikam.example')
    await stage.mailbox.next('queue@fabrikam.example', { withinSeconds: 30 })
  }, 90_000)

  test('F-57, F-18 committed, never answered, then killed: the code of the application stays used', async () => {
    const app = appOf(stage)
    const issued = await authorize(stage, app, { email: 'committed@fabrikam.example' })
    const lost = line.loseAnswersFrom('oidc_flush')
    const first = redeem(stage.service, app, issued).catch(() => null)
    const used = `oidc_record where model = 'AuthorizationCode' and consumed_at is not null
      and account_id = (select account_id from address where canonical = $1)`
    await until('the tokens are written', async () => (await count(used, ['committed@fabrikam.example'])) === 1)
    expect(lost()).toBeGreaterThan(0)
    await stage.service.kill9()
    expect(await first).toBeNull()
    line.mend()
    await stage.service.restart()

    const tokens = `oidc_record where model in ('AccessToken', 'RefreshToken')
      and account_id = (select account_id from address where canonical = $1)`
    expect(await count(tokens, ['committed@fabrikam.example'])).toBe(2)
    expect(await redeem(stage.service, app, issued)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    // Nobody has heard the tokens that were written; the second use has ended them.
    expect(await count(tokens, ['committed@fabrikam.example'])).toBe(0)
  })

  test('F-08 hanging: 503 by the deadline for each request, alive all the time, and it goes on by itself', async () => {
    const walk = await aboutToAnswer('hanging@fabrikam.example')
    const url = await stage.authorizeUrl(createVisitor(stage.service))
    line.silence()
    const began = performance.now()
    const [answer, authorizing, token, alive] = await Promise.all([
      walk.send(),
      createVisitor(stage.service).get(url),
      refresh(stage.service, appOf(stage), 'x'.repeat(43)),
      probe(opsPort(), '/livez'),
    ])
    expect([answer.status, authorizing.status, token.status, alive]).toEqual([503, 503, 503, 200])
    expect(performance.now() - began).toBeLessThan(13_000)
    expect(answer.words).not.toMatch(/timeout|postgres/i)
    expect(await probe(opsPort(), '/livez')).toBe(200)
    line.mend()
    const again = await until('it is served again', async () => {
      const opened = await walk.visitor.open(walk.home)
      return opened.status === 503 ? null : { ...walk, page: opened }
    })
    expect(formWith(again.page, 'code')).toBeDefined()
    const end = await walk.visitor.follow(await walk.send())
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
  }, 90_000)

  test('F-08 hanging: a stop ends within its grace all the same', async () => {
    const { page, visitor } = await arrive(stage)
    const form = formWith(page, 'identifier')
    if (!form) throw new Error(page.words)
    const unheard = line.silence()
    const inFlight = visitor.submit(form, { identifier: 'stopping@fabrikam.example' })
    await until('the request waits for the database', () => unheard().includes('interaction_look'))
    const began = performance.now()
    expect(await stage.service.stop('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(27_000) // SHUTDOWN_GRACE is 25 s
    expect((await inFlight).status).toBe(503)
    line.mend()
    await stage.service.restart()
    const walk = await ask(stage, 'after@fabrikam.example')
    expect((await finish(stage, walk, 'after@fabrikam.example')).status).toBe(200)
  }, 90_000)
})
