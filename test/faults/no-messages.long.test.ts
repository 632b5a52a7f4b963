import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { appOf, authorize, redeem, refresh, userinfo } from '../protocol/protocol.ts'
import { choosing, toDoor, tokenOf, typing } from '../protocol/second-standing.ts'
import { addAuthenticator, essential, THREE } from '../protocol/second-walk.ts'
import { germanNumber } from '../protocol/text-walk.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { silentPort } from '../support/silent-port.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, submit, until } from './fault-tools.ts'

// Neither mails nor texts go out, or one of both takes for ever: what needs no message goes on.

/** What a page may take while nothing goes out; the machine of the test is slow, and a time-out is ten seconds. */
const USUAL_MS = 4000

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())
afterEach(async () => {
  stage.mailbox.setBehaviour('accept')
  for (const server of [stage.mailbox, stage.texts.sns, stage.texts.twilio]) {
    await server.down()
    await server.up()
  }
})

async function metricOf(service: Stage['service'], line: RegExp): Promise<number> {
  const { text } = await send(`${service.opsUrl}/metrics`)
  return Number(line.exec(text)?.[1] ?? 0)
}

describe('while neither mails nor texts go out', () => {
  test('S-5, F-28 silent sign-ins, tokens, refreshes and a step up by an authenticator work, and every page comes as usual', async () => {
    const app = appOf(stage)
    const inside = await authorize(stage, app, { email: 'inside@fabrikam.example' })
    const email = 'strong@fabrikam.example'
    const { visitor } = await authorize(stage, app, { email })
    const authenticator = await addAuthenticator(stage.service, email)
    for (const server of [stage.mailbox, stage.texts.sns, stage.texts.twilio]) await server.down()

    const silently = { email: 'nobody is asked', visitor: inside.visitor, parameters: { prompt: 'none' } }
    const issued = await authorize(stage, app, silently)
    const tokens = await redeem(stage.service, app, issued)
    expect(tokens.status).toBe(200)
    expect((await userinfo(stage.service, tokens.body.access_token)).status).toBe(200)
    expect((await refresh(stage.service, app, tokens.body.refresh_token)).status).toBe(200)

    const asked = await toDoor(stage, { visitor, app, parameters: { claims: essential(THREE) } })
    expect(await tokenOf(stage, await typing(await choosing(asked, 'totp'), authenticator()))).toMatchObject({ acr: THREE })

    for (const identifier of ['newcomer@fabrikam.example', germanNumber(1)]) {
      const walk = await arrive(stage)
      const began = performance.now()
      const page = await submit(walk, 'identifier', { identifier })
      expect([page.status, performance.now() - began < USUAL_MS]).toEqual([200, true])
      expect(page.forms.some(({ fields }) => fields.includes('code'))).toBe(true)
    }
  }, 60_000)
})

describe('a mail server that takes for ever', () => {
  test('F-32 with every mail: texts go out all the same, long before its deadline', async () => {
    stage.mailbox.setBehaviour('drip')
    const emails = [1, 2, 3, 4, 5, 6].map((n) => `drip-${n}@fabrikam.example`)
    for (const email of emails) await ask(stage, email)
    await until('three mails hang', () => stage.mailbox.seen.filter(({ to }) => to.startsWith('drip-')).length === 3)
    const began = performance.now()
    await stage.signIn(germanNumber(2))
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(stage.mailbox.seen.filter(({ to }) => to.startsWith('drip-'))).toHaveLength(3)
    const busy = `select from delivery where target like 'drip-%' and reason = 'route_busy'`
    await until('the others are put off', async () => (await query(stage.service.databaseUrl, busy)).length > 0)
  }, 90_000)
})

describe('mail servers that cannot be had', () => {
  test('F-28 no name, a black hole, no TLS: the page as usual; tries with growing, jittered gaps; none after the end; told by metrics', async () => {
    const [port] = await freePorts(1)
    const close = await silentPort(port)
    const urls = ['smtp://mail.invalid:25?tls=off', `smtp://127.0.0.1:${port}?tls=off`, `${stage.mailbox.url}?tls=required`]
    const alone = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SMTP_URL: urls.join(' ') } })
    try {
      const email = 'nowhere@fabrikam.example'
      const walk = await arrive(alone)
      const began = performance.now()
      const page = await submit(walk, 'identifier', { identifier: email })
      expect([page.status, performance.now() - began < USUAL_MS]).toEqual([200, true])
      const row = async () => {
        const sql = 'select state, reason, tries, due_at from delivery where target = $1'
        return (
          await query<{ state: string; reason: string; tries: number; due_at: Date }>(alone.service.databaseUrl, sql, [email])
        )[0]
      }
      for (const [index, seconds] of [5, 15, 30].entries()) {
        const after = await until(`try ${index + 1} is over`, async () => {
          const found = await row()
          return found?.state === 'deferred' && found.tries === index + 1 ? found : null
        })
        expect(after.reason).toBe('tls')
        const gap = after.due_at.getTime() / 1000 - (Date.now() / 1000 + alone.service.clockSeconds)
        expect(gap).toBeGreaterThan(seconds * 0.8 - 3)
        expect(gap).toBeLessThan(seconds * 1.2 + 0.1)
        await alone.moveClock(Math.ceil(gap))
      }
      for (const [route, reason] of [
        ['smtp', 'dns'],
        ['smtp-2', 'timeout'],
      ] as const) {
        const line = new RegExp(
          `^doorward_messages_total\\{[^}]*route="${route}",outcome="failed_over",reason="${reason}"[^}]*\\} (\\d+)`,
          'm',
        )
        expect(await metricOf(alone.service, line)).toBeGreaterThan(0)
      }
      await alone.moveClock(3600)
      await until('it is given up', async () => (await row())?.state === 'expired', 60)
      expect(await metricOf(alone.service, /^doorward_messages_total\{[^}]*outcome="expired"[^}]*\} (\d+)/m)).toBe(1)
      expect(stage.mailbox.seen.filter(({ to }) => to === email)).toEqual([])
    } finally {
      await alone.stop()
      await close()
    }
  }, 120_000)
})
