import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, type Page, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { somebody } from './console-walk.ts'
import {
  type App,
  appOf,
  ask,
  authorize,
  authorizeUrl,
  newSecret,
  newVerifier,
  type Reply,
  redeem,
  silently,
  userinfo,
} from './protocol.ts'
import { essential, proveLevel, THREE, TWO } from './second-walk.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const API = 'https://api.fabrikam.example'
const OPAQUE_API = 'https://opaque.fabrikam.example'
const secret = newSecret()
const bank: App = { id: 'bank', secret: null, redirectUri: 'https://bank.example/callback' }
const apis: App = { id: 'apis', secret, redirectUri: '' }

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage({
    env: { RESCUE_CLAIM: '10d', RESCUE_DELAY_BY_LEVEL: '3=4d', APIS_SECRET: secret },
    client: { resources: [API, OPAQUE_API] },
    clients: [
      {
        ...{ client_id: bank.id, token_endpoint_auth_method: 'none', redirect_uris: [bank.redirectUri], first_party: true },
        rescue_delay: '7d',
      },
      { client_id: apis.id, client_secret_env: 'APIS_SECRET', grant_types: ['client_credentials'], introspects: [OPAQUE_API] },
    ],
    resourceServers: [
      { id: API, scopes: { orders: 'See your orders' } },
      { id: OPAQUE_API, scopes: { orders: 'See your orders' }, token_format: 'opaque' },
    ],
  })
}, 60_000)
afterAll(() => stage.stop())

const sql = (statement: string, values: unknown[]) => query(stage.service.databaseUrl, statement, values)
const now = () => Date.now() + stage.service.clockSeconds * 1000

/** As if somebody had got back in so long ago, a day after they had begun. */
async function recovered(id: string, secondsAgo: number): Promise<Date> {
  const at = new Date(Math.floor(now() / 1000 - secondsAgo) * 1000)
  await sql('update account set recovered_at = $2, recovery_started_at = $3 where id = $1', [
    ...[id, at, new Date(at.getTime() - DAY * 1000)],
  ])
  return at
}

describe('somebody who got back in by a rescue', () => {
  test('applications and APIs are told when, for as long as the setting says, and not after', async () => {
    const email = 'told@fabrikam.example'
    const { id } = await somebody(stage, email)
    const app = appOf(stage)
    const told = async (parameters: Record<string, string> = {}): Promise<Reply> => {
      const issued = await authorize(stage, app, { email, parameters })
      return redeem(stage.service, app, issued, parameters.resource ? { resource: parameters.resource } : {})
    }
    const everywhere = async () => {
      const plain = await told({ scope: 'openid' })
      const jwt = await told({ scope: 'openid orders', resource: API })
      const opaque = await told({ scope: 'openid orders', resource: OPAQUE_API })
      const asked = await ask(stage.service, '/introspect', apis, { token: String(opaque.body.access_token) })
      return [
        decodeJwt(String(plain.body.id_token)),
        (await userinfo(stage.service, plain.body.access_token)).body,
        decodeJwt(String(jwt.body.access_token)),
        asked.body,
      ].map(({ recovered_at }) => recovered_at)
    }
    expect(await everywhere()).toEqual([undefined, undefined, undefined, undefined])
    const at = Math.floor((await recovered(id, 10 * DAY - HOUR)).getTime() / 1000)
    expect(await everywhere()).toEqual([at, at, at, at])
    await recovered(id, 10 * DAY + 1)
    expect(await everywhere()).toEqual([undefined, undefined, undefined, undefined])
  })

  test('is not taken by an application that waits longer, until that is over; others take them', async () => {
    const email = 'bank@fabrikam.example'
    const { id } = await somebody(stage, email)
    await recovered(id, 2 * DAY)
    const { visitor } = await authorize(stage, appOf(stage), { email })
    const atBank = (more = {}) => visitor.open(authorizeUrl(stage.service, bank, newVerifier(), more))

    const held = await atBank() // with the living session
    expect([held.status, held.location]).toEqual([200, null])
    expect(held.words).toContain('takes you again a little later')
    expect((await silently(stage, bank, visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe('login_required')
    expect((await leave(held, visitor)).searchParams.get('error')).toBe('access_denied')

    const fresh = createVisitor(stage.service)
    await expect(authorize(stage, bank, { email, visitor: fresh })).rejects.toThrow('takes you again a little later')
    expect((await silently(stage, appOf(stage), fresh, { prompt: 'none' }))?.searchParams.get('error')).toBe('login_required')
    const other = await authorize(stage, bank, { email: 'somebody-else@fabrikam.example' })
    expect(other.code).not.toBe('')

    await recovered(id, 6 * DAY + 1)
    expect((await atBank()).location).toContain('code=')
  })

  test('is not taken at a level that waits longer, which nobody is told meanwhile', async () => {
    const email = 'levels@fabrikam.example'
    const { id } = await somebody(stage, email)
    await recovered(id, 2 * DAY)
    const app = appOf(stage)
    const { visitor } = await authorize(stage, app, { email })
    await proveLevel(stage.service, email, 3)
    const acrOf = async (parameters: Record<string, string>) => {
      const issued = await authorize(stage, app, { email, visitor, parameters: { prompt: 'none', ...parameters } })
      return issued.answer.get('error') ?? decodeJwt(String((await redeem(stage.service, app, issued)).body.id_token)).acr
    }
    expect(await acrOf({ claims: essential(THREE) })).toBe('login_required')
    expect(await acrOf({ claims: essential(TWO, THREE) })).toBe(TWO)
    expect(await acrOf({})).toBe(TWO)
    await recovered(id, 3 * DAY + 1)
    expect(await acrOf({ claims: essential(THREE) })).toBe(THREE)
    expect(await acrOf({})).toBe(THREE)
  })

  async function leave(page: Page, visitor: Visitor): Promise<URL> {
    const form = page.forms.find(({ action }) => action.endsWith('/leave'))
    if (!form) throw new Error(`no way back at ${page.url}: ${page.words}`)
    const end = await visitor.follow(await visitor.submit(form, {}))
    return new URL(end.location ?? end.url)
  }
})
