import { afterEach, describe, expect, test } from '@jest/globals'
import { hashOf } from '../../src/base/index.ts'
import { createFactors } from '../../src/factors/index.ts'
import type { Attempt } from '../../src/signin/index.ts'
import { query } from '../support/database.ts'
import { asker, attemptsStage, EMAIL, PHONE } from './address-proof-stage.ts'
import { cleanUp } from './delivery-stage.ts'

afterEach(cleanUp)

const [BY_MAIL, BY_TEXT, SIGN_IN] = ['session-of-mail', 'session-of-text', 'interaction-of-a-sign-in']
const OFF = { secondFactor: 'off', acr: null } as const

/** One person asks for everything at once: a sign-in by the very address that is to be proven as well. */
async function everything() {
  const around = await attemptsStage()
  const { one, wanting, newest, secrets, wait, clock } = around
  const codes: Record<string, string> = {}
  const offer = one.flow.readIdentifier(EMAIL, ['DE'])
  if (offer === null || offer === 'unfit') throw new Error('the address takes no mail')
  await one.flow.start({ interactionUid: SIGN_IN, clientId: 'shop' }, offer, OFF, asker)
  const mail = await newest()
  codes.signIn = mail.code
  wait(1)
  await one.proof.begin(wanting(BY_MAIL), 'email', EMAIL, asker)
  codes.byMail = (await newest()).code
  wait(1)
  await one.proof.begin(wanting(BY_TEXT), 'phone', PHONE, asker)
  codes.byText = (await newest()).code
  const link = (mail.link ?? '').split('/').at(-1) ?? ''
  const factors = createFactors({ secrets, texts: true })
  const ofSession = async (session: string): Promise<Attempt> => {
    const pending = await one.proof.pending(session)
    if (!pending) throw new Error('nothing is pending')
    return pending.attempt
  }
  const signIn = async () => (await one.flow.history(SIGN_IN))[0] as Attempt
  /** The link that a challenge would have, were one sent. */
  const linkOf = ({ challenges: [challenge] }: Attempt) =>
    challenge ? (factors.get(challenge.kind)?.answers(challenge).link ?? '') : ''
  return { ...around, codes, link, ofSession, signIn, linkOf, now: clock.now }
}

const challengeOf = (attempt: Attempt) => attempt.challenges[0] as Attempt['challenges'][number]
const outcomeOf = async (answered: Promise<{ outcome: string }>) => (await answered).outcome

describe('R-070 what was sent for one purpose', () => {
  test('R-070 is right at its own door only, of all doors that are open', async () => {
    const { one, codes, link, signIn } = await everything()
    const doors: Record<string, (typed: string) => Promise<string>> = {
      signIn: async (typed) => outcomeOf(one.prover.answerCode(await signIn(), challengeOf(await signIn()), typed, asker)),
      byMail: (typed) => outcomeOf(one.proof.answer(BY_MAIL, typed, asker)),
      byText: (typed) => outcomeOf(one.proof.answer(BY_TEXT, typed, asker)),
    }
    for (const [door, open] of Object.entries(doors)) {
      for (const [purpose, code] of Object.entries(codes)) {
        if (purpose !== door && code !== codes[door]) expect([door, purpose, await open(code)]).toEqual([door, purpose, 'wrong'])
      }
      expect([door, await open(link)]).toEqual([door, 'unreadable'])
    }
    for (const [door, open] of Object.entries(doors)) expect([door, await open(codes[door] ?? '')]).toEqual([door, 'proven'])
  })

  test('R-070 proves no address by the link of a sign-in, nor signs anybody in by a link that an address has not', async () => {
    const { one, link, ofSession, signIn, linkOf } = await everything()
    const [address, sign] = [await ofSession(BY_MAIL), await signIn()]
    expect(one.prover.findByLink([sign], linkOf(address))).toBeNull()
    expect(one.prover.findByLink(await one.flow.history(SIGN_IN), link)).not.toBeNull()
    expect(await outcomeOf(one.prover.answerLink(sign, challengeOf(sign), linkOf(address), asker))).toBe('ended')
    // Even handed in where it does not belong, with the very link that its challenge would have.
    expect(await outcomeOf(one.prover.answerLink(address, challengeOf(address), linkOf(address), asker))).toBe('ended')
    expect((await ofSession(BY_MAIL)).state).toBe('open')
  })

  test('R-070 signs nobody in, even where the attempt is handed in with its right code', async () => {
    const { one, codes, ofSession, count } = await everything()
    for (const [session, code] of [
      [BY_MAIL, codes.byMail],
      [BY_TEXT, codes.byText],
    ] as const) {
      const attempt = await ofSession(session)
      expect(await outcomeOf(one.prover.answerCode(attempt, challengeOf(attempt), code ?? '', asker))).toBe('ended')
    }
    expect(await count(`challenge where state = 'used' or tries > 0`)).toBe(0)
    expect(await count('account')).toBe(1)
  })

  test('R-070 is used up for that purpose alone, whoever asks the store', async () => {
    const { one, ofSession, signIn } = await everything()
    const use = (id: string, purpose: Attempt['purpose'], now: Date) =>
      one.on.transact((tx) => one.store.consume(tx, id, { purpose, endsGuesses: true }, now))
    const [address, sign] = [challengeOf(await ofSession(BY_MAIL)), challengeOf(await signIn())]
    const at = new Date(sign.firstSentAt.getTime() + 5000)
    expect(await use(address.id, 'sign-in', at)).toBe(false)
    expect(await use(sign.id, 'address', at)).toBe(false)
    expect(await use(address.id, 'address', at)).toBe(true)
    expect(await use(sign.id, 'sign-in', at)).toBe(true)
  })

  test('R-070 is not found where another purpose looks, whatever the interaction is called', async () => {
    const { one, url, codes } = await everything()
    const move = (to: string, purpose: string) =>
      query(url, 'update attempt set interaction_hash = $1 where purpose = $2', [hashOf(to), purpose])
    await move(`account:${BY_MAIL}`, 'sign-in')
    await query(url, `update attempt set state = 'ended' where purpose = 'address'`)
    await query(url, `update attempt set created_at = created_at + interval '1 minute' where purpose = 'sign-in'`)
    expect(await one.proof.pending(BY_MAIL)).toBeNull()
    expect(await outcomeOf(one.proof.answer(BY_MAIL, codes.signIn ?? '', asker))).toBe('ended')
    await move(SIGN_IN, 'address')
    expect(await one.flow.history(SIGN_IN)).toEqual([])
  })

  test('R-070 says what it is for, and nothing of the other', async () => {
    const { one, newest, wanting, link } = await everything()
    await one.proof.begin(wanting('a-third'), 'email', 'third@fabrikam.example', asker)
    const { words } = await newest()
    expect(words).not.toContain('/link/')
    expect(words).not.toContain('Shop')
    expect(link).toMatch(/^[\w-]{32}$/)
  })
})
