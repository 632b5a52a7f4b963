import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openAccount } from '../support/account.ts'
import { callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { createVisitor, formWith } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'
import {
  type App,
  appOf,
  authorize,
  authorizeUrl,
  newVerifier,
  redeem,
  refresh,
  silently,
  tokensOf,
  userinfo,
} from './protocol.ts'

let stage: Stage
let app: App
let token: string
beforeAll(async () => {
  // Nobody joins by themselves: who is here was imported, or invited.
  stage = await startAdminStage({ env: { SIGNUP: 'invited' }, client: { refresh_token: 'always' } })
  app = appOf(stage)
  token = await machineToken(stage.service)
})
afterAll(async () => {
  await stage?.stop()
})

const api = (method: string, path: string, body?: unknown) => callApi(stage.service, token, method, path, { body })

async function imported(name: string, more: Record<string, unknown> = {}): Promise<string> {
  const line = { sub: `legacy|${name}`, email: `${name}@fabrikam.example`, email_proven: true, ...more }
  const { body } = await api('POST', '/accounts-import', { accounts: [line] })
  expect(body).toMatchObject({ results: [{ outcome: 'created', account_id: line.sub }] })
  return line.sub
}

const suspend = async (sub: string) =>
  expect(await api('POST', `/accounts/${encodeURIComponent(sub)}/suspend`, {})).toMatchObject({
    status: 200,
    body: { state: 'suspended' },
  })
const resume = async (sub: string) =>
  expect(await api('POST', `/accounts/${encodeURIComponent(sub)}/resume`, {})).toMatchObject({
    status: 200,
    body: { state: 'active' },
  })

/** The waiting page of a sign-in that has begun, and the code of its mail. */
async function waiting(address: string) {
  const visitor = createVisitor(stage.service)
  const first = await visitor.open(authorizeUrl(stage.service, app, newVerifier()))
  const identify = formWith(first, 'identifier')
  if (!identify) throw new Error(first.words)
  const page = await visitor.follow(await visitor.submit(identify, { identifier: address }))
  return { visitor, page, mail: await stage.mailbox.next(address) }
}

describe('a person whom an administrator suspends', () => {
  test('R-024, R-135 is out everywhere with the answer: tokens, codes, sessions and the account page', async () => {
    const sub = await imported('everywhere')
    const { body, visitor } = await tokensOf(stage, app, { email: 'everywhere@fabrikam.example' })
    const page = await openAccount(stage, visitor, 'everywhere@fabrikam.example')
    const issued = await authorize(stage, app, { email: 'everywhere@fabrikam.example', visitor })
    expect((await userinfo(stage.service, body.access_token)).body.sub).toBe(sub)
    await suspend(sub)
    expect((await userinfo(stage.service, body.access_token)).status).toBe(401)
    expect((await refresh(stage.service, app, body.refresh_token)).body.error).toBe('invalid_grant')
    expect((await redeem(stage.service, app, issued)).body.error).toBe('invalid_grant')
    const back = await silently(stage, app, visitor, { prompt: 'none' })
    expect(back?.searchParams.get('error')).toBe('login_required')
    const again = await visitor.open(page.url)
    expect(formWith(again, 'identifier')).toBeDefined()
  })

  test('is told by mail that the account is closed, and signs in again when it is resumed, as the same subject', async () => {
    const sub = await imported('resumed')
    await suspend(sub)
    const { mail } = await waiting('resumed@fabrikam.example')
    expect([mail.code, mail.link]).toEqual([null, null])
    expect(mail.text).toContain('closed or suspended')
    await resume(sub)
    const { body } = await tokensOf(stage, app, { email: 'resumed@fabrikam.example' })
    expect((await userinfo(stage.service, body.access_token)).body.sub).toBe(sub)
  })

  test('R-095 does not come in by the code of a sign-in that was under way, nor by a proof that was given before', async () => {
    const sub = await imported('midway')
    const { visitor, page, mail } = await waiting('midway@fabrikam.example')
    await suspend(sub)
    const answer = formWith(page, 'code')
    if (!answer) throw new Error(page.words)
    const end = await visitor.follow(await visitor.submit(answer, { code: mail.code ?? '' }))
    expect(end.location).toBeNull()
    expect(end.words).toMatch(/closed/i)
    expect(end.words).not.toContain('midway@')
  })

  test('comes in by no sign-in that ends while they are being suspended, in five windows at once', async () => {
    const sub = await imported('racing')
    const windows = []
    for (let n = 0; n < 5; n++) windows.push(await waiting('racing@fabrikam.example'))
    const answers = windows.map(async ({ visitor, page, mail }) => {
      const form = formWith(page, 'code')
      return form && visitor.follow(await visitor.submit(form, { code: mail.code ?? '' }))
    })
    await Promise.all([...answers, suspend(sub)])
    for (const { visitor } of windows) {
      const back = await silently(stage, app, visitor, { prompt: 'none' })
      expect(back?.searchParams.get('error')).toBe('login_required')
    }
    expect((await api('GET', `/accounts/${encodeURIComponent(sub)}`)).body).toMatchObject({
      state: 'suspended',
      sessions: [],
      apps: [],
    })
  })
})

describe('where only invited people may join', () => {
  test('R-085 a stranger and somebody invited see the same until they prove; then one has an account', async () => {
    expect(await api('POST', '/invitations', { address: 'guest@contoso.example', client_id: app.id })).toMatchObject({
      status: 201,
    })
    const invitation = await stage.mailbox.next('guest@contoso.example')
    expect(invitation.subject).toContain('invited')
    expect([invitation.code, invitation.link]).toEqual([null, null])
    const [guest, stranger] = [await waiting('guest@contoso.example'), await waiting('other@contoso.example')]
    const words = ({ page }: typeof guest) => page.words.replaceAll(/g•••t|o•••r/g, 'x').replaceAll(/\d+/g, 'n')
    expect(words(guest)).toBe(words(stranger))
    expect([guest.mail.code !== null, stranger.mail.code]).toEqual([true, null])
    await stage.signIn('guest@contoso.example')
    expect((await api('GET', '/accounts?q=contoso')).body).toMatchObject({ items: [] })
    expect((await api('GET', '/accounts?q=@contoso')).body).toMatchObject({ items: [{ email: 'guest@contoso.example' }] })
    expect((await api('GET', '/invitations')).body).toMatchObject({ items: [] })
  })

  test('somebody who was imported signs in by an address that nobody had proven, and keeps the subject', async () => {
    const sub = await imported('unproven', { email_proven: false, profile: { name: 'Una' } })
    const { body } = await tokensOf(stage, app, { email: 'unproven@fabrikam.example' })
    expect((await userinfo(stage.service, body.access_token)).body).toMatchObject({ sub, name: 'Una', email_verified: true })
  })
})
