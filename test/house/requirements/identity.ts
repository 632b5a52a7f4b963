import type { Requirements } from '../requirements.ts'

export const identity: Requirements = {
  'R-080': {
    says: 'One address, parsed once; lists, comments, quotes and control characters are refused.',
    code: ['src/base/email-address.ts'],
  },
  'R-081': { says: 'An address has one canonical form, which is unique.', code: ['src/base/email-address.ts'] },
  'R-082': { says: 'Characters that fold to ASCII never reach somebody else’s account.', code: ['src/base/email-address.ts'] },
  'R-083': { says: 'Domains in other scripts are shown as A-labels.', code: ['src/base/email-address.ts'] },
  'R-084': { says: 'Rules about domains compare the whole canonical domain.', code: ['src/accounts/signup.ts'] },
  'R-085': {
    says: 'Known, unknown and closed addresses and numbers get the same answer in the same time; last digits tell nothing.',
    code: ['src/signin/flow.ts', 'src/signin/second-channel.ts', 'src/web/sign-in/dispatcher.ts'],
  },
  'R-086': { says: 'No request waits for a mail server.', code: ['src/delivery/delivery.ts'] },
  'R-087': {
    says: 'An account comes to be only when its address is proven.',
    code: ['src/accounts/accounts.ts', 'src/accounts/addresses.ts', 'src/signin/address-proof.ts'],
    note: 'no account is joined with one of a password or of another provider: there is neither here',
  },
  'R-088': {
    says: 'Changing an address needs a factor, proof of the new one and notice to the old.',
    code: [
      'src/web/own-client/fresh.ts',
      'src/accounts/addresses.ts',
      'src/selfservice/addresses.ts',
      'src/selfservice/objection.ts',
    ],
  },
  'R-089': {
    says: 'Nobody can declare an address of their own proven.',
    code: ['src/accounts/claims.ts', 'src/accounts/profile-fields.ts'],
  },
  'R-090': {
    says: 'Identities of other providers are linked by their subject, never by address.',
    notApplicable: 'there is no sign-in by other providers',
  },
  'R-091': {
    says: 'Phone numbers are canonical and of listed countries; elsewhere the answer is the same and nothing is sent.',
    code: ['src/base/phone-number.ts', 'src/limits/budget/budget.ts'],
  },
  'R-092': {
    says: 'A text message is never the only way in: an email address is offered beside it, and refusals are told.',
    code: ['src/web/sign-in/dispatcher.ts', 'src/delivery/outcome.ts', 'src/web/account/screens/rows.ts'],
  },
  'R-093': {
    says: 'A number long unused opens its account with a second proof by its email only, and never without.',
    code: ['src/accounts/accounts.ts', 'src/accounts/addresses.ts', 'src/signin/prove.ts', 'src/signin/second-channel.ts'],
  },
  'R-094': {
    says: 'The last way to sign in cannot be removed.',
    code: ['src/accounts/addresses.ts', 'src/web/account/screens/rows.ts'],
  },
  'R-095': {
    says: 'An account that was suspended or closed finishes nothing it had begun.',
    code: ['src/accounts/accounts.ts', 'src/oidc/claims.ts'],
  },
  'R-096': {
    says: 'An invitation ends when it says, and is for one address.',
    code: ['src/admin/people/invitations.ts', 'src/store/invitations.ts'],
  },
}
