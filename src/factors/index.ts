// factors: ways to prove who one is. `factor.ts` is the contract, `createFactors` the list, each folder one method
// with the same file names. A factor derives and judges answers; it neither stores nor counts nor sends.
// Tables: none of its own. Requirements. Specs: RFC 4226 §5.3 (digits), NIST SP 800-63B-4.
export { addressKey } from './address-key.ts'

import { createEmailFactor } from './email/index.ts'
import type { Factor, FactorDeps } from './factor.ts'
import { createSmsFactor } from './sms/index.ts'

export {
  type Answer,
  type Challenge,
  type Face,
  type Factor,
  type FactorDeps,
  isOnFile,
  NOBODY,
  type Offer,
  onFileKey,
  type Verdict,
} from './factor.ts'

/** THE LIST. A new method is a folder and a line here. `texts`: whether text messages can be sent. */
export function createFactors(deps: FactorDeps & { texts: boolean }): ReadonlyMap<string, Factor> {
  const list: Factor[] = [createEmailFactor(deps), ...(deps.texts ? [createSmsFactor(deps)] : [])]
  return new Map(list.map((factor) => [factor.kind, factor]))
}
