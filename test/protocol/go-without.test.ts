import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { appOf, authorize, authorizeUrl, newVerifier } from './protocol.ts'
import {
  addRecoveryCodes,
  afterFirst,
  askedOn,
  choosing,
  toDoor,
  tokenOf,
  toRecovery,
  typing,
  type Walker,
} from './second-standing.ts'
import { addAuthenticator, addNumber, essential, stepUp, THREE, TWO } from './second-walk.ts'
import { anyStep, askForText, here, nameDigits, toStep, withField } from './text-walk.ts'

const ONE = 'urn:doorward:acr:1'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage?.stop())

const wishing = (acr: string) => ({ parameters: { prompt: 'login', acr_values: acr } })
const offered = ({ page }: Pick<Walker, 'page'>) => page.forms.some(({ action }) => action.endsWith('/without'))

async function goWithout(walk: Walker): Promise<Walker> {
  const { visitor } = walk
  return { ...walk, page: await visitor.follow(await visitor.submit(toStep(walk, 'without'))) }
}

describe('an application wishes for more than a person can prove now', () => {
  test('R-032 another channel: the person may go on without it, and the application is told the true, lower acr', async () => {
    const email = 'no-phone-here@fabrikam.example'
    await stage.signIn(email)
    await addNumber(stage.service, email, '+4915123888001')
    const choice = await afterFirst(stage, email, wishing(TWO))
    expect([askedOn(choice), offered(choice)]).toEqual(['way', true])
    expect(await tokenOf(stage, await goWithout(choice))).toMatchObject({ acr: ONE, amr: ['email_code'] })
  })

  test('R-101 an authenticator that was lost: a recovery code gives what the person owes, and no more is needed', async () => {
    const email = 'lost-it@fabrikam.example'
    await stage.signIn(email)
    await addAuthenticator(stage.service, email)
    const [code = ''] = await addRecoveryCodes(stage.service, email)
    const first = await afterFirst(stage, email, wishing(THREE))
    expect([askedOn(first), offered(first)]).toEqual(['factor', true])
    const choice = await goWithout(first)
    expect([askedOn(choice), offered(choice)]).toEqual(['way', false])
    const end = await typing(await choosing(choice, 'recovery'), code)
    expect(await tokenOf(stage, end)).toMatchObject({ acr: TWO, amr: ['email_code', 'recovery_code', 'mfa'] })
  })

  test('R-101 with no recovery code left there is no way around the authenticator', async () => {
    const email = 'only-the-app@fabrikam.example'
    await stage.signIn(email)
    const authenticator = await addAuthenticator(stage.service, email)
    const first = await afterFirst(stage, email, wishing(THREE))
    expect([askedOn(first), offered(first)]).toEqual(['factor', false])
    const forced = await anyStep(first, 'without')
    expect(forced.status).toBe(303)
    const still = { ...first, ...(await here(first)) }
    expect(askedOn(still)).toBe('factor')
    expect(await tokenOf(stage, await typing(still, authenticator()))).toMatchObject({ acr: THREE })
  })

  test('R-032 who insists on it is not gone on without', async () => {
    const email = 'insisted@fabrikam.example'
    await stage.signIn(email)
    await addNumber(stage.service, email, '+4915123888002')
    const choice = await afterFirst(stage, email, { parameters: { prompt: 'login', claims: essential(TWO) } })
    expect([askedOn(choice), offered(choice)]).toEqual(['way', false])
    await anyStep(choice, 'without')
    expect(askedOn({ ...choice, ...(await here(choice)) })).toBe('way')
  })

  test('R-101 what only the person’s own authenticator asks for is not gone on without', async () => {
    const email = 'nobody-wishes@fabrikam.example'
    await stage.signIn(email)
    await addAuthenticator(stage.service, email)
    await addRecoveryCodes(stage.service, email)
    const first = await afterFirst(stage, email)
    expect([askedOn(first), offered(first)]).toEqual(['factor', false])
    await anyStep(first, 'without')
    expect(askedOn({ ...first, ...(await here(first)) })).toBe('factor')
    const choice = await toRecovery(first)
    expect(offered(choice)).toBe(false)
  })

  test('R-103 nobody goes on without the first proof', async () => {
    const visitor = createVisitor(stage.service)
    const page = await visitor.open(authorizeUrl(stage.service, appOf(stage), newVerifier(), { acr_values: THREE }))
    const door = { visitor, page, home: page.url }
    await anyStep(door, 'without')
    expect(askedOn(await here(door))).toBe('identify')
  })

  test('R-032 a living session goes on without it too, as what it is', async () => {
    const email = 'lives-on@fabrikam.example'
    const { visitor } = await authorize(stage, appOf(stage), { email })
    await addNumber(stage.service, email, '+4915123888003')
    const verifier = newVerifier()
    const page = await visitor.open(authorizeUrl(stage.service, appOf(stage), verifier, { acr_values: TWO }))
    const choice = { visitor, page, home: page.url, app: appOf(stage), verifier }
    expect([askedOn(choice), offered(choice)]).toEqual(['way', true])
    expect(await tokenOf(stage, await goWithout(choice))).toMatchObject({ acr: ONE, amr: ['email_code'] })
  })

  test('R-121 a remembered browser owes nothing, and goes on without it', async () => {
    const email = 'remembered-here@fabrikam.example'
    const { visitor } = await authorize(stage, appOf(stage), { email })
    const authenticator = await addAuthenticator(stage.service, email)
    await stepUp(stage, visitor, {}, authenticator, { remember: true })
    const first = await afterFirst(stage, email, { visitor, ...wishing(THREE) })
    expect([askedOn(first), offered(first)]).toEqual(['factor', true])
    expect(await tokenOf(stage, await goWithout(first))).toMatchObject({ acr: ONE })
  })
})

describe('email and text as each other’s second proof', () => {
  test('R-102 a text that was asked for by wrong digits gives way to the one on file', async () => {
    const [email, number] = ['other-digits@fabrikam.example', '+4915123888044']
    await stage.signIn(email)
    await addNumber(stage.service, email, number)
    const door = await toDoor(stage, { parameters: { prompt: 'login', claims: essential(TWO) } })
    await door.visitor.submit(withField(door.page, 'identifier'), { identifier: email })
    const { code } = await stage.mailbox.next(email)
    await nameDigits(await askForText({ ...door, ...(await here(door)) }), '99')
    await door.visitor.submit(toStep(await here(door), 'email'))
    const first = await typing({ ...door, ...(await here(door)) }, code)
    expect(askedOn(first)).toBe('way')
    const wait = await choosing(first, 'sms')
    const text = await stage.texts.sns.next(number)
    expect(await tokenOf(stage, await typing(wait, text.code))).toMatchObject({ acr: TWO, amr: ['email_code', 'sms', 'mca'] })
  })

  test('R-102 after a text by the number on file the email that was sent first is the second', async () => {
    const [email, number] = ['text-first@fabrikam.example', '+4915123888045']
    await stage.signIn(email)
    await addNumber(stage.service, email, number)
    const door = await toDoor(stage, { parameters: { prompt: 'login', claims: essential(TWO) } })
    await door.visitor.submit(withField(door.page, 'identifier'), { identifier: email })
    const mail = await stage.mailbox.next(email)
    await nameDigits(await askForText({ ...door, ...(await here(door)) }), '45')
    const text = await stage.texts.sns.next(number)
    const wait = await typing({ ...door, ...(await here(door)) }, text.code)
    expect(askedOn(wait)).toBe('answer')
    expect(await tokenOf(stage, await typing(wait, mail.code))).toMatchObject({ acr: TWO })
  })
})
