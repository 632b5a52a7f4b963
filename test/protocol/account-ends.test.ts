import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type Member, type Members, membersOf, pathOf } from './account-person.ts'
import { lacking } from './account-walk.ts'
import { appOf, refresh, tokensOf, userinfo } from './protocol.ts'
import { addAuthenticator } from './second-walk.ts'

const DAY = 86_400
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }

let stage: Stage
let on: Members
beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
  on = membersOf(stage)
})
afterAll(() => stage.stop())

/** What one person's applications hold: by this browser, by another one, and offline, which outlives sessions. */
const KINDS = ['here', 'there', 'offline'] as const
type Held = Record<(typeof KINDS)[number], Record<string, unknown>>

async function held(one: Member): Promise<Held> {
  const app = appOf(stage)
  const email = one.address
  return {
    here: (await tokensOf(stage, app, { email, visitor: one.visitor })).body,
    there: (await tokensOf(stage, app, { email })).body,
    offline: (await tokensOf(stage, app, { email, parameters: OFFLINE })).body,
  }
}

/** Which of them still can be used, as refresh and as access token; both or neither. */
async function alive(tokens: Held): Promise<string[]> {
  const living: string[] = []
  for (const kind of KINDS) {
    const { access_token, refresh_token } = tokens[kind]
    const told = await userinfo(stage.service, access_token)
    const next = await refresh(stage.service, appOf(stage), refresh_token)
    expect([kind, told.status]).toEqual([kind, next.status === 200 ? 200 : 401])
    if (next.status === 200) living.push(kind)
    else expect(next.body.error).toBe('invalid_grant')
  }
  return living
}

describe('what applications hold', () => {
  /** What is done, and which tokens live on. */
  const deeds: Record<string, { does(one: Member): Promise<unknown>; left: string[] }> = {
    'the end of all other sessions': {
      does: (one) => on.post(one, '/account/devices/end-others'),
      left: ['here', 'offline'],
    },
    'the end of the account': {
      does: async (one) => expect(pathOf(await on.post(one, '/account/close'))).toBe('/account'),
      left: [],
    },
    'an objection': {
      does: async (one) =>
        expect(await on.object((await stage.mailbox.nextNotice(one.address)).objection)).toBe('/account/notice-done'),
      left: [],
    },
    'the end of the application’s access': { does: (one) => on.post(one, '/account/apps/test-app/end'), left: [] },
    'a sign-out on the account page': {
      does: async (one) => {
        const out = await one.visitor.get((await on.post(one, '/account/sign-out')).location ?? '')
        await one.visitor.submit(formWith(out, 'xsrf') ?? lacking(out), {}, 'yes')
      },
      left: ['there', 'offline'],
    },
  }

  test.each(Object.entries(deeds).map(([words, deed], index) => ({ words, deed, index })))(
    'R-024 $words ends what it says, at once: refresh tokens and access tokens alike',
    async ({ deed, index }) => {
      const one = await on.member(`holds-${index}@fabrikam.example`)
      const tokens = await held(one)
      await deed.does(one)
      expect(await alive(tokens)).toEqual(deed.left)
    },
  )

  test('R-024, R-109 of whoever removes a factor go on until the others are ended, which is asked right then', async () => {
    const address = 'factor@fabrikam.example'
    await on.member(address)
    const tokens = await held(await on.member(address))
    const one = await on.member(address, await addAuthenticator(stage.service, address))
    const removed = await on.post(one, `/account/authenticators/${await on.authenticatorOf(address)}/remove`)
    const page = await one.visitor.follow(removed)
    const question = await one.visitor.get(on.at(/\/account\/devices\/end-others/.exec(page.text)?.[0] ?? '/no-such-offer'))
    const form = question.forms.find(({ action }) => action.endsWith('/end-others')) ?? lacking(question)
    await one.visitor.submit(form)
    expect(await alive(tokens)).toEqual(['offline'])
  })
})

describe('personal data', () => {
  /** Every table in which some text stands, by name. */
  async function tablesWith(text: string): Promise<string[]> {
    const tables = await query<{ name: string }>(
      stage.service.databaseUrl,
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`,
    )
    const found: string[] = []
    for (const { name } of tables) {
      const [hit] = await query(
        stage.service.databaseUrl,
        `select 1 from "${name}" t where t::text like '%' || $1 || '%' limit 1`,
        [text],
      )
      if (hit) found.push(name)
    }
    return found
  }

  test('R-185 goes with the account: name, addresses, factors, devices and notices; what waits for its own end holds the rest', async () => {
    const [address, second, name] = ['erased@fabrikam.example', 'erased-second@home.example', 'Erasmus Gone']
    const one = await on.member(address)
    await on.addAddress(one, second)
    await on.post(one, '/account/profile', { name })
    await tokensOf(stage, appOf(stage), { email: address, visitor: one.visitor })
    const { shows } = await on.addAuthenticator(one, 'Erasmus Phone')
    const account = (await on.accountOf(address)) ?? ''
    for (const text of [second, name, 'Erasmus Phone']) expect(await tablesWith(text)).not.toEqual([])
    const strong = await again(address, shows)
    expect(pathOf(await on.post(strong, '/account/close'))).toBe('/account')
    await stage.moveClock(14 * DAY - 60)
    expect(await on.accountOf(second)).toBe(account)
    await stage.moveClock(120)

    await on.member(address)
    expect(await on.accountOf(address)).not.toBe(account)
    expect(await on.accountOf(second)).toBeNull()
    for (const text of [name, 'Erasmus Phone']) expect([text, await tablesWith(text)]).toEqual([text, []])
    // The trail knows the subject alone; attempts, and a session of the engine that opens nothing, end within the hour.
    const known = ['audit_entry', 'oidc_record', 'attempt', 'challenge']
    expect((await tablesWith(account)).filter((table) => !known.includes(table))).toEqual([])
    // What was sent to an address goes with its message, within a day (see the sweep).
    expect((await tablesWith(second)).filter((table) => !['challenge', 'delivery'].includes(table))).toEqual([])
    const trail = await query<Record<string, unknown>>(
      stage.service.databaseUrl,
      'select distinct ip, device, attempt_id, request_id from audit_entry where account_id = $1',
      [account],
    )
    expect(trail).toEqual([{ ip: null, device: null, attempt_id: null, request_id: null }])
  })

  test('R-185 can be taken along by its person alone, after a fresh proof, and holds no secret', async () => {
    const [one, other] = [await on.member('takes@fabrikam.example'), await on.member('other-takes@fabrikam.example')]
    const { shows } = await on.addAuthenticator(one)
    const strong = await again(one.address, shows)
    const claim = `insert into claimed_address (kind, canonical, account_id, created_at) select 'phone', $1, account_id, now() from address where canonical = $2`
    await query(stage.service.databaseUrl, claim, ['+4915112345678', one.address])
    await query(stage.service.databaseUrl, claim, ['+4915187654321', other.address])
    const file = await on.open(strong, '/account/data/download')
    const data = JSON.parse(file.text)
    expect(data).toMatchObject({
      addresses: [{ address: one.address }],
      addresses_not_proven: [{ kind: 'phone', address: '+4915112345678' }],
      authenticators: [{ name: 'Phone' }],
      recovery_codes_left: 10,
    })
    expect(data.account.sub).toBe(await on.accountOf(one.address))
    expect(data.activity.map(({ event }: { event: string }) => event)).toEqual(
      expect.arrayContaining(['account.created', 'factor.added']),
    )
    for (const secret of await secretsOf(one.address)) expect(file.text).not.toContain(secret)
    for (const theirs of [other.address, '+4915187654321']) expect(file.text).not.toContain(theirs)
    await stage.moveClock(11 * 60)
    expect(pathOf(await on.open(strong, '/account/data/download'))).toBe('/authorize')
    expect(pathOf(await createVisitor(stage.service).get(on.at('/account/data/download')))).toBe('/authorize')
  })

  async function secretsOf(address: string): Promise<string[]> {
    const rows = await query<{ secret: string }>(
      stage.service.databaseUrl,
      `select data as secret from credential where account_id = (select account_id from address where canonical = $1)
       union all select id from oidc_record where account_id = (select account_id from address where canonical = $1)`,
      [address],
    )
    return rows.map(({ secret }) => secret)
  }

  /** Signs in with an authenticator whose last code was just used. */
  async function again(address: string, shows: () => string): Promise<Member> {
    await stage.moveClock(60)
    return on.member(address, shows)
  }
})
