import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { formTo, rescueWalk } from '../journeys/rescue-walk.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { waitOver } from '../support/rescue-look.ts'
import type { Stage } from '../support/stage.ts'
import { shownBy } from './account-person.ts'
import { type AtConsole, enterConsole, somebody } from './console-walk.ts'
import { type App, appOf, authorizeUrl, newVerifier, redeem } from './protocol.ts'
import { addAuthenticator } from './second-walk.ts'

const HOUR = 3600
const bank: App = { id: 'bank', secret: null, redirectUri: 'https://bank.example/callback' }

let stage: Stage
beforeAll(async () => {
  stage = await startAdminStage({
    clients: [
      {
        ...{ client_id: bank.id, token_endpoint_auth_method: 'none', redirect_uris: [bank.redirectUri], first_party: true },
        rescue_delay: '3h',
      },
    ],
  })
}, 60_000)
afterAll(() => stage.stop())

test('R-118 from the call of somebody who lost their phone to the new one, and to the application that waits longer', async () => {
  const email = 'caller@fabrikam.example'
  const walk = rescueWalk(stage)
  await walk.member(email)
  const own = 'select account_id as id from address where canonical = $1'
  const [{ id } = { id: '' }] = await query<{ id: string }>(stage.service.databaseUrl, own, [email])
  const app = appOf(stage)

  const token = await machineToken(stage.service)
  await callApi(stage.service, token, 'POST', `/accounts/${id}/rescue`, { body: {} })
  await stage.mailbox.nextNotice(email)
  expect((await callApi(stage.service, token, 'POST', `/accounts/${id}/rescue/shorten`, { body: {} })).status).toBe(200)
  await stage.mailbox.nextNotice(email)
  await waitOver(stage, HOUR + 1)

  const visitor = createVisitor(stage.service)
  const ready = await walk.firstProof(email, visitor)
  expect(ready.words).toContain('Your wait is over')
  const enrol = await walk.press(visitor, ready, '/rescue/set-up')
  const key = await walk.press(visitor, enrol, '/enrol')
  const shows = shownBy(key, stage.service)
  const codes = await visitor.follow(await visitor.submit(formTo(key, '/enrol-code'), { code: shows(), name: 'New phone' }))
  const end = await visitor.follow(await visitor.submit(formTo(codes, '/keep-codes'), { kept: 'yes' }))
  expect((await visitor.get(end.location ?? '')).status).toBe(200)

  const verifier = newVerifier()
  const answer = new URL((await visitor.open(authorizeUrl(stage.service, app, verifier))).location ?? '')
  const tokens = await redeem(stage.service, app, { code: answer.searchParams.get('code') ?? '', verifier })
  const told = Number(decodeJwt(String(tokens.body.id_token)).recovered_at)
  expect(Math.abs(told - (Date.now() / 1000 + stage.service.clockSeconds))).toBeLessThan(120)

  const atBank = () => visitor.open(authorizeUrl(stage.service, bank, newVerifier()))
  expect((await atBank()).words).toContain('takes you again a little later')
  await stage.moveClock(2 * HOUR - 120)
  expect((await atBank()).location).toBeNull()
  await stage.moveClock(120)
  expect((await atBank()).location).toContain('code=')
})

/** Somebody who lost the authenticator that they had. */
async function loser(address: string): Promise<{ id: string; path: string }> {
  const person = await somebody(stage, address)
  await addAuthenticator(stage.service, address)
  return person
}

describe('a rescue that an administrator begins', () => {
  test('R-118 answers when it opens, and no code or link; its person is told by mail, and the wait stands', async () => {
    const token = await machineToken(stage.service)
    const { id } = await loser('lost@fabrikam.example')
    const begun = await callApi(stage.service, token, 'POST', `/accounts/${id}/rescue`, { body: { reason: 'called us' } })
    expect(begun.status).toBe(201)
    expect(Object.keys(begun.body)).toEqual(['opens_at', 'lapses_at'])
    const [row] = await query(stage.service.databaseUrl, 'select * from rescue where account_id = $1', [id])
    expect(row).toMatchObject({ started_by: 'robot', address: null, state: 'waiting' })
    const { objection } = await stage.mailbox.nextNotice('lost@fabrikam.example')
    expect(objection).toContain('/account/notice/')
    const shorter = (opens_in_minutes: number) =>
      callApi(stage.service, token, 'POST', `/accounts/${id}/rescue/shorten`, { body: { opens_in_minutes } })
    expect((await shorter(59)).status).toBe(422)
    const now = Date.now() + stage.service.clockSeconds * 1000
    const opensAt = Date.parse(String((await shorter(60)).body.opens_at))
    expect(Math.abs(opensAt - now - HOUR * 1000)).toBeLessThan(60_000)
    const view = await callApi(stage.service, token, 'GET', `/accounts/${id}`)
    expect(view.body).toMatchObject({ rescue: { started_by: 'administrator', ready: false }, recovered_at: null })
    expect((await callApi(stage.service, token, 'DELETE', `/accounts/${id}/rescue`)).body).toEqual({ done: true })
  })

  test('is begun, shortened and stopped at the console, where a wait that is too short comes back as it was typed', async () => {
    const { path } = await loser('console@fabrikam.example')
    const support: AtConsole = await enterConsole(stage, 'sam@fabrikam.example', 'support')
    const asked = await support.open(`${path}/rescue`)
    const refused = await support.press(asked, /Begin the rescue/, { hours: '0.5', reason: 'called us' })
    expect(refused.text).toMatch(/value="0.5".*value="called us"/s)
    const begun = await support.press(refused, /Begin the rescue/, { hours: '24', reason: 'called us' })
    expect(begun.words).toMatch(/A rescue waits\. Begun \d\d:\d\d UTC by an administrator/)
    expect((await support.open(`${path}/rescue`)).url).toMatch(new RegExp(`${path}$`))
    const shortened = await support.press(await support.open(`${path}/rescue/shorten`), /Shorten it/, { hours: '' })
    expect(shortened.words).toContain('opens earlier now')
    const stopped = await support.press(await support.open(`${path}/rescue/cancel`), /Stop it/)
    expect(stopped.words).not.toContain('A rescue waits')
  })
})
