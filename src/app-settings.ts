import type { Config } from './config/index.ts'
import { type AcrNames, PHISHING_RESISTANT, type Recovery } from './oidc/index.ts'
import type { SignInPolicy } from './signin/index.ts'

/** What the settings say of a sign-in. */
export function policyOf(config: Config): SignInPolicy {
  return {
    codeTtlSeconds: config.mailCodeTtlSeconds,
    codeCapSeconds: config.mailCodeCapSeconds,
    messagesMax: config.mailsMax,
    triesMax: config.codeTriesMax,
    failuresMax: config.codeFailuresMax,
    resendWaitSeconds: config.resendWaitSeconds,
    proofOfWork: config.proofOfWork,
  }
}

/** What applications call the levels. `phrh` is on offer nowhere: only an attestation shows that hardware keeps a passkey. */
export function acrNamesOf({ acrNames, passkeys }: Config): AcrNames {
  return passkeys === 'off' ? acrNames : [...acrNames, PHISHING_RESISTANT]
}

/** What all instances must agree on of passkeys; null where none are made. */
export function passkeyDomainOf({ passkeys, passkeyDomain, passkeyDomainGivenUp }: Config) {
  return passkeys === 'off' ? null : { domain: passkeyDomain, givenUp: passkeyDomainGivenUp }
}

/** What the settings say to applications of somebody who got back in by a rescue. */
export function recoveryOf(config: Config): Recovery {
  return { toldSeconds: config.rescueClaimSeconds, waitSecondsByLevel: config.rescueDelayByLevel }
}

/** What the settings say of sessions and tokens. */
export function lifetimesOf(config: Config) {
  return {
    sessionSeconds: config.sessionTtlSeconds,
    sessionIdleSeconds: config.sessionIdleTtlSeconds,
    accessTokenSeconds: config.accessTokenTtlSeconds,
    idTokenSeconds: config.idTokenTtlSeconds,
    refreshTokenSeconds: config.refreshTokenTtlSeconds,
    refreshTokenIdleSeconds: config.refreshTokenIdleTtlSeconds,
    codeSeconds: config.codeTtlSeconds,
    interactionSeconds: config.interactionTtlSeconds,
  }
}
