import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { appOf, ask as protocolAsk, refresh, userinfo } from '../protocol/protocol.ts'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, ask, finish, probe, submit, until, type Walk } from './fault-tools.ts'

// A mail server that fails is a matter of the job that sends, never of the page that asked for the mail.

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())
afterEach(async () => {
  stage.mailbox.setBehaviour('accept')
  await stage.mailbox.down()
  await stage.mailbox.up()
})

/** Milliseconds from sending the address to the page that waits for the code. */
async function askMs(email: string): Promise<{ walk: Walk; ms: number }> {
  const walk = await arrive(stage)
  const began = performance.now()
  const page = await submit(walk, 'identifier', { identifier: email })
  return { walk: { ...walk, page }, ms: performance.now() - began }
}

const words = async ({ visitor, home }: Walk) => (await visitor.open(home)).words

async function deliveryOf(email: string) {
  const sql = 'select state, reason from delivery where target = $1 order by created_at desc limit 1'
  return (await query<{ state: string; reason: string | null }>(stage.service.databaseUrl, sql, [email]))[0]
}

describe('when the mail server fails', () => {
  test('F-28, R-086 down: the page comes as usual and says that the mail is late; it arrives when the server is back', async () => {
    await stage.mailbox.down()
    const { walk, ms } = await askMs('down@fabrikam.example')
    expect(walk.page.status).toBe(200)
    expect(ms).toBeLessThan(2000)
    await until('the first try is over', async () => (await deliveryOf('down@fabrikam.example'))?.reason)
    expect(await words(walk)).toMatch(/fabrikam\.example.*(later|late|try|again)/i)

    await stage.mailbox.up()
    expect((await finish(stage, walk, 'down@fabrikam.example')).status).toBe(200)
    expect(stage.mailbox.count('down@fabrikam.example')).toBe(1)
  })

  test('S-5 down: nobody who is signed in notices, nor do the applications', async () => {
    const visitor = await stage.signIn('inside@fabrikam.example')
    await stage.mailbox.down()
    await stage.signIn('inside@fabrikam.example', { visitor })
    const app = appOf(stage)
    const { tokens } = stage.relyingParty.last()
    expect((await userinfo(stage.service, tokens.access_token)).status).toBe(200)
    const renewed = await refresh(stage.service, app, tokens.refresh_token)
    expect(renewed.status).toBe(200)
    expect((await protocolAsk(stage.service, '/revoke', app, { token: String(renewed.body.refresh_token) })).status).toBe(200)
    const leaving = await visitor.open(`${stage.relyingParty.url}/logout`)
    const asked = leaving.location ? await visitor.open(leaving.location) : leaving
    const form = asked.forms.find(({ method }) => method === 'POST')
    if (!form) throw new Error(asked.words)
    const left = await visitor.submit(form, {}, 'yes')
    expect(left.location).toContain('/signed-out')
    const opsPort = stage.service.env.OPS_PORT as string
    expect([await probe(opsPort, '/livez'), await probe(opsPort, '/readyz')]).toEqual([200, 200])
  })

  test('F-32, R-086 slow: no request waits for it, whatever the server takes its time for', async () => {
    const usual = (await askMs('usual@fabrikam.example')).ms
    stage.mailbox.setBehaviour('drip')
    const slow = (await askMs('slow@fabrikam.example')).ms
    expect(slow).toBeLessThan(usual + 1500)
    // Others are served meanwhile by other workers.
    stage.mailbox.setBehaviour((mail) => (mail.to.startsWith('slow') ? 'drip' : 'accept'))
    const walk = await ask(stage, 'quick@fabrikam.example')
    expect((await finish(stage, walk, 'quick@fabrikam.example')).status).toBe(200)
  })

  test('F-29 "try later" and then well: delivered once', async () => {
    stage.mailbox.setBehaviour({ code: 421 })
    const walk = await ask(stage, 'later@fabrikam.example')
    await until('the first try is over', async () => (await deliveryOf('later@fabrikam.example'))?.reason)
    expect((await deliveryOf('later@fabrikam.example'))?.state).toBe('deferred')
    stage.mailbox.setBehaviour('accept')
    expect((await finish(stage, walk, 'later@fabrikam.example')).status).toBe(200)
    expect(stage.mailbox.count('later@fabrikam.example')).toBe(1)
  })

  test('F-30 refused for good: no second try, and the page says the same for known and unknown people', async () => {
    await stage.signIn('known@contoso.example')
    stage.mailbox.setBehaviour({ code: 550 })
    const seen = stage.mailbox.seen.length
    const said: string[] = []
    for (const email of ['known@contoso.example', 'nobody@contoso.example']) {
      const walk = await ask(stage, email)
      await until('the server has refused', async () => (await deliveryOf(email))?.state === 'refused')
      const text = await words(walk)
      expect(text).toContain('contoso.example')
      said.push(text.replace(/[a-z]•••[a-z]@/g, '***@').replace(/\d{1,2}:\d{2}/g, 'time'))
    }
    expect(said[0]).toBe(said[1])
    expect(stage.mailbox.seen.length).toBe(seen)
    const sql = `select from graphile_worker.jobs, delivery where key = 'deliver:' || delivery.id and target like '%@contoso.example'`
    await until('no job is left', async () => (await query(stage.service.databaseUrl, sql)).length === 0)
  })

  test('F-31 mail taken and no answer given: the page is there, and the code that may have arrived works', async () => {
    stage.mailbox.setBehaviour('hang-after-data')
    const { walk, ms } = await askMs('hang@fabrikam.example')
    expect(ms).toBeLessThan(2000)
    const mail = await until('its content arrived', () => stage.mailbox.seen.find(({ to }) => to === 'hang@fabrikam.example'))
    const end = await submit(walk, 'code', { code: mail.code ?? '' })
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.mailbox.seen.filter(({ to }) => to === 'hang@fabrikam.example')).toHaveLength(1)
  })

  test('F-19 killed while a mail is being sent: the challenge stays good, and at most one mail more arrives', async () => {
    stage.mailbox.setBehaviour('hang-after-data')
    const walk = await ask(stage, 'killed@fabrikam.example')
    const first = await until('its content arrived', () => stage.mailbox.seen.find(({ to }) => to === 'killed@fabrikam.example'))
    await stage.service.kill9()
    stage.mailbox.setBehaviour('accept')
    await stage.service.restart()
    const page = await walk.visitor.open(walk.home)
    expect(page.status).toBe(200)
    const end = await submit({ ...walk, page }, 'code', { code: first.code ?? '' })
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.mailbox.seen.filter(({ to }) => to === 'killed@fabrikam.example').length).toBeLessThanOrEqual(2)
  })

  test('F-19 killed before it began to send: the mail, of which only its row tells, comes within forty seconds, once', async () => {
    const email = 'unsent@fabrikam.example'
    await stage.mailbox.down()
    const silent = createServer((socket) => socket.resume())
    const asked = once(silent, 'connection')
    silent.listen(Number(new URL(stage.mailbox.url).port), '127.0.0.1')
    const walk = await ask(stage, email)
    await asked
    await stage.service.kill9()
    await new Promise((resolve) => silent.close(resolve))
    await stage.mailbox.up()
    expect(await deliveryOf(email)).toMatchObject({ state: 'sending' })
    await stage.service.restart()
    const mail = await stage.mailbox.next(email, { withinSeconds: 40 })
    const end = await submit({ ...walk, page: await walk.visitor.open(walk.home) }, 'code', { code: mail.code ?? '' })
    expect((await walk.visitor.get(end.location ?? '')).status).toBe(200)
    expect(stage.mailbox.count(email)).toBe(1)
  })
})
