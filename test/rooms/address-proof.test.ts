import { afterEach, describe, expect, test } from '@jest/globals'
import { hashOf } from '../../src/base/index.ts'
import { query } from '../support/database.ts'
import {
  type AttemptsStage,
  asker,
  attemptsStage,
  EMAIL,
  EMAILS_MAX,
  ISSUER,
  PHONE,
  POLICY,
  WANTED_MAX,
  wrong,
} from './address-proof-stage.ts'
import { cleanUp } from './delivery-stage.ts'

afterEach(cleanUp)

const SESSION = 'the-account-session'

/** Somebody who is signed in on the account page, and wants an address. */
async function house() {
  const around = await attemptsStage()
  const { one, wanting } = around
  const begin = (typed: string = EMAIL, kind: 'email' | 'phone' = 'email', session = SESSION) =>
    one.proof.begin(wanting(session), kind, typed, asker)
  const answer = (typed: string, by: AttemptsStage['one'] = one, session = SESSION) => by.proof.answer(session, typed, asker)
  return { ...around, proof: one.proof, begin, answer }
}

describe('a new address is proven by the code that was sent to it', () => {
  test('R-088 by mail: a code alone, in a mail that has no link, whoever has the address by now', async () => {
    const { begin, answer, newest, one, accountId, count } = await house()
    expect(await begin()).toBe('sent')
    const mail = await newest()
    expect(mail).toMatchObject({ channel: 'email', link: null, code: expect.stringMatching(/^\d{6}$/) })
    expect(mail.words).not.toContain(ISSUER)
    expect(await answer(mail.code)).toEqual({ outcome: 'proven', kind: 'email', address: EMAIL })
    const [attempt] = await one.store.history(hashOf(`account:${SESSION}`))
    expect(attempt).toMatchObject({ state: 'proven', accountId })
    expect(await count(`audit_entry where event = 'address.proof_given' and account_id = $1`, [accountId])).toBe(1)
  })

  test('R-088 by text, and what it cost counts as proven', async () => {
    const { begin, answer, newest, proven } = await house()
    expect(await begin(PHONE, 'phone')).toBe('sent')
    const text = await newest()
    expect(text.channel).toBe('sms')
    expect(text.words.split('\n').at(-1)).toBe(`@id.northwind.example #${text.code}`)
    expect(await answer(text.code)).toEqual({ outcome: 'proven', kind: 'phone', address: PHONE })
    expect(proven).toEqual([PHONE])
  })

  test('R-087 it makes no account and finds none', async () => {
    const { begin, answer, newest, one, count } = await house()
    await begin()
    await answer((await newest()).code)
    expect(await count('account')).toBe(1)
    expect(await count('address')).toBe(0)
    expect(await one.accounts.byEmail(EMAIL)).toBeNull()
  })

  test('R-085 a mail goes out just the same to an address that is somebody’s', async () => {
    const { begin, newest, url, clock } = await house()
    await query(url, `insert into account (id, profile, created_at) values ('other', '{}', $1)`, [clock.now()])
    await query(
      url,
      `insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
       values ('email', $1, 'other', $2, $2, $2, $2)`,
      [EMAIL, clock.now()],
    )
    expect(await begin()).toBe('sent')
    expect((await newest()).code).toMatch(/^\d{6}$/)
  })
})

describe('a code is judged', () => {
  test('R-053 once: twenty at once over two instances, one is let through', async () => {
    const { begin, answer, newest, one, two } = await house()
    await begin()
    const { code } = await newest()
    // More than the tries that a code has: those that come too late are not even judged.
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, round) => answer(code, round % 2 === 0 ? one : two)))
    expect(outcomes.filter(({ outcome }) => outcome === 'proven')).toHaveLength(1)
    expect((await answer(code)).outcome).toBe('ended')
  })

  test('R-061, R-064 after it was counted: five wrong ones close it, also twenty at once', async () => {
    const { begin, answer, newest, proof, one, two } = await house()
    await begin()
    const { code } = await newest()
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, round) => answer(wrong(code), round % 2 === 0 ? one : two)))
    expect(outcomes.filter(({ outcome }) => outcome === 'wrong')).toHaveLength(POLICY.triesMax)
    expect(await answer(code)).toEqual({ outcome: 'closed' })
    const pending = await proof.pending(SESSION)
    expect(pending && (await proof.codeForm(pending.challenge))).toBe('closed')
  })

  test('R-061 and it is said how many tries are left; what is no code at all costs none', async () => {
    const { begin, answer, newest } = await house()
    await begin()
    const { code } = await newest()
    expect(await answer('what?')).toEqual({ outcome: 'unreadable' })
    expect(await answer(wrong(code))).toEqual({ outcome: 'wrong', triesLeft: 4 })
    expect(await answer(` ${code.slice(0, 3)} ${code.slice(3)} `)).toMatchObject({ outcome: 'proven' })
  })

  test('R-062 wrong codes count for the address, whatever they were typed for: then the mail carries the long one', async () => {
    const { begin, answer, newest, one, keyOf, proof } = await house()
    for (let failure = 0; failure < POLICY.failuresMax; failure++) await one.guesses.record(keyOf(EMAIL), false)
    await begin()
    const { code } = await newest()
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{12}$/)
    const pending = await proof.pending(SESSION)
    expect(pending && (await proof.codeForm(pending.challenge))).toBe('long')
    expect(await answer('123456')).toEqual({ outcome: 'closed' })
    expect(await answer(code.toLowerCase())).toMatchObject({ outcome: 'proven' })
    expect(await one.guesses.closed(keyOf(EMAIL), false)).toBe(false)
  })

  test('R-062 an open proof takes no short code any more once its address is closed, and its page says so', async () => {
    const { begin, one, keyOf, proof } = await house()
    await begin()
    const form = async () => {
      const pending = await proof.pending(SESSION)
      return pending && proof.codeForm(pending.challenge)
    }
    for (let failure = 1; failure < POLICY.failuresMax; failure++) await one.guesses.record(keyOf(EMAIL), false)
    expect(await form()).toBe('short')
    await one.guesses.record(keyOf(EMAIL), false)
    expect(await form()).toBe('long')
  })

  test('R-062 wrong codes that are typed after a message was asked for, and before it is written, count too', async () => {
    const { begin, newest, one, keyOf } = await house()
    await begin()
    for (let failure = 1; failure < POLICY.failuresMax; failure++) await one.guesses.record(keyOf(EMAIL), false)
    expect((await newest()).code).toMatch(/^\d{6}$/)
    await one.guesses.record(keyOf(EMAIL), false)
    expect((await newest()).code).toMatch(/^[0-9A-HJKMNP-TV-Z]{12}$/)
  })

  test('R-051 until its last second', async () => {
    const { begin, answer, newest, wait, proof } = await house()
    await begin()
    const { code } = await newest()
    wait(POLICY.codeCapSeconds - 1)
    expect(await proof.pending(SESSION)).not.toBeNull()
    wait(1)
    expect(await proof.pending(SESSION)).toBeNull()
    expect(await answer(code)).toEqual({ outcome: 'ended' })
  })

  test('R-119 in the session that it was asked for in, and in no other', async () => {
    const { begin, answer, newest, proof, one } = await house()
    await begin()
    const { code } = await newest()
    expect(await answer(code, one, 'another-session')).toEqual({ outcome: 'ended' })
    expect(await proof.pending('another-session')).toBeNull()
    expect(await answer(code)).toMatchObject({ outcome: 'proven' })
  })
})

describe('one address at a time', () => {
  test('R-088 a new one ends the one before; cancelled, nothing waits any more', async () => {
    const { begin, answer, newest, proof } = await house()
    await begin()
    const first = await newest()
    await begin('other@fabrikam.example')
    const second = await newest()
    expect((await proof.pending(SESSION))?.challenge.target).toBe('other@fabrikam.example')
    const outcome = await answer(first.code)
    expect(first.code === second.code || outcome.outcome === 'wrong').toBe(true)
    await proof.cancel(SESSION)
    expect(await proof.pending(SESSION)).toBeNull()
    expect(await answer(second.code)).toEqual({ outcome: 'ended' })
  })

  test('R-071 the same code is sent again when it is due, three times in all', async () => {
    const { begin, newest, proof, count, wait } = await house()
    await begin()
    const { code } = await newest()
    await proof.resend(SESSION, asker)
    expect(await count('delivery')).toBe(1)
    for (const messages of [2, 3, 3]) {
      wait(POLICY.resendWaitSeconds)
      await proof.resend(SESSION, asker)
      expect(await count('delivery')).toBe(messages)
      expect((await newest()).code).toBe(code)
    }
  })
})

describe('what was typed', () => {
  test('must be an address of its kind that a message reaches', async () => {
    const { begin, count } = await house()
    expect(await begin('no address')).toBe('invalid')
    expect(await begin(PHONE)).toBe('invalid')
    expect(await begin(EMAIL, 'phone')).toBe('invalid')
    expect(await begin('+49 800 1234567', 'phone')).toBe('unfit')
    expect(await count('attempt where purpose = $1', ['address'])).toBe(0)
  })

  test('R-152 counts like any other message, on the same limits', async () => {
    const { begin, one, wanting } = await house()
    const [session, ...others] = Array.from({ length: EMAILS_MAX + 1 }, (_, index) => `session-${index}`)
    for (const other of others) expect(await begin(EMAIL, 'email', other)).toBe('sent')
    const late = one.proof.begin(wanting(session ?? ''), 'email', EMAIL, asker)
    await expect(late).rejects.toMatchObject({ code: 'too_many_requests' })
  })

  test('R-152 counts by account too, whatever addresses are typed', async () => {
    const { begin } = await house()
    for (let index = 0; index < WANTED_MAX; index++) expect(await begin(`number-${index}@fabrikam.example`)).toBe('sent')
    await expect(begin('one-more@fabrikam.example')).rejects.toMatchObject({ code: 'too_many_requests' })
  })

  test('R-153 goes nowhere while no texts are sent there', async () => {
    const { begin, setGate, count } = await house()
    setGate('closed')
    expect(await begin(PHONE, 'phone')).toBe('closed')
    expect(await count('attempt where purpose = $1', ['address'])).toBe(0)
    expect(await begin()).toBe('sent')
  })

  test('R-153 needs no proof of work from whoever is signed in, once their account is a day old', async () => {
    const { one, wanting, setGate, newest, at } = await house()
    setGate('proof')
    const begin = (createdAt: Date) => one.proof.begin(wanting(SESSION, createdAt), 'phone', PHONE, asker)
    expect(await begin(at(-86_399))).toBe('closed')
    expect(await begin(at(-86_400))).toBe('sent')
    expect((await newest()).channel).toBe('sms')
  })
})
