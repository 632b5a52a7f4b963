import type { Credential } from '../factor.ts'

/** What is kept of a passkey besides its id, name and counter. Nothing of it is a secret. */
export interface PasskeyData {
  /** COSE key (RFC 9052 §7), base64url. */
  publicKey: string
  /** How its authenticator can be reached, as the browser said; merely a help for the next time. */
  transports: readonly string[]
  /** Model of the authenticator as a UUID; zeros where it does not say. */
  aaguid: string
  /** It may be copied to other devices; never changes (WebAuthn L3 §6.1.3). */
  backupEligible: boolean
  /** It was copied, when it was used last. */
  backedUp: boolean
  /** What the authenticator names the account by: random, base64url, the same for all passkeys of an account. */
  userHandle: string
  /** The authenticator finds it without being told its id; null where the browser did not say. */
  discoverable: boolean | null
  /** The person was verified by the authenticator when it was set up. */
  uvCapable: boolean
}

/** Reads what `dataOf` wrote. */
export function passkeyOf({ data }: Pick<Credential, 'data'>): PasskeyData {
  return JSON.parse(data) as PasskeyData
}

/** As it is kept. */
export function dataOf(passkey: PasskeyData): string {
  return JSON.stringify(passkey)
}
