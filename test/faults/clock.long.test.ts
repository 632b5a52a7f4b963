import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { appOf, authorize, redeem, refresh, silently, tokensOf } from '../protocol/protocol.ts'
import { formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { ask, finish, submit, until } from './fault-tools.ts'

// The clock of a running service jumps, forwards and back.

const HOUR = 3600
const ALARM = 'the clock differs from that of the database'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, CLOCK_SKEW_MAX: '10s' } })
})
afterAll(() => stage.stop())

const now = () => Date.now() / 1000 + stage.service.clockSeconds
const invalid = { status: 400, body: { error: 'invalid_grant' } }

describe('a clock that jumps', () => {
  test('F-35, S-2 back by an hour: nothing that worked once works again', async () => {
    const app = appOf(stage)
    const email = 'back@fabrikam.example'
    const walk = await ask(stage, email)
    const { code } = await stage.mailbox.next(email)
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error(walk.page.words)
    const end = await submit(walk, 'code', { code: code ?? '' })
    await walk.visitor.get(end.location ?? '')
    const issued = await authorize(stage, app, { email, visitor: walk.visitor })
    const first = await redeem(stage.service, app, issued)
    expect(first.status).toBe(200)
    const second = await tokensOf(stage, app, { email, visitor: walk.visitor })
    expect((await refresh(stage.service, app, second.body.refresh_token)).status).toBe(200)

    await stage.moveClock(-HOUR)
    expect(leadsOn((await walk.visitor.submit(form, { code: code ?? '' })).location)).toBe(false)
    expect(await redeem(stage.service, app, issued)).toMatchObject(invalid)
    expect(await refresh(stage.service, app, second.body.refresh_token)).toMatchObject(invalid)
  })

  test('F-35 back by an hour: sessions from the future fail nobody, and tokens are not dated ahead of the clock', async () => {
    const app = appOf(stage)
    const visitor = await stage.signIn('future@fabrikam.example')
    await stage.moveClock(-HOUR)
    const answer = await silently(stage, app, visitor, { prompt: 'none' })
    expect(answer?.searchParams.get('code') ?? answer?.searchParams.get('error')).toMatch(/^[\w-]{20,}$|^login_required$/)
    await stage.signIn('future@fabrikam.example', { visitor })
    const { tokens } = stage.relyingParty.last()
    const { iat = 0, exp = 0 } = decodeJwt(tokens.id_token ?? '')
    expect(Math.abs(iat - now())).toBeLessThan(10)
    expect(exp).toBeGreaterThan(iat)
    expect(tokens.expires_in).toBeGreaterThan(0)
    await stage.moveClock(2 * HOUR)
  })

  test('F-35 ahead by an hour: what was open has ended, and says so; a new sign-in works', async () => {
    const app = appOf(stage)
    const email = 'ahead@fabrikam.example'
    const walk = await ask(stage, email)
    const mail = await stage.mailbox.next(email)
    const other = await stage.signIn('ahead-too@fabrikam.example')
    const issued = await authorize(stage, app, { email: 'x', visitor: other })
    await stage.moveClock(HOUR)
    expect(await redeem(stage.service, app, issued)).toMatchObject(invalid)
    const form = formWith(walk.page, 'code')
    if (!form) throw new Error(walk.page.words)
    for (const answer of [await walk.visitor.submit(form, { code: mail.code ?? '' }), await walk.visitor.get(mail.link ?? '')]) {
      expect(answer.status).toBeLessThan(500)
      expect(leadsOn(answer.location)).toBe(false)
    }
    await stage.moveClock(-HOUR)
    // Back at the right time it had been used by nobody: it may be good again, once.
    const again = await ask(stage, email, walk.visitor)
    expect((await finish(stage, { ...again }, email)).status).toBe(200)
  })

  test('F-35 raises an alarm in the log within half a minute, and the metric tells how far it is', async () => {
    await stage.moveClock(HOUR - stage.service.clockSeconds)
    const line = await until(
      'the alarm',
      () =>
        stage.service
          .output()
          .split('\n')
          .find((text) => text.includes(ALARM)),
      40,
    )
    expect(line).toContain('"level":"error"')
    const skew = async () =>
      Number(/^doorward_\w*skew\w* (\S+)$/m.exec(await (await fetch(`${stage.service.opsUrl}/metrics`)).text())?.[1])
    await until('the metric', async () => Math.abs((await skew()) + HOUR) < 60, 40)
    expect(stage.service.running).toBe(true)
  })
})
