import { afterEach, expect, test } from '@jest/globals'
import { formTo, rescueWalk, WAIT_SECONDS } from '../journeys/rescue-walk.ts'
import { createVisitor } from '../support/person.ts'
import { waitOver } from '../support/rescue-look.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { shownBy } from './account-person.ts'
import { appOf, refresh, tokensOf, userinfo } from './protocol.ts'

const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }
/** Nothing ends by itself during the wait. */
const LONG = { SESSION_TTL: '60d', SESSION_IDLE_TTL: '60d', REFRESH_TOKEN_TTL: '60d', REFRESH_TOKEN_IDLE_TTL: '60d' }

let stage: Stage
afterEach(() => stage.stop())

test.each([
  ['all', []],
  ['sessions', ['offline']],
])('R-024 a rescue that is completed ends what applications hold, by RESCUE_ENDS: %s', async (ends, left) => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, RESCUE_ENDS: ends, ...LONG } })
  const walk = rescueWalk(stage)
  const app = appOf(stage)
  const email = 'holds@fabrikam.example'
  const held = {
    session: (await tokensOf(stage, app, { email })).body,
    offline: (await tokensOf(stage, app, { email, parameters: OFFLINE })).body,
  }
  await walk.member(email)
  await walk.begin(email)
  await waitOver(stage, WAIT_SECONDS)
  const visitor = createVisitor(stage.service)
  const ready = await walk.firstProof(email, visitor)
  // It is what was held until now that is looked at afterwards.
  for (const kind of ['session', 'offline'] as const) {
    const next = await refresh(stage.service, app, held[kind].refresh_token)
    expect([kind, next.status]).toEqual([kind, 200])
    held[kind] = next.body
  }
  const enrol = await walk.press(visitor, ready, '/rescue/set-up')
  const key = await walk.press(visitor, enrol, '/enrol')
  const code = shownBy(key, stage.service)()
  const codes = await visitor.follow(await visitor.submit(formTo(key, '/enrol-code'), { code, name: 'New phone' }))
  const end = await visitor.follow(await visitor.submit(formTo(codes, '/keep-codes'), { kept: 'yes' }))
  expect(end.location ?? end.url).toContain('/callback?')
  const living: string[] = []
  for (const kind of ['session', 'offline'] as const) {
    const told = await userinfo(stage.service, held[kind].access_token)
    const next = await refresh(stage.service, app, held[kind].refresh_token)
    if (next.status === 200) living.push(kind)
    else expect([kind, told.status, next.body.error]).toEqual([kind, 401, 'invalid_grant'])
  }
  expect(living).toEqual(left)
})
