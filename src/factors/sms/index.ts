// factors/sms: one text message with a code.
export { createSmsFactor } from './sms-factor.ts'
