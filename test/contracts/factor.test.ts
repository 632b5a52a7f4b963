import { describe, expect, test } from '@jest/globals'
import { createSecrets, newId } from '../../src/base/index.ts'
import { type Challenge, createFactors, NOBODY } from '../../src/factors/index.ts'

const secrets = createSecrets(['a secret that is long enough for a contract test'])

/** What each method takes as an identifier, and what it does not. */
const identifiers: Record<string, { good: string; sameAgain: string; bad: string[]; unfit: string[] }> = {
  email: {
    good: 'maria@fabrikam.example',
    sameAgain: ' MARIA@Fabrikam.example ',
    bad: ['', 'maria', '+491511234567'],
    unfit: [],
  },
  sms: {
    good: '+49 1512 3456789',
    sameAgain: '(01512) 345-67 89',
    bad: ['', 'maria', 'maria@fabrikam.example', '12', '+49 1512 3456789, +49 1512 3456780'],
    unfit: ['+1 900 555 0199', '+49 30 901820', '+881612345678'],
  },
}
/** How each may say that it was proven (RFC 8176, and Doorward's own for what it lacks). */
const AMR: Record<string, string[]> = { email: ['email_link', 'email_code'], sms: ['sms'] }
const COUNTRIES = ['DE']

const factors = [...createFactors({ secrets, texts: true }).values()]

describe.each(factors.map((factor) => [factor.kind, factor] as const))('the method %s keeps the contract', (kind, factor) => {
  const known = identifiers[kind]
  if (!known) throw new Error(`no identifiers for ${kind}: add them to this test`)

  function challenge(): Challenge {
    const offer = factor.offer(known?.good ?? '', COUNTRIES)
    if (!offer || offer === 'unfit') throw new Error('no offer')
    const now = new Date('2026-11-21T14:02:00Z')
    return {
      id: newId(),
      attemptId: newId(),
      ...offer,
      secretId: secrets.currentId,
      knownBrowser: false,
      shortCode: true,
      state: 'open',
      tries: 0,
      messages: 1,
      chosenAt: now,
      firstSentAt: now,
      lastSentAt: now,
      lastHandedAt: null,
      expiresAt: now,
      ...{ usedAt: null, failures: 0, newest: null },
    }
  }

  test('R-081 reads an identifier to one canonical form, counts it by a keyed hash, and refuses what it cannot use', () => {
    const offer = factor.offer(known.good, COUNTRIES)
    expect(offer).toEqual(factor.offer(known.sameAgain, COUNTRIES))
    expect(offer).toMatchObject({ kind, targetKey: expect.not.stringContaining(known.good) })
    expect(offer).toEqual(factor.offerFor(challenge().target))
    for (const bad of known.bad) expect(factor.offer(bad, COUNTRIES)).toBeNull()
  })

  test('R-091 tells an identifier that no message may reach from one that is none', () => {
    for (const unfit of known.unfit) expect(factor.offer(unfit, COUNTRIES)).toBe('unfit')
  })

  test('R-085 a challenge that leads to nobody is proven by nothing, not even by its own code', () => {
    const nobody = { ...challenge(), target: NOBODY }
    const answer = factor.readCode(factor.answers(nobody).shortCode)
    expect(answer && factor.judge(nobody, answer).outcome).toBe('wrong')
  })

  test('R-052 what answers one challenge proves it, and nothing of another challenge does', () => {
    const [mine, other] = [challenge(), challenge()]
    const answers = factor.answers(mine)
    for (const typed of [answers.shortCode, answers.longCode]) {
      const answer = factor.readCode(typed)
      expect(answer && factor.judge(mine, answer).outcome).toBe('proven')
      expect(answer && factor.judge(other, answer).outcome).toBe('wrong')
    }
    const link = factor.readLink(answers.link)
    expect(link === null).toBe(factor.channel === 'sms') // a text carries no link
    if (!link) return
    expect(factor.judge(mine, link).outcome).toBe('proven')
    expect(factor.judge(other, link).outcome).toBe('wrong')
  })

  test('R-072 what cannot be a code is not judged at all', () => {
    for (const typed of ['', '12345', '1234567', 'abcdef', '12345x', '<script>', '1'.repeat(1000)])
      expect(factor.readCode(typed)).toBeNull()
    for (const token of ['', 'x', '../../etc/passwd', 'a'.repeat(33)]) expect(factor.readLink(token)).toBeNull()
  })

  test('R-030, R-069 says how it was proven, one factor, and nothing more than that', () => {
    const mine = challenge()
    const answer = factor.readCode(factor.answers(mine).shortCode)
    const verdict = answer && factor.judge(mine, answer)
    expect(verdict).toMatchObject({ outcome: 'proven', level: 1 })
    if (verdict?.outcome !== 'proven') throw new Error('not proven')
    expect(verdict.amr.length).toBeGreaterThan(0)
    for (const claimed of verdict.amr) expect(AMR[kind]).toContain(claimed)
  })
})
