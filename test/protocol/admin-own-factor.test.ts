import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { callApi, createAdministrator, personToken, setRole, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith, type Page } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import { germanNumber, giveNumber } from './text-walk.ts'

const STEPS_MAX = 10

let stage: Stage

beforeAll(async () => {
  stage = await startAdminStage({ texts: true })
}, 60_000)
afterAll(() => stage.stop())

test('R-109, R-175 an email and a text open no console: an authenticator of their own is set up first', async () => {
  const email = 'two-channels@fabrikam.example'
  const number = germanNumber(901)
  await stage.signIn(email)
  await giveNumber(stage, email, number)
  await setRole(stage.service, email, 'admin')
  const visitor = createVisitor(stage.service)
  let page = await visitor.open(`${stage.service.issuer}/admin`)
  for (let step = 0; step < STEPS_MAX && !/Set up a second proof/.test(page.words); step++) {
    expect(page.url).not.toMatch(/\/admin$/)
    page = await visitor.follow(await onward(page))
  }
  expect(page.words).toContain('Set up a second proof')
  expect((await visitor.get(`${stage.service.issuer}/admin/clients`)).status).toBe(303)

  async function onward(from: Page): Promise<Page> {
    const identify = formWith(from, 'identifier')
    if (identify) return visitor.submit(identify, { identifier: email })
    const way = from.forms.find(({ buttons }) => buttons.some(({ value }) => value === 'sms'))
    if (way) return visitor.submit(way, {}, 'sms')
    const code = formWith(from, 'code')
    if (!code) throw new Error(`no way on from ${from.url}: ${from.words}`)
    const { code: typed } = await (/Check your email/.test(from.words) ? stage.mailbox.next(email) : stage.texts.sns.next(number))
    return visitor.submit(code, { code: typed ?? '' })
  }
})

test('R-109, R-175 a token counts for nothing once the last authenticator is gone', async () => {
  const me = await createAdministrator(stage, 'ada@fabrikam.example')
  await stage.moveClock(31) // a code of the authenticator counts once
  const token = await personToken(stage, me)
  expect((await callApi(stage.service, token, 'GET', '/clients')).status).toBe(200)
  await query(stage.service.databaseUrl, `delete from credential where account_id = $1 and kind = 'totp'`, [me.accountId])
  const answer = await callApi(stage.service, token, 'GET', '/clients')
  expect([answer.status, answer.headers['www-authenticate']]).toEqual([
    401,
    expect.stringContaining('insufficient_user_authentication'),
  ])
})
