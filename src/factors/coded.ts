import { type Secrets, sameText } from '../base/index.ts'
import { codeStrength, deriveAnswers, normalizeCode } from './derive.ts'
import { type Answer, type Challenge, type Face, type Factor, NOBODY, type Verdict } from './factor.ts'

/** What every method has in common that is answered by a derived code. */
export function createCodes(deps: { secrets: Secrets; amr: Readonly<Record<Face, readonly string[]>> }) {
  const { secrets } = deps

  const answers = (challenge: Pick<Challenge, 'id' | 'secretId'>) => deriveAnswers(secrets, challenge.id, challenge.secretId)

  function judge(challenge: Challenge, answer: Answer): Verdict {
    // Derived with a secret that is gone: nothing can be right any more.
    if (!secrets.ids.includes(challenge.secretId)) return { outcome: 'wrong' }
    const right = answers(challenge)
    const expected = answer.face === 'link' ? right.link : answer.strength === 'short' ? right.shortCode : right.longCode
    if (!sameText(expected, answer.text) || challenge.target === NOBODY) return { outcome: 'wrong' }
    return { outcome: 'proven', amr: deps.amr[answer.face], level: 1 }
  }

  function readCode(typed: string): Answer | null {
    const text = normalizeCode(typed)
    const strength = codeStrength(text)
    return strength ? { face: 'code', strength, text } : null
  }

  return { answers, judge, readCode } satisfies Partial<Factor>
}
