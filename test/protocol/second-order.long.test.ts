import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { type App, appOf, silently } from './protocol.ts'
import {
  addRecoveryCodes,
  afterFirst,
  askedOn,
  choosing,
  countOf,
  toCode,
  toDoor,
  tokenOf,
  toRecovery,
  typing,
  type Walker,
} from './second-standing.ts'
import { addAuthenticator, essential, THREE, TWO } from './second-walk.ts'
import { anyStep, germanNumber, giveNumber, here, quiet, toStep } from './text-walk.ts'

const strict: App = { id: 'strict', secret: null, redirectUri: 'https://strict.example/callback' }

let stage: Awaited<ReturnType<typeof startPairStage>>
let places = 0

beforeAll(async () => {
  const { id, redirectUri } = strict
  const client = { client_id: id, token_endpoint_auth_method: 'none', redirect_uris: [redirectUri], first_party: true }
  stage = await startPairStage({
    texts: true,
    env: { LIMITS: GENEROUS_LIMITS },
    clients: [{ ...client, second_factor: 'required' }],
  })
})
afterAll(() => stage?.stop())

/** Somebody with an account and a number, proven so many seconds ago. */
async function withNumber(email: string, secondsAgo = 0): Promise<string> {
  const number = germanNumber(20_001 * ++places)
  await stage.signIn(email)
  await giveNumber(stage, email, number, secondsAgo)
  return number
}

const textsTo = (number: string) =>
  [...stage.texts.sns.taken, ...stage.texts.twilio.taken].filter(({ to }) => to === number).length
const now = async (walk: Walker): Promise<Walker> => ({ ...walk, ...(await here(walk)) })

describe('before the first proof', () => {
  test('R-103 no second one is asked for, and none is taken: not the right code, not a recovery code, not a new factor', async () => {
    const email = 'too-early@fabrikam.example'
    const number = await withNumber(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const [recovery = ''] = await addRecoveryCodes(stage.service, email)
    for (const app of [undefined, strict]) {
      const options = app ? { app } : {}
      for (const walk of [await toDoor(stage, options), await toCode(stage, email, options)]) {
        const before = askedOn(walk)
        for (const way of ['totp', 'recovery', 'email', 'sms']) await anyStep(walk, 'way', { way })
        for (const step of ['enrol', 'keep-codes', 'other-way']) await anyStep(walk, step)
        for (const code of [authenticator(), recovery]) {
          await anyStep(walk, 'factor', { code, remember: 'on' })
          await anyStep(walk, 'enrol-code', { code, name: 'mine' })
          await anyStep(walk, 'answer', { code })
        }
        await anyStep(walk, 'second', { identifier: 'mine@elsewhere.example' })
        expect(await walk.visitor.get(`${walk.home}/continue`)).toMatchObject({ status: 303, location: walk.home })
        expect(askedOn(await now(walk))).toBe(before)
        expect(walk.visitor.jar.value(stage.service.issuer, 'device')).toBeUndefined()
      }
    }
    await quiet(stage)
    expect([textsTo(number), stage.mailbox.count('mine@elsewhere.example')]).toEqual([0, 0])
    const used = `credential c join address a using (account_id) where canonical = $1 and (counter > 0 or last_used_at is not null)`
    expect(await countOf(stage.service, used, [email])).toBe(0)
  })

  test('R-117 a recovery code opens no session without the email or the text, typed as an address or as a code', async () => {
    const email = 'code-alone@fabrikam.example'
    await stage.signIn(email)
    await addAuthenticator(stage.service, email)
    const [recovery = ''] = await addRecoveryCodes(stage.service, email)
    const door = await toDoor(stage)
    await anyStep(door, 'identify', { identifier: recovery })
    expect(askedOn(await now(door))).toBe('identify')
    const waiting = await toCode(stage, email)
    await anyStep(waiting, 'answer', { code: recovery })
    expect(askedOn(await now(waiting))).toBe('answer')
    await stage.mailbox.next(email)

    // In place of the authenticator it counts, and only for its own person.
    const other = 'not-mine@fabrikam.example'
    await stage.signIn(other)
    await addAuthenticator(stage.service, other)
    await addRecoveryCodes(stage.service, other)
    const theirs = await typing(await toRecovery(await afterFirst(stage, other)), recovery)
    expect(askedOn(theirs)).toBe('factor')
    const mine = await typing(await toRecovery(await afterFirst(stage, email)), recovery)
    expect(await tokenOf(stage, mine)).toMatchObject({ acr: TWO, amr: ['email_code', 'recovery_code', 'mfa'] })
  })
})

describe('the same channel', () => {
  test('R-102 email after email is no second proof: it is not offered, and does not count when it is sent all the same', async () => {
    const email = 'email-twice@fabrikam.example'
    await stage.signIn(email)
    const walk = await afterFirst(stage, email, { app: strict })
    expect(askedOn(walk)).toBe('enrol')
    const mails = stage.mailbox.count(email)
    for (const [step, fields] of [
      ['way', { way: 'email' }],
      ['second', { identifier: email }],
      ['email', {}],
      ['resend', {}],
    ] as const) {
      await anyStep(walk, step, fields)
      expect([step, askedOn(await now(walk))]).toEqual([step, 'enrol'])
    }
    await quiet(stage)
    expect(stage.mailbox.count(email)).toBe(mails)
  })

  test('R-102, R-069 a text after an email is one, and level two; the same text or the same email again is not', async () => {
    const email = 'email-and-text@fabrikam.example'
    const number = await withNumber(email)
    const choice = await afterFirst(stage, email, { app: strict })
    expect(askedOn(choice)).toBe('way')
    expect(choice.page.text).not.toContain('value="email"')
    const waiting = await choosing(choice, 'sms')
    const { code } = await stage.texts.sns.next(number)
    expect(await tokenOf(stage, await typing(waiting, code))).toMatchObject({ acr: TWO, amr: ['email_code', 'sms', 'mca'] })

    const other = await afterFirst(stage, number, { app: strict })
    expect(askedOn(other)).toBe('way')
    expect(other.page.text).not.toContain('value="sms"')
    const texts = textsTo(number)
    for (const step of ['way', 'text', 'digits']) await anyStep(other, step, { way: 'sms', digits: number.slice(-2) })
    await quiet(stage)
    expect(textsTo(number)).toBe(texts)
    const mailed = await choosing(await now(other), 'email')
    const mail = await stage.mailbox.next(email)
    expect(await tokenOf(stage, await typing(mailed, mail.code))).toMatchObject({ acr: TWO, amr: ['sms', 'email_code', 'mca'] })
  })

  test('R-102 somebody else’s email after a text is theirs alone', async () => {
    const email = 'mine-and-theirs@fabrikam.example'
    const number = await withNumber(email)
    const walk = await afterFirst(stage, number, { app: strict })
    await anyStep(walk, 'second', { identifier: 'theirs@fabrikam.example' })
    expect(askedOn(await now(walk))).toBe('way')
    expect(stage.mailbox.count('theirs@fabrikam.example')).toBe(0)
  })
})

describe('an authenticator that was set up', () => {
  test('R-101 is not got around by the other channel, asked for by hand', async () => {
    const email = 'by-hand@fabrikam.example'
    const number = await withNumber(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const walk = await afterFirst(stage, number)
    expect(askedOn(walk)).toBe('factor')
    for (const [step, fields] of [
      ['second', { identifier: email }],
      ['way', { way: 'email' }],
      ['email', {}],
    ] as const) {
      await anyStep(walk, step, fields)
      expect([step, askedOn(await now(walk))]).toEqual([step, 'factor'])
    }
    expect(await tokenOf(stage, await typing(await now(walk), authenticator()))).toMatchObject({ amr: ['sms', 'otp', 'mfa'] })
  })

  test('R-101 is asked for in a living session that proved two channels before it', async () => {
    const email = 'two-channels-before@fabrikam.example'
    const number = await withNumber(email)
    const waiting = await choosing(await afterFirst(stage, email, { app: strict }), 'sms')
    const { visitor, ...end } = await typing(waiting, (await stage.texts.sns.next(number)).code)
    expect(await tokenOf(stage, { ...end, visitor })).toMatchObject({ acr: TWO })
    const authenticator = await addAuthenticator(stage.service, email)
    const choice = await toDoor(stage, { visitor, parameters: {} })
    expect(askedOn(choice)).toBe('way')
    const stepped = await typing(await choosing(choice, 'totp'), authenticator())
    expect(await tokenOf(stage, stepped)).toMatchObject({ acr: THREE, amr: ['email_code', 'sms', 'otp', 'mfa'] })
  })

  test('R-032 a recovery code stands in for it, and not where the application insists on it', async () => {
    const email = 'insists@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    await addRecoveryCodes(stage.service, email)
    const walk = await afterFirst(stage, email, { parameters: { prompt: 'login', claims: essential(THREE) } })
    await anyStep(walk, 'way', { way: 'recovery' })
    expect((await now(walk)).page.words).toContain('authenticator app')
    expect(await tokenOf(stage, await typing(await now(walk), authenticator()))).toMatchObject({ acr: THREE })
  })

  test('whoever gives it up goes back to the application, which is told so, and nobody is signed in', async () => {
    const email = 'gives-up@fabrikam.example'
    await stage.signIn(email)
    await addAuthenticator(stage.service, email)
    const walk = await afterFirst(stage, email)
    const end = await walk.visitor.follow(await walk.visitor.submit(toStep(walk, 'leave')))
    expect(new URL(String(end.location)).searchParams.get('error')).toBe('access_denied')
    expect((await silently(stage, appOf(stage), walk.visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe(
      'login_required',
    )
  })
})
