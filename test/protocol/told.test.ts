import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, authorize } from './protocol.ts'
import { afterFirst, askedOn, countOf, keyOn, typing, type Walker } from './second-standing.ts'
import { addAuthenticator, stepUp, THREE } from './second-walk.ts'
import { here, toStep, withField } from './text-walk.ts'

const strict: App = { id: 'strict', secret: null, redirectUri: 'https://strict.example/callback' }

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [
      {
        ...{ client_id: strict.id, token_endpoint_auth_method: 'none', redirect_uris: [strict.redirectUri] },
        ...{ first_party: true, second_factor: 'required', client_name: 'Strict Bank' },
      },
    ],
  })
})
afterAll(() => stage?.stop())

const mine = 'account_id = (select account_id from address where canonical = $1)'
const told = async (email: string): Promise<string[]> =>
  (
    await query<{ kind: string }>(stage.service.databaseUrl, `select kind from notice where ${mine} order by created_at, id`, [
      email,
    ])
  ).map(({ kind }) => kind)
const recorded = (email: string, event: string) =>
  countOf(stage.service, `audit_entry where ${mine} and event = $2`, [email, event])

/** Shows the key, types the first code, keeps the recovery codes. */
async function enrol(walk: Walker): Promise<Walker> {
  await walk.visitor.submit(toStep(walk, 'enrol'), {}, 'totp')
  const page = { ...walk, ...(await here(walk)) }
  const form = withField(page.page, 'code')
  await walk.visitor.submit(form, { code: keyOn(page, stage.service).codeNow(), name: 'Phone' })
  return { ...walk, ...(await here(walk)) }
}

describe('a browser that is new to an account', () => {
  test('R-184 is told by mail, with application and device, and how to object; in the browser that made it nothing is new', async () => {
    const email = 'two-browsers@fabrikam.example'
    const first = await stage.signIn(email)
    await authorize(stage, strictless(), { email, visitor: first, parameters: { prompt: 'login' } })
    expect(await told(email)).toEqual([])
    await stage.signIn(email)
    const mail = await stage.mailbox.nextNotice(email)
    expect(mail.text).toContain('Firefox on Linux')
    expect(mail.text).toContain('test-app')
    expect(mail.objection).toContain(`${stage.service.issuer}/account/notice/`)
    expect([await told(email), await recorded(email, 'device.new')]).toEqual([['device_new'], 1])
  })

  test('R-184, R-109 is told to every address that has settled, in the person’s language, to none that is new or to come', async () => {
    const email = 'many@fabrikam.example'
    const [other, young, future] = ['many@home.example', 'many@young.example', 'many@future.example']
    await stage.signIn(email)
    const add = (address: string, from: string) =>
      query(
        stage.service.databaseUrl,
        `insert into address (kind, canonical, account_id, usable_from, proven_at, created_at)
         select 'email', $2, account_id, proven_at + $3::interval, proven_at, created_at from address where canonical = $1`,
        [email, address, from],
      )
    await add(other, '-3 days')
    await add(young, '-2 days')
    await add(future, '3 days')
    await query(
      stage.service.databaseUrl,
      `update address set usable_from = usable_from - interval '3 days' where canonical = $1`,
      [email],
    )
    await query(
      stage.service.databaseUrl,
      `update account set locale = 'de' where id = (select account_id from address where canonical = $1)`,
      [email],
    )
    await stage.signIn(email)
    for (const to of [email, other]) expect((await stage.mailbox.nextNotice(to)).headers['content-language']).toBe('de')
    expect(await countOf(stage.service, 'delivery where target = any($1)', [[young, future]])).toBe(0)
  })

  test('R-184 is none when a living session proves more', async () => {
    const email = 'proves-more@fabrikam.example'
    const visitor = await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    await stepUp(stage, visitor, { acr_values: THREE }, authenticator)
    expect(await told(email)).toEqual([])
  })

  test('R-100 is none before the second factor was given', async () => {
    const email = 'half-way@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const walk = await afterFirst(stage, email)
    expect([askedOn(walk), await told(email)]).toEqual(['factor', []])
    await typing(walk, authenticator())
    expect(await told(email)).toEqual(['device_new'])
  })
})

describe('factors in a sign-in', () => {
  test('R-109, R-121 an authenticator that is set up on the way is told, and remembered browsers are asked again', async () => {
    const email = 'sets-up@fabrikam.example'
    const visitor = await stage.signIn(email)
    await rememberBrowser(email)
    const door = await afterFirst(stage, email, { app: strict, visitor })
    expect(askedOn(door)).toBe('enrol')
    const codes = await enrol(door)
    expect(askedOn(codes)).toBe('keep-codes')
    expect((await stage.mailbox.nextNotice(email)).objection).not.toBeNull()
    expect(await told(email)).toEqual(['factor_added'])
    const [{ detail } = { detail: {} }] = await query<{ detail: object }>(
      stage.service.databaseUrl,
      `select detail from notice where ${mine}`,
      [email],
    )
    const [{ id } = { id: '' }] = await query<{ id: string }>(
      stage.service.databaseUrl,
      `select id from credential where kind = 'totp' and ${mine}`,
      [email],
    )
    expect(detail).toEqual({ values: { name: 'Phone' }, undo: { credentialId: id } })
    expect(await countOf(stage.service, `remembered_device where ${mine}`, [email])).toBe(0)
    await visitor.submit(toStep(codes, 'keep-codes'))
    expect(await told(email)).toEqual(['factor_added'])
  })

  test('is no news to somebody whose account this sign-in makes', async () => {
    const email = 'brand-new@fabrikam.example'
    const codes = await enrol(await afterFirst(stage, email, { app: strict }))
    await codes.visitor.submit(toStep(codes, 'keep-codes'))
    expect(await recorded(email, 'factor.added')).toBe(1)
    expect([await told(email), await recorded(email, 'device.new')]).toEqual([[], 0])
  })
})

function strictless(): App {
  const { relyingParty } = stage
  return { id: relyingParty.clientId, secret: relyingParty.clientSecret, redirectUri: relyingParty.redirectUri }
}

/** As if the person had chosen not to be asked again in some browser. */
async function rememberBrowser(email: string): Promise<void> {
  await query(
    stage.service.databaseUrl,
    `insert into remembered_device (id, account_id, label, created_at, last_used_at, expires_at)
     select 'device of ' || canonical, account_id, 'Firefox', proven_at, proven_at, proven_at + interval '30 days'
     from address where canonical = $1`,
    [email],
  )
}
