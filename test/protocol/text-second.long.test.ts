import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '../faults/fault-tools.ts'
import { query } from '../support/database.ts'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { startPairStage } from '../support/stage.ts'
import { leadsOn } from '../support/way-on.ts'
import { appOf, silently } from './protocol.ts'
import { staleNumbers } from './stale-numbers.ts'
import {
  anyStep,
  askForText,
  germanNumber,
  here,
  identify,
  moneyOf,
  nameDigits,
  posting,
  quiet,
  type Standing,
  statuses,
  toStep,
  typeCode,
  withField,
} from './text-walk.ts'

const ONE_PROOF = 'urn:doorward:acr:1'
const TWO_CHANNELS = 'urn:doorward:acr:2'

let stage: Awaited<ReturnType<typeof startPairStage>>
let people: ReturnType<typeof staleNumbers>

beforeAll(async () => {
  stage = await startPairStage({ texts: true, env: { LIMITS: GENEROUS_LIMITS } })
  people = staleNumbers(stage)
})
afterAll(() => stage?.stop())

describe('a number that was not proven for long', () => {
  test('R-093, R-102, R-069 opens its account with the account’s email as well: two channels, and no authenticator; then alone again', async () => {
    const person = await people.stalePerson('both')
    const walk = await people.typeEmail(await people.proveNumber(person), person.email)
    const { code } = await stage.mailbox.next(person.email)
    const token = await people.finish(walk, code)
    expect(token).toMatchObject({ sub: person.sub, acr: TWO_CHANNELS })
    expect([...(token.amr as string[])].sort()).toEqual(['email_code', 'mca', 'sms'])

    await stage.signIn(person.number)
    expect(stage.relyingParty.last().idToken).toMatchObject({ sub: person.sub, acr: ONE_PROOF, amr: ['sms'] })
  })

  test('R-093 opens it by the emailed link just as well', async () => {
    const person = await people.stalePerson('by-link')
    const walk = await people.typeEmail(await people.proveNumber(person), person.email)
    const { link } = await stage.mailbox.next(person.email)
    const opened = await walk.visitor.open(link ?? '')
    const button = opened.forms.find(({ method }) => method === 'POST')
    if (!button) throw new Error(opened.words)
    const end = await walk.visitor.follow(await walk.visitor.submit(button))
    await walk.visitor.get(end.location ?? '')
    const { sub, amr } = stage.relyingParty.last().idToken
    expect([sub, [...(amr as string[])].sort()]).toEqual([person.sub, ['email_link', 'mca', 'sms']])
  })

  test('R-100 gives no right between the proofs: no session, no code, nothing in silence, no cookie that says otherwise', async () => {
    const person = await people.stalePerson('between')
    const walk = await people.proveNumber(person)
    await people.expectNoRights(walk)
    const sent = await people.typeEmail(walk, person.email)
    await people.expectNoRights(sent)
    expect(
      await people.count(
        `oidc_record where model in ('Session', 'AuthorizationCode') and account_id = $1 and payload -> 'amr' ? 'sms'`,
        [person.sub],
      ),
    ).toBe(0)
    const events = 'audit_entry e join challenge c on c.attempt_id = e.attempt_id where c.target = $1 and e.event = $2'
    expect(await people.count(events, [person.number, 'sign_in.second_needed'])).toBe(1)
    expect(await people.count(events, [person.number, 'sign_in.proven'])).toBe(0)
    expect(
      (
        await query<{ at: Date }>(stage.service.databaseUrl, 'select proven_at as at from address where canonical = $1', [
          person.number,
        ])
      )[0]?.at.getTime(),
    ).toBeLessThan(Date.now() - 300 * 86_400_000)
  })

  test('R-100 gives no right when the sign-in is given up or begun anew after the first proof', async () => {
    const person = await people.stalePerson('given-up')
    const walk = await people.proveNumber(person)
    await walk.visitor.submit(toStep(walk, 'restart'))
    await people.expectNoRights(await here(walk))
    const again = await people.proveNumber(person)
    await anyStep(again, 'identify', { identifier: 'somebody-else@fabrikam.example' })
    await people.expectNoRights(await here(again))
  })

  test('R-103 asks for no second proof before the first one is given', async () => {
    const person = await people.stalePerson('too-early')
    const mails = stage.mailbox.received.length
    for (const walk of [
      await identify(stage, person.number),
      await here(await identify(stage, 'early-unknown@fabrikam.example')),
    ]) {
      const answer = await anyStep(walk, 'second', { identifier: person.email })
      expect([answer.status, answer.location]).toEqual([303, walk.home])
    }
    await stage.mailbox.next('early-unknown@fabrikam.example')
    await quiet(stage)
    expect(stage.mailbox.received.length).toBe(mails + 1)
    expect(
      await people.count(
        `audit_entry where event = 'sign_in.second_started' and detail ->> 'address' is not null and attempt_id in (select attempt_id from challenge where target = $1)`,
        [person.number],
      ),
    ).toBe(0)
    // Nor does the first one's code stand in for the second, or a guess at the second one's.
    const { code } = await stage.texts.sns.next(person.number)
    const walk = await people.proveNumber(person)
    for (const typed of [code ?? '', '123456', 'ABCDEFGHJKMN']) {
      const answer = await anyStep(walk, 'answer', { code: typed })
      expect([answer.status, answer.location]).toEqual([303, walk.home])
    }
    await people.expectNoRights(walk)
  })

  test('R-102 takes no second proof by the same channel: not the same number, not another one, not the number on file', async () => {
    const person = await people.stalePerson('same-channel')
    const walk = await people.proveNumber(person)
    for (const identifier of [person.number, germanNumber(999_001), '0151 23999002', 'not an address', '']) {
      const again = await people.typeEmail(walk, identifier)
      expect([identifier, again.page.forms.some(({ action }) => action.endsWith('/second'))]).toEqual([identifier, true])
    }
    // With the mail under way, every step that leads to a text leads back to the page of the mail.
    await people.typeEmail(walk, person.email)
    const { code } = await stage.mailbox.next(person.email)
    const sent = await until('the mail is handed over', async () => {
      const now = await here(walk)
      return /Handed/.test(now.page.words) ? now : null
    })
    expect(sent.page.forms.filter(({ action }) => /\/(text|digits)$/.test(action))).toEqual([])
    for (const [step, fields] of Object.entries({
      text: {},
      digits: { digits: person.number.slice(-2) },
      work: {},
      identify: undefined,
    })) {
      if (!fields) continue
      expect([step, (await anyStep(sent, step, fields)).location]).toEqual([step, sent.home])
      expect(said(await here(sent))).toBe(said(sent))
    }
    await quiet(stage)
    expect((await moneyOf(stage, person.number)).texts).toBe(1)
    expect((await people.finish(await here(sent), code)).sub).toBe(person.sub)
  })
  const said = ({ page }: Standing) => page.words.replace(/\d\d:\d\d|in \d+ seconds/g, '')

  test('R-102 asks for one second proof at a time, and for one mail, however often it is sent over two instances', async () => {
    const person = await people.stalePerson('twenty')
    const walk = await people.proveNumber(person)
    const post = posting(walk.visitor, withField(walk.page, 'identifier'), { identifier: person.email })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => post(index % 2 === 0 ? stage.service : stage.second)),
    )
    expect(statuses(answers)).toEqual({ 303: 20 })
    const { code } = await stage.mailbox.next(person.email)
    expect(await people.count(`delivery where target = $1 and channel = 'email'`, [person.email])).toBe(2) // and that of the sign-up
    const form = withField((await here(walk)).page, 'code')
    const proofs = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        posting(walk.visitor, form, { code: code ?? '' })(index % 2 === 0 ? stage.service : stage.second),
      ),
    )
    expect(proofs.filter(({ headers }) => leadsOn(headers.location))).toHaveLength(1)
    expect(statuses(proofs)).toEqual({ 303: 20 })
  })

  test('R-102, R-093 never counts proofs of two accounts together: another’s email opens that one account, as one proof', async () => {
    const person = await people.stalePerson('mine')
    await stage.signIn('theirs@fabrikam.example')
    const theirs = stage.relyingParty.last().idToken.sub
    for (const email of ['theirs@fabrikam.example', 'nobodys@fabrikam.example']) {
      const walk = await people.typeEmail(await people.proveNumber(person), email)
      const { code } = await stage.mailbox.next(email)
      const token = await people.finish(walk, code)
      expect(token.sub).not.toBe(person.sub)
      if (email.startsWith('theirs')) expect(token.sub).toBe(theirs)
      expect(token).toMatchObject({ amr: ['email_code'], acr: ONE_PROOF })
      expect(await people.phoneOf(token.sub)).toBeUndefined()
    }
    expect(await people.phoneOf(person.sub)).toBe(person.number)
    // The number is as old as before: it still asks.
    await people.proveNumber(person)
  })

  test('R-095 opens nothing when the account is suspended between the proofs', async () => {
    const person = await people.stalePerson('suspended-between')
    const walk = await people.typeEmail(await people.proveNumber(person), person.email)
    const { code } = await stage.mailbox.next(person.email)
    await query(stage.service.databaseUrl, `update account set state = 'suspended' where id = $1`, [person.sub])
    const answer = await walk.visitor.submit(withField(walk.page, 'code'), { code: code ?? '' })
    expect(answer.status).toBe(403)
    expect((await walk.visitor.get(`${walk.home}/continue`)).headers.location).toBe(`/sign-in/${walk.home.split('/').at(-1)}`)
    expect((await silently(stage, appOf(stage), walk.visitor, { prompt: 'none' }))?.searchParams.get('error')).toBe(
      'login_required',
    )
  })

  test('R-100, R-051 asks again from the beginning when the first proof has grown old', async () => {
    const person = await people.stalePerson('slow')
    const walk = await people.typeEmail(await people.proveNumber(person), person.email)
    const { code, link } = await stage.mailbox.next(person.email)
    await stage.moveClock(601)
    const late = await here(walk)
    expect(late.page.forms.some(({ fields }) => fields.includes('code'))).toBe(false)
    expect((await anyStep(walk, 'answer', { code: code ?? '' })).location).toBe(walk.home)
    await people.expectNoRights(walk)
    const opened = await walk.visitor.open(link ?? '')
    for (const form of opened.forms.filter(({ action }) => /\/link\//.test(action))) await walk.visitor.submit(form)
    await people.expectNoRights(walk)
  })

  test('R-093 reached by the email first asks for nothing more: two proofs of one account count', async () => {
    const person = await people.stalePerson('on-file')
    const walk = await askForText(await identify(stage, person.email))
    await nameDigits(walk, person.number.slice(-2))
    const text = await stage.texts.sns.next(person.number)
    expect(await typeCode(await here(walk), text.code)).toBe(false)
    // The mail of this sign-in was never answered: it is the second proof now.
    const second = await here(walk)
    const { code } = await stage.mailbox.next(person.email)
    const token = await people.finish(second, code)
    expect(token.sub).toBe(person.sub)
    expect([...(token.amr as string[])].sort()).toEqual(['email_code', 'mca', 'sms'])
  })

  test('S-1, R-100 stands where it stood after a kill -9 between the proofs', async () => {
    const person = await people.stalePerson('killed-between')
    const walk = await people.proveNumber(person)
    await stage.service.kill9()
    await stage.service.restart()
    const after = await here(walk)
    expect(after.page.forms.some(({ action }) => action.endsWith('/second'))).toBe(true)
    await people.expectNoRights(after)
    const sent = await people.typeEmail(after, person.email)
    const { code } = await stage.mailbox.next(person.email)
    await stage.service.kill9()
    await stage.service.restart()
    expect((await people.finish(await here(sent), code)).sub).toBe(person.sub)
  })
})

describe('an account that has its number alone', () => {
  test('R-093, R-033 is not opened by a number that was not proven for long: a new one begins, and the old one keeps nothing of it', async () => {
    const number = germanNumber(888_001)
    await stage.signIn(number)
    const old = stage.relyingParty.last().idToken.sub
    await query(stage.service.databaseUrl, `update address set proven_at = proven_at - interval '1 year' where canonical = $1`, [
      number,
    ])
    await stage.signIn(number, { visitor: createVisitor(stage.second) })
    const next = stage.relyingParty.last().idToken
    expect(next.sub).not.toBe(old)
    expect(next.amr).toEqual(['sms'])
    expect([await people.phoneOf(old), await people.phoneOf(next.sub)]).toEqual([undefined, number])
  })
})
