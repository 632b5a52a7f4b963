// factors: ways to prove who one is. `factor.ts` is the contract, `createFactors` the list, each folder one method
// with the same file names. A factor derives and judges answers; it neither stores nor counts nor sends.
// Table: credential. Requirements. Specs: RFC 4226 §5.3
// (digits), RFC 6238 (codes by time), RFC 7914 (scrypt), NIST SP 800-63B-4, WebAuthn L3 (passkeys).
export { addressKey } from './address-key.ts'

import { createEmailFactor } from './email/index.ts'
import type { CredentialFactorDeps, Factor, FactorDeps } from './factor.ts'
import { createRecoveryFactor, type RecoveryFactor } from './recovery/index.ts'
import { createSmsFactor } from './sms/index.ts'
import { createTotpFactor, type TotpFactor } from './totp/index.ts'

export {
  type Answer,
  type Challenge,
  type Credential,
  type CredentialFactor,
  type Face,
  type Factor,
  type FactorDeps,
  isOnFile,
  NOBODY,
  type Offer,
  onFileKey,
  type Verdict,
} from './factor.ts'
export {
  type CodeSet,
  type CredentialStore,
  countOf,
  createKeptFactors,
  type Enrolment,
  type KeptFactors,
  labelOf,
  type OwnedCredential,
  type PasskeyStore,
} from './kept.ts'
export {
  type Assertion,
  type CreationOptions,
  createPasskeyFactor,
  loadPasskeyLibrary,
  type NewPasskey,
  type PasskeyData,
  type PasskeyFactor,
  type PasskeyVerdict,
  passkeyOf,
  type Registration,
  type RequestOptions,
} from './passkey/index.ts'
export { type Demander, secondFactorsOf } from './second-factors.ts'

/** THE LIST. A new method is a folder and a line here. `texts`: whether text messages can be sent. */
export function createFactors(deps: FactorDeps & { texts: boolean }): ReadonlyMap<string, Factor> {
  const list: Factor[] = [createEmailFactor(deps), ...(deps.texts ? [createSmsFactor(deps)] : [])]
  return new Map(list.map((factor) => [factor.kind, factor]))
}

/** The methods whose secret a person keeps. */
export interface CredentialFactors {
  totp: TotpFactor
  recovery: RecoveryFactor
}

/** The second list: methods that are set up before they can prove anything. */
export function createCredentialFactors(deps: CredentialFactorDeps): CredentialFactors {
  return { totp: createTotpFactor(deps), recovery: createRecoveryFactor() }
}
