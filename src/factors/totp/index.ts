// factors/totp: the code that an authenticator app shows, one for every 30 seconds.
export { createTotpFactor, type TotpFactor } from './totp-factor.ts'
