import { type EmailAddress, parseEmailAddress, sameText } from '../../base/index.ts'
import { codeStrength, deriveAnswers, normalizeCode } from '../derive.ts'
import type { Answer, Challenge, Factor, FactorDeps, Offer, Verdict } from '../factor.ts'

const LINK_TOKEN = /^[A-Za-z0-9_-]{32}$/

/** How an email was proven, in the tokens. RFC 8176 has no value for it, so these are Doorward's own. */
const EMAIL_AMR = { link: 'email_link', code: 'email_code' } as const

/**
 * The email method. It proves that somebody reads an address: one factor, level 1, and never NIST's out-of-band
 * authenticator.
 */
export function createEmailFactor({ secrets }: FactorDeps): Factor {
  function offerFor(target: EmailAddress): Offer {
    return { kind: 'email', target, targetKey: secrets.hmac('address-index', `email\n${target}`).toString('base64url') }
  }

  const answers = (challenge: Pick<Challenge, 'id' | 'secretId'>) => deriveAnswers(secrets, challenge.id, challenge.secretId)

  function judge(challenge: Challenge, answer: Answer): Verdict {
    // Derived with a secret that is gone: nothing can be right any more.
    if (!secrets.ids.includes(challenge.secretId)) return { outcome: 'wrong' }
    const right = answers(challenge)
    const expected = answer.face === 'link' ? right.link : answer.strength === 'short' ? right.shortCode : right.longCode
    if (!sameText(expected, answer.text)) return { outcome: 'wrong' }
    return { outcome: 'proven', amr: [EMAIL_AMR[answer.face]], level: 1 }
  }

  return {
    kind: 'email',
    stage: 'first',
    offer(typed) {
      const target = parseEmailAddress(typed)
      return target ? offerFor(target) : null
    },
    readCode(typed) {
      const text = normalizeCode(typed)
      const strength = codeStrength(text)
      return strength ? { face: 'code', strength, text } : null
    },
    readLink: (token) => (LINK_TOKEN.test(token) ? { face: 'link', strength: 'long', text: token } : null),
    judge,
    answers,
  }
}
