// factors/recovery: one of ten codes that were kept for the day when the authenticator is lost.
export { createRecoveryFactor, type RecoveryFactor } from './recovery-factor.ts'
