import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { type LogoutReceiver, startLogoutReceiver } from '../support/logout-receiver.ts'
import { formWith, type Visitor } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { type Member, type Members, membersOf } from './account-person.ts'
import { lacking } from './account-walk.ts'
import { appOf, tokensOf } from './protocol.ts'

let stage: Stage
let on: Members
let receiver: LogoutReceiver
let robot: string
beforeAll(async () => {
  const now = () => new Date(Date.now() + stage.service.clockSeconds * 1000)
  receiver = await startLogoutReceiver({ clientId: 'test-app', issuer: () => stage.service.issuer, now })
  const client = { backchannel_logout_uri: receiver.uri, backchannel_logout_session_required: true }
  stage = await startAdminStage({ client })
  on = membersOf(stage)
  robot = await machineToken(stage.service)
})
afterAll(async () => {
  await stage.stop()
  await receiver.stop()
})

interface SignedIn {
  one: Member
  sub: string
  sid: string
}

/** Somebody who has let the application in, in the browser in which they stand on the account page. */
async function signedIn(name: string): Promise<SignedIn> {
  const one = await on.member(`${name}@fabrikam.example`)
  return { one, ...(await letIn(one)) }
}

async function letIn({ address, visitor }: Pick<Member, 'address'> & { visitor?: Visitor }) {
  const { body } = await tokensOf(stage, appOf(stage), { email: address, ...(visitor ? { visitor } : {}) })
  const { sub, sid } = decodeJwt(String(body.id_token))
  return { sub: String(sub), sid: String(sid) }
}

async function signOut(visitor: Visitor, path = '/logout'): Promise<void> {
  const page = await visitor.get(`${stage.service.issuer}${path}`)
  await visitor.submit(formWith(page, 'xsrf') ?? lacking(page), {}, 'yes')
}

/** The sessions that the application is told of by this. */
async function toldBy(work: () => Promise<unknown>, count = 1): Promise<{ sub: unknown; sid: unknown }[]> {
  const before = receiver.told.length
  await work()
  const told = await receiver.until(before + count)
  return told.slice(before).map(({ claims: { sub, sid } }) => ({ sub, sid }))
}

const api = (method: string, path: string, body: unknown = {}) => callApi(stage.service, robot, method, path, { body })

describe('an application is told', () => {
  test('R-042 in a token for it alone, which is good for two minutes and can be used for nothing else', async () => {
    const discovery = JSON.parse((await send(`${stage.service.issuer}/.well-known/openid-configuration`)).text)
    expect(discovery).toMatchObject({ backchannel_logout_supported: true, backchannel_logout_session_supported: true })
    const { one, sub, sid } = await signedIn('token')
    expect(await toldBy(() => signOut(one.visitor))).toEqual([{ sub, sid }])
    const { header, claims } = receiver.told.at(-1) ?? lackingToken()
    expect(header).toMatchObject({ typ: 'logout+jwt', alg: 'ES256', kid: expect.any(String) })
    expect(Object.keys(claims).sort()).toEqual(['aud', 'events', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(120)
  })

  /** What a person or an administrator does, and whether sessions in other browsers are told of as well. */
  const endings: Record<string, { does(who: SignedIn): Promise<unknown>; here: boolean; there: boolean }> = {
    'signing out': { does: ({ one }) => signOut(one.visitor), here: true, there: false },
    'ending the other sessions': { does: ({ one }) => on.post(one, '/account/devices/end-others'), here: false, there: true },
    'taking its access away': { does: ({ one }) => on.post(one, '/account/apps/test-app/end'), here: true, there: true },
    'closing the account': { does: ({ one }) => on.post(one, '/account/close'), here: false, there: true },
    'a suspension': { does: ({ sub }) => api('POST', `/accounts/${sub}/suspend`), here: true, there: true },
    'an administrator’s end of all sessions': {
      does: ({ sub }) => api('POST', `/accounts/${sub}/end-sessions`),
      here: true,
      there: true,
    },
    'the deletion by an administrator': { does: ({ sub }) => api('POST', `/accounts/${sub}/close`), here: true, there: true },
    'an objection': {
      does: async ({ one }) => {
        await on.addAddress(one, `second-${one.address}`)
        await on.object((await stage.mailbox.nextNotice(one.address)).objection)
      },
      here: true,
      there: true,
    },
  }

  test.each(Object.entries(endings).map(([words, ending], index) => ({ words, ending, index })))(
    'R-042 of $words',
    async ({ ending: { does, here, there }, index }) => {
      const who = await signedIn(`ends-${index}`)
      const other = await letIn({ address: who.one.address })
      const expected = [...(here ? [who.sid] : []), ...(there ? [other.sid] : [])]
      const told = await toldBy(() => does(who), expected.length)
      expect(told.map(({ sid }) => sid).sort()).toEqual(expected.sort())
      expect(told.every(({ sub }) => sub === who.sub)).toBe(true)
    },
  )

  test('R-042 once more where it did not work, and then no more; nothing of it names the person', async () => {
    const { one, sid } = await signedIn('again')
    receiver.behave({ status: 500 })
    const asked = receiver.asked()
    await signOut(one.visitor)
    await receiver.untilAsked(asked + 1)
    const jobs = () =>
      query<{ payload: Record<string, unknown> }>(
        stage.service.databaseUrl,
        `select payload from graphile_worker._private_jobs join graphile_worker._private_tasks on _private_tasks.id = task_id
         where identifier = 'backchannel-logout' and attempts = 0`,
      )
    let waiting = await jobs()
    while (waiting.length === 0) waiting = await jobs()
    expect(Object.keys(waiting[0]?.payload ?? {}).sort()).toEqual(['accountId', 'clientId', 'sid', 'since', 'tries'])
    receiver.behave('accept')
    expect(await toldBy(() => stage.moveClock(10))).toMatchObject([{ sid }])
    expect(await jobs()).toEqual([])
    expect(receiver.asked()).toBe(asked + 2)
  })

  /** As an administrator would; every instance has forgotten by then what it knew of the application. */
  const change = async (set: string) => {
    await query(stage.service.databaseUrl, `update client set ${set} where id = 'test-app'`)
    await stage.moveClock(6)
  }

  test('R-042 of the session only where it asked for that, and of nothing while it is switched off', async () => {
    const [asks, off, on] = [await signedIn('asks'), await signedIn('off'), await signedIn('on')]
    await change(`metadata = metadata || '{"backchannel_logout_session_required": false}'`)
    expect(await toldBy(() => signOut(asks.one.visitor))).toEqual([{ sub: asks.sub, sid: undefined }])
    await change(`disabled_at = now() - interval '1 day'`)
    const asked = receiver.asked()
    await signOut(off.one.visitor)
    await change('disabled_at = null')
    expect(await toldBy(() => signOut(on.one.visitor))).toEqual([{ sub: on.sub, sid: undefined }])
    expect(receiver.asked()).toBe(asked + 1)
    await change(`metadata = metadata || '{"backchannel_logout_session_required": true}'`)
  })

  test('R-042, F-52 while it hangs, signing out takes no longer', async () => {
    const { one } = await signedIn('hangs')
    receiver.behave('hang')
    const asked = receiver.asked()
    const from = performance.now()
    await signOut(one.visitor)
    expect(performance.now() - from).toBeLessThan(2000)
    await receiver.untilAsked(asked + 1)
    receiver.behave('accept')
  })
})

function lackingToken(): never {
  throw new Error('nothing was told')
}
