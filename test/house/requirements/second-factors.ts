import type { Requirements } from '../requirements.ts'

export const secondFactors: Requirements = {
  'R-100': {
    says: 'Between two proofs there is no session and no right at all.',
    code: ['src/signin/next-step.ts', 'src/web/sign-in/continue.ts', 'src/web/sign-in/finish.ts'],
  },
  'R-101': {
    says: 'Every way in obeys the same policy, and what a person has enrolled.',
    code: [
      'src/signin/policy.ts',
      'src/signin/assess.ts',
      'src/oidc/step-up.ts',
      'src/signin/sign-in-enrolment.ts',
      'src/signin/passkey-enrolment.ts',
      'src/signin/prove-kept.ts',
    ],
    note: 'the device flow is not there yet; a refresh token from before goes on, and says no more than was proven',
  },
  'R-102': {
    says: 'The second proof goes by another channel than the first, and counts for the same account only.',
    code: ['src/signin/policy.ts', 'src/signin/prove.ts', 'src/signin/second-channel.ts', 'src/signin/next-step.ts'],
  },
  'R-103': {
    says: 'The second proof cannot be asked for, or answered, before the first.',
    code: ['src/signin/second-factor.ts', 'src/signin/second-channel.ts', 'src/signin/next-step.ts'],
  },
  'R-104': {
    says: 'Authenticator secrets hold 160 bits; one step of drift is allowed.',
    code: ['src/factors/totp/totp-factor.ts'],
  },
  'R-105': {
    says: 'An authenticator’s code counts once, and none older after it.',
    code: ['src/factors/totp/totp-factor.ts', 'src/store/credentials.ts'],
  },
  'R-106': {
    says: 'Wrong authenticator codes are counted by person.',
    code: ['src/signin/second-factor.ts', 'src/limits/guesses.ts'],
    note: 'a recovery code is taken all the same: nobody who reads the mail can lock a person out',
  },
  'R-107': {
    says: 'Enrolling needs a fresh proof and a confirmed code; the secret is shown once.',
    code: ['src/signin/sign-in-enrolment.ts', 'src/selfservice/authenticators.ts'],
  },
  'R-108': {
    says: 'Authenticator secrets are sealed, each to its person.',
    code: ['src/factors/totp/totp-factor.ts', 'src/resealing.ts'],
  },
  'R-109': {
    says: 'Removing a factor needs a factor, and is told.',
    code: [
      'src/web/own-client/fresh.ts',
      'src/selfservice/authenticators.ts',
      'src/selfservice/passkeys.ts',
      'src/notices/notices.ts',
    ],
  },
  'R-110': {
    says: 'A passkey’s challenge is random, stored, short-lived and used once.',
    code: ['src/signin/ceremonies.ts', 'src/store/passkey-ceremonies.ts'],
  },
  'R-111': {
    says: 'All that a passkey’s answer says about itself is checked.',
    code: ['src/factors/passkey/passkey-factor.ts', 'src/factors/passkey/responses.ts'],
  },
  'R-112': {
    says: 'A passkey belongs to one person.',
    code: ['src/store/credentials.ts', 'src/factors/passkey/passkey-factor.ts', 'src/signin/passkeys.ts'],
  },
  'R-113': {
    says: 'A passkey’s counter that goes back is noticed.',
    code: ['src/factors/passkey/passkey-factor.ts', 'src/store/credentials.ts'],
    note: 'that sign-in is refused and recorded, the passkey stays; counters that are always zero count nothing',
  },
  'R-114': { says: 'Asking for passkeys tells nobody who has an account.', code: ['src/signin/passkeys.ts'] },
  'R-115': {
    says: 'A change of the passkeys’ domain is refused at start.',
    code: ['src/store/deployment.ts', 'src/config/passkey-settings.ts'],
    note: 'while there are passkeys, unless `PASSKEY_DOMAIN_GIVEN_UP` names the former one',
  },
  'R-116': {
    says: 'Recovery codes are strong, hashed, shown once and used once.',
    code: ['src/factors/recovery/codes.ts', 'src/factors/recovery/code-hash.ts', 'src/store/credentials.ts'],
  },
  'R-117': {
    says: 'A recovery code stands for one lost factor, not for both.',
    code: ['src/signin/policy.ts', 'src/signin/second-factor.ts'],
  },
  'R-118': {
    says: 'Recovery is told on every channel; an administrator learns no secret.',
    code: ['src/rescue/tell.ts', 'src/admin/people/rescue.ts'],
  },
  'R-119': {
    says: 'A recovery link is for one account and cannot be turned to another.',
    code: ['src/rescue/proven.ts', 'src/rescue/complete.ts', 'src/web/account/screens/address-purpose.ts'],
  },
  'R-120': {
    says: 'A fresh proof counts only when it is of the kind that is asked for.',
    code: [
      'src/signin/policy.ts',
      'src/oidc/prompts.ts',
      'src/oidc/step-up.ts',
      'src/web/sign-in/finish.ts',
      'src/web/own-client/fresh.ts',
    ],
  },
  'R-121': {
    says: 'A remembered device belongs to one person, ends, and can be forgotten.',
    code: ['src/signin/devices.ts', 'src/store/devices.ts'],
  },
}
