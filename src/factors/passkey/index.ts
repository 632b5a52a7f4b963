// factors/passkey: a key pair whose private half an authenticator keeps, and signs with for this site alone (WebAuthn).
export { type PasskeyData, passkeyOf } from './passkey-data.ts'
export {
  type CreationOptions,
  createPasskeyFactor,
  loadPasskeyLibrary,
  type NewPasskey,
  type PasskeyFactor,
  type PasskeyVerdict,
  type RequestOptions,
} from './passkey-factor.ts'
export type { Assertion, Registration } from './responses.ts'
