import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import type { App } from './protocol.ts'
import { addRecoveryCodes, afterFirst, askedOn, countOf, toRecovery, typing } from './second-standing.ts'
import { addAuthenticator } from './second-walk.ts'

const strict: App = { id: 'strict', secret: null, redirectUri: 'https://strict.example/callback' }
const DAY = 86_400

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

describe('a browser that is new to an account', () => {
  test('R-184 is told once a day, and written down each time', async () => {
    const email = 'each-day@fabrikam.example'
    await stage.signIn(email)
    for (let times = 0; times < 2; times++) await stage.signIn(email)
    expect([await told(email), await recorded(email, 'device.new')]).toEqual([['device_new'], 2])
    await stage.moveClock(DAY)
    await stage.signIn(email)
    expect(await told(email)).toEqual(['device_new', 'device_new'])
  })
})

describe('factors in a sign-in', () => {
  test('R-116, R-121 a recovery code that was used is told each time, with how many are left; remembered browsers are asked again', async () => {
    const email = 'uses-codes@fabrikam.example'
    const visitor = await stage.signIn(email)
    await addAuthenticator(stage.service, email)
    const codes = await addRecoveryCodes(stage.service, email)
    await query(
      stage.service.databaseUrl,
      `update credential set counter = 1 where kind = 'recovery' and ${mine}
       and id not in (select id from credential where kind = 'recovery' and ${mine} and substring(data from 11 for 4) = any($2))`,
      [email, codes.slice(0, 3).map((code) => code.slice(0, 4))],
    )
    for (const [index, left] of ['2 are left', 'One is left', 'None is left'].entries()) {
      await rememberBrowser(email)
      const walk = await toRecovery(await afterFirst(stage, email, { visitor }))
      const end = await typing(walk, codes[index] ?? '')
      expect([askedOn(end), await told(email)]).toEqual(['nothing', Array(index + 1).fill('code_used')])
      expect(await countOf(stage.service, `remembered_device where ${mine}`, [email])).toBe(0)
      const mail = await stage.mailbox.nextNotice(email)
      expect([mail.text.includes(left), mail.objection === null]).toEqual([true, false])
    }
  })
})

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
