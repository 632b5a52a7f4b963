import { parsePhoneNumber } from '../../base/index.ts'
import { addressKey } from '../address-key.ts'
import { createCodes } from '../coded.ts'
import type { Factor, FactorDeps } from '../factor.ts'

/** RFC 8176 §2: confirmation by a text message to a registered number. */
const SMS_AMR = { link: ['sms'], code: ['sms'] } as const

/**
 * The text message method. It proves that somebody reads the texts of a number: one factor, level 1, restricted by
 * NIST SP 800-63B-4 §3.1.3.3. A text carries no link.
 */
export function createSmsFactor({ secrets }: FactorDeps): Factor {
  const offerFor: Factor['offerFor'] = (target) => ({ kind: 'sms', target, targetKey: addressKey(secrets, target) })

  return {
    kind: 'sms',
    stage: 'either',
    channel: 'sms',
    addressKind: 'phone',
    offer(typed, countries) {
      const read = [null, ...countries].map((country) => parsePhoneNumber(typed, country))
      const fit = read.find((one) => one.outcome === 'fit')
      if (fit) return offerFor(fit.number)
      return read.some((one) => one.outcome === 'unfit') ? 'unfit' : null
    },
    offerFor,
    readLink: () => null,
    ...createCodes({ secrets, amr: SMS_AMR }),
  }
}
