import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type App,
  appOf,
  authorize,
  authorizeUrl,
  newVerifier,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../protocol/protocol.ts'
import { addRecoveryCodes, afterFirst, toCode, toRecovery, type Walker } from '../protocol/second-standing.ts'
import { addAuthenticator } from '../protocol/second-walk.ts'
import { posting, withField } from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { type Answer, send } from '../support/http.ts'
import { GENEROUS_LIMITS, type Service, startAnother } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { failpointAt } from './failpoint.ts'
import { until } from './fault-tools.ts'
import { type Line, lineTo } from './line.ts'

// One of two instances is killed in the middle of a write; whoever asked there goes on at the other one, at once.

let stage: Stage
let line: Line
let victim: Service
const crm: App = { id: 'crm', secret: null, redirectUri: 'https://crm.contoso.example/callback' }

beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [{ client_id: crm.id, token_endpoint_auth_method: 'none', redirect_uris: [crm.redirectUri] }],
  })
  line = await lineTo(stage.service.databaseUrl)
  victim = await startAnother(stage.service, { DATABASE_URL: line.url })
}, 60_000)
afterEach(async () => {
  line.mend()
  if (!victim.running) await victim.restart()
}, 60_000)
afterAll(async () => {
  await victim?.stop()
  await stage?.stop()
  await line?.stop()
})

type Post = (via: Service) => Promise<Answer>

const countOf = async (from: string, values: unknown[]) =>
  Number((await query<{ n: string }>(stage.service.databaseUrl, `select count(*) n from ${from}`, values))[0]?.n)

const OWN = 'account_id = (select account_id from address where canonical = $1)'

/** Sends it to the one that dies while this write is not committed. */
async function killedAt(place: string, condition: string, post: Post): Promise<void> {
  const failpoint = await failpointAt(stage.service.databaseUrl, place, condition)
  try {
    const lost = post(victim).catch(() => null)
    await failpoint.reached()
    await victim.kill9()
    expect(await lost).toBeNull()
  } finally {
    await failpoint.remove()
  }
}

/** Sends it to the one whose database takes the write and is not heard; it dies once `written` says so. */
async function killedAfter(post: (via: Service) => Promise<unknown>, written: () => Promise<boolean>): Promise<void> {
  const lostBytes = line.loseAnswersFrom('oidc_flush')
  const lost = post(victim).catch(() => null)
  await until('it is written', written)
  await until('its answer was lost', () => lostBytes() > 0)
  await victim.kill9()
  expect(await lost).toBeNull()
}

const member = async (email: string) => {
  await stage.signIn(email)
  return addAuthenticator(stage.service, email)
}

/** What is proven, as a person on the page where they do it, and what they send. */
const PROOFS: Record<string, (email: string) => Promise<{ walk: Walker; post: Post }>> = {
  link: async (email) => {
    const walk = await toCode(stage, email)
    const opened = await walk.visitor.get((await stage.mailbox.next(email)).link ?? '')
    const form = opened.forms.find(({ method }) => method === 'POST')
    if (!form) throw new Error(opened.words)
    return { walk, post: posting(walk.visitor, form) }
  },
  code: async (email) => {
    const walk = await toCode(stage, email)
    const { code } = await stage.mailbox.next(email)
    return { walk, post: posting(walk.visitor, withField(walk.page, 'code'), { code: code ?? '' }) }
  },
  totp: async (email) => {
    const authenticator = await member(email)
    const walk = await afterFirst(stage, email)
    return { walk, post: posting(walk.visitor, withField(walk.page, 'code'), { code: authenticator() }) }
  },
  recovery: async (email) => {
    await member(email)
    const [code = ''] = await addRecoveryCodes(stage.service, email)
    const walk = await toRecovery(await afterFirst(stage, email))
    return { walk, post: posting(walk.visitor, withField(walk.page, 'code'), { code }) }
  },
}

describe('an instance that is killed before a proof is committed', () => {
  test.each(Object.keys(PROOFS))(
    'F-15, S-2 %s: it is not used, is good at the other one, and then for nobody',
    async (what) => {
      const email = `proof-by-${what}@fabrikam.example`
      const { walk, post } = await (PROOFS[what] as (typeof PROOFS)[string])(email)
      const method = what === 'totp' || what === 'recovery' ? what : 'email'
      const proofs = () =>
        countOf(`audit_entry where event = 'sign_in.proven' and detail ->> 'method' = '${method}' and ${OWN}`, [email])
      const before = await proofs()
      await killedAt('insert on audit_entry', `new.event = 'sign_in.proven'`, post)
      expect(await proofs()).toBe(before)

      const accepted = await post(stage.service)
      expect([accepted.status, leadsOn(accepted.headers.location)]).toEqual([303, true])
      expect(leadsOn((await post(stage.service)).headers.location)).toBe(false)
      const end = await walk.visitor.open(new URL(accepted.headers.location ?? '', stage.service.issuer).href)
      const code = new URL(end.location ?? '').searchParams.get('code') ?? ''
      expect((await redeem(stage.service, walk.app, { code, verifier: walk.verifier })).status).toBe(200)
      expect(await proofs()).toBe(before + 1)
    },
    60_000,
  )

  test('F-15 consent: nothing was agreed to; it is asked again at the other one, and is remembered once', async () => {
    const email = 'consents@fabrikam.example'
    const { visitor } = await authorize(stage, appOf(stage), { email })
    const asked = await visitor.open(authorizeUrl(stage.service, crm, newVerifier()))
    const form = asked.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'allow'))
    if (!form) throw new Error(asked.words)
    await killedAt('insert on consent', 'true', posting(visitor, form, { answer: 'allow' }))
    const agreed = () => countOf(`consent where client_id = 'crm' and ${OWN}`, [email])
    expect(await agreed()).toBe(0)
    const again = await visitor.open(asked.url)
    const button = again.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'allow'))
    if (!button) throw new Error(again.words)
    const end = await visitor.follow(await visitor.submit(button, {}, 'allow'))
    expect(end.location).toMatch(/^https:\/\/crm\.contoso\.example\/callback\?code=/)
    expect(await agreed()).toBe(1)
  }, 60_000)

  test('F-16 the session: the person goes on at the other one, with one session and one code', async () => {
    const email = 'session@fabrikam.example'
    const { visitor, home } = await toCode(stage, email)
    const { code } = await stage.mailbox.next(email)
    const page = await visitor.open(home)
    const resume = (await visitor.submit(withField(page, 'code'), { code: code ?? '' })).location ?? ''
    const getting: Post = (via) => send(resume, { headers: { cookie: visitor.jar.header(resume) ?? '' }, via })
    await killedAt('insert on oidc_record', `new.model = 'Session'`, getting)
    expect(await countOf(`oidc_record where model = 'Session' and ${OWN}`, [email])).toBe(0)
    expect((await visitor.get(resume)).location).toMatch(/[?&]code=/)
    expect(await countOf(`oidc_record where model = 'Session' and ${OWN}`, [email])).toBe(1)
    expect(await countOf(`oidc_record where model = 'AuthorizationCode' and ${OWN}`, [email])).toBe(1)
  }, 60_000)

  test('F-17 a refresh: the old token is good at the other one, and its family lives', async () => {
    const app = appOf(stage)
    const { body } = await tokensOf(stage, app, { email: 'refreshes@fabrikam.example' })
    const asking = (via: Service) => refresh(stage.service, app, body.refresh_token, {}, via) as unknown as Promise<Answer>
    await killedAt('insert on oidc_record', `new.model = 'RefreshToken'`, asking)
    const renewed = await refresh(stage.service, app, body.refresh_token)
    expect(renewed.status).toBe(200)
    expect((await refresh(stage.service, app, renewed.body.refresh_token)).status).toBe(200)
  }, 60_000)
})

describe('an instance that is killed after tokens were committed and before anybody heard', () => {
  test('F-18 the code is used at the other one: invalid_grant, and the tokens that nobody heard of end', async () => {
    const app = appOf(stage)
    const email = 'unheard-code@fabrikam.example'
    const issued = await authorize(stage, app, { email })
    const tokens = () => countOf(`oidc_record where model in ('AccessToken', 'RefreshToken') and ${OWN}`, [email])
    await killedAfter(
      (via) => redeem(stage.service, app, issued, {}, via),
      async () => (await tokens()) === 2,
    )
    expect(await redeem(stage.service, app, issued)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await tokens()).toBe(0)
    expect((await authorize(stage, app, { email, visitor: issued.visitor })).code).not.toBe('')
  }, 60_000)

  test('F-18, R-029 the refresh token is used at the other one: no grace, the family ends, and the person is still signed in', async () => {
    const app = appOf(stage)
    const email = 'unheard-refresh@fabrikam.example'
    const { body, visitor } = await tokensOf(stage, app, { email })
    const used = `oidc_record where model = 'RefreshToken' and consumed_at is not null and ${OWN}`
    await killedAfter(
      (via) => refresh(stage.service, app, body.refresh_token, {}, via),
      async () => (await countOf(used, [email])) === 1,
    )
    const again = await refresh(stage.service, app, body.refresh_token)
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
    expect(await countOf(`oidc_record where model in ('AccessToken', 'RefreshToken') and ${OWN}`, [email])).toBe(0)
    expect((await tokensOf(stage, app, { email, visitor })).status).toBe(200)
  }, 60_000)
})
