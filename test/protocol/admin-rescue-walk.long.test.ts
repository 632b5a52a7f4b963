import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { formTo, rescueWalk } from '../journeys/rescue-walk.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { waitOver } from '../support/rescue-look.ts'
import type { Stage } from '../support/stage.ts'
import { shownBy } from './account-person.ts'
import { type App, appOf, authorizeUrl, newVerifier, redeem } from './protocol.ts'

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
