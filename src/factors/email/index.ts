// factors/email: one mail with a link and a code, the two faces of one challenge.
export { createEmailFactor } from './email-factor.ts'
