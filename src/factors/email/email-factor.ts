import { parseEmailAddress } from '../../base/index.ts'
import { addressKey } from '../address-key.ts'
import { createCodes } from '../coded.ts'
import type { Factor, FactorDeps } from '../factor.ts'

const LINK_TOKEN = /^[A-Za-z0-9_-]{32}$/

/** How an email was proven, in the tokens. RFC 8176 has no value for it, so these are Doorward's own. */
const EMAIL_AMR = { link: ['email_link'], code: ['email_code'] } as const

/**
 * The email method. It proves that somebody reads an address: one factor, level 1, and never NIST's out-of-band
 * authenticator.
 */
export function createEmailFactor({ secrets }: FactorDeps): Factor {
  const offerFor: Factor['offerFor'] = (target) => ({ kind: 'email', target, targetKey: addressKey(secrets, target) })

  return {
    kind: 'email',
    stage: 'either',
    channel: 'email',
    addressKind: 'email',
    offer(typed) {
      const target = parseEmailAddress(typed)
      return target ? offerFor(target) : null
    },
    offerFor,
    readLink: (token) => (LINK_TOKEN.test(token) ? { face: 'link', strength: 'long', text: token } : null),
    ...createCodes({ secrets, amr: EMAIL_AMR }),
  }
}
