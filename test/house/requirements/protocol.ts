import type { Requirements } from '../requirements.ts'

export const protocol: Requirements = {
  'R-001': {
    says: 'Redirect addresses are compared as exact text; only the port of a native client’s loopback address is free.',
    code: ['src/clients/uris.ts'],
    byEngine: 'the engine compares what is registered, and only normal forms can be registered',
  },
  'R-002': {
    says: 'An unknown client or redirect address gets a page here, never a redirect.',
    code: ['src/oidc/pages.ts'],
    byEngine: 'the engine checks both before it redirects; the page is ours',
  },
  'R-003': { says: 'No parameter of any path sends the browser to a place of a stranger’s choice.', code: ['src/text/clean.ts'] },
  'R-004': {
    says: 'PKCE is S256 only; `plain` and an omitted method are refused.',
    code: ['src/oidc/configuration.ts'],
    byEngine: 'S256 is the only method the engine knows',
  },
  'R-005': {
    says: 'A code begun with a challenge needs its verifier; one begun without takes none.',
    byEngine: 'the engine compares whenever either of the two is there',
  },
  'R-006': {
    says: 'Public clients always use PKCE; confidential ones unless switched off for them.',
    code: ['src/oidc/configuration.ts', 'src/clients/read-client.ts'],
  },
  'R-007': { says: 'A code works once; its second use ends the tokens of the first.', code: ['src/oidc/unit-of-work.ts'] },
  'R-008': {
    says: 'Of many redemptions at once at most one succeeds, and none ends in a server error.',
    code: ['src/oidc/unit-of-work.ts', 'src/store/oidc-records.ts'],
  },
  'R-009': { says: 'A code lives 60 seconds.', code: ['src/oidc/configuration.ts'] },
  'R-010': {
    says: 'A code is bound to its client, its redirect address and its PKCE challenge.',
    byEngine: 'the engine compares all three at the token endpoint',
  },
  'R-011': {
    says: 'There is no implicit flow and no password grant.',
    code: ['src/oidc/configuration.ts', 'src/clients/read-client.ts'],
  },
  'R-012': {
    says: 'Each client has a list of the grants, scopes and resources it may use.',
    code: ['src/clients/read-client.ts'],
  },
  'R-013': { says: 'Authorization answers name their issuer, errors too.', byEngine: 'the engine adds `iss` to every answer' },
  'R-014': {
    says: 'All addresses in discovery are those of `ISSUER`, whatever a request claims.',
    code: ['src/web/middleware/origin-form.ts'],
  },
  'R-015': { says: 'After a form the browser is sent on with 303.', code: ['src/web/sign-in/steps.ts'] },
  'R-016': { says: 'Answers with tokens or claims are never cached.', byEngine: 'the engine sets `no-store` before it works' },
  'R-017': {
    says: 'A parameter given twice is refused.',
    byEngine: 'the engine refuses repeated parameters at each endpoint',
  },
  'R-018': {
    says: 'A client authenticates by exactly one method, the registered one.',
    code: ['src/oidc/provider.ts'],
    note: 'the engine refuses two at once, and takes basic for post and the reverse',
  },
  'R-019': {
    says: 'A client assertion counts once, for this issuer, for minutes.',
    code: ['src/oidc/provider.ts', 'src/store/oidc-records.ts'],
  },
  'R-020': {
    says: 'Refresh tokens rotate; using an old one again ends its whole family.',
    code: ['src/oidc/configuration.ts', 'src/oidc/unit-of-work.ts'],
  },
  'R-021': {
    says: 'A refresh token belongs to its client, and its scope can only shrink.',
    byEngine: 'the engine compares the client and refuses scopes the token lacks',
  },
  'R-022': { says: 'Refresh tokens end when idle, and at the latest at an absolute age.', code: ['src/oidc/configuration.ts'] },
  'R-023': { says: 'A refresh looks at the account as it is now.', code: ['src/oidc/claims.ts'] },
  'R-024': {
    says: 'Sign-out, recovery and a change of factor end refresh tokens.',
    code: [
      'src/oidc/sessions.ts',
      'src/rescue/complete.ts',
      'src/selfservice/sessions.ts',
      'src/selfservice/objection.ts',
      'src/selfservice/closing.ts',
    ],
    note: 'after a factor was removed it is offered',
  },
  'R-025': {
    says: 'Access tokens name their audience; an ID token is none.',
    code: ['src/oidc/configuration.ts', 'src/web/admin-api/bearer.ts'],
  },
  'R-026': {
    says: 'Revocation works on both kinds of token, for the client’s own only, and ends what hangs on them.',
    code: ['src/oidc/adapter.ts'],
  },
  'R-027': { says: 'Revocation says it is done only when the store has written it.', code: ['src/oidc/unit-of-work.ts'] },
  'R-028': {
    says: 'Introspection answers the token’s client and the API it is meant for; to others it is inactive.',
    code: ['src/oidc/configuration.ts'],
  },
  'R-029': {
    says: 'A grace period for rotated refresh tokens is short and bounded.',
    notApplicable: 'there is no grace period: a rotated token is used up at once',
  },
  'R-030': {
    says: 'ID tokens tell when and how the person signed in, and nothing that did not happen.',
    code: ['src/oidc/interaction.ts'],
  },
  'R-031': {
    says: '`max_age` and `prompt=login` ask again; `prompt=none` shows nothing.',
    code: ['src/oidc/prompts.ts'],
    byEngine: 'these are rules of the engine’s own prompts, which ours only add to',
  },
  'R-032': {
    says: 'An essential `acr` is met or answered with an error, never lowered.',
    note: 'the `claims` parameter, and an `acr` of more than one factor, are not offered yet',
  },
  'R-033': { says: 'A subject is random and never given to anybody else.', code: ['src/accounts/accounts.ts'] },
  'R-034': { says: '`email_verified` is true only for an address this account has proven.', code: ['src/accounts/claims.ts'] },
  'R-035': {
    says: 'Request objects are signed with an expected algorithm and checked.',
    note: 'comes with request objects; they are refused',
  },
  'R-036': { says: 'A pushed request belongs to its client and works once.', note: 'comes with PAR' },
  'R-037': { says: 'A DPoP proof fits the request and counts once.', note: 'comes with DPoP' },
  'R-038': {
    says: 'The `form_post` page escapes all values and runs only its own script.',
    code: ['src/web/middleware/security-headers.ts'],
    byEngine: 'the engine escapes every value and adds the hash of its script to our policy',
  },
  'R-039': {
    says: 'Applications of others need the person’s consent, which can be taken back.',
    code: ['src/oidc/consent.ts', 'src/web/sign-in/consent.ts'],
  },
  'R-040': { says: 'No client id can be taken for a person’s subject.', code: ['src/clients/file-shape.ts'] },
  'R-041': {
    says: 'Sign-out asks first, and goes on only to a registered address.',
    code: ['src/oidc/pages.ts'],
    byEngine: 'the engine checks the hint’s signature and the address, and waits for the form of our page',
  },
  'R-042': {
    says: 'Applications are told of a sign-out in the background, with retries.',
    code: ['src/oidc/logout.ts', 'src/oidc/logout-token.ts', 'src/store/logouts.ts'],
  },
  'R-043': {
    says: 'Clients register themselves only where that is switched on and guarded.',
    note: 'comes with dynamic registration; it does not exist',
  },
  'R-044': { says: 'A device’s code is approved only by who entered it, after being asked.', note: 'comes with the device flow' },
  'R-045': {
    says: 'Published keys are public halves, told apart by `kid`, known before they sign.',
    code: ['src/keys/keys.ts', 'src/keys/rotation-steps.ts'],
  },
  'R-046': {
    says: 'Scripts of other origins reach only what their client listed.',
    code: ['src/oidc/configuration.ts', 'src/clients/uris.ts'],
  },
  'R-047': {
    says: 'A signature is checked with the key’s own algorithm; keys named by the token itself do not count.',
    code: ['src/oidc/configuration.ts'],
    byEngine: 'the engine verifies with the key and algorithm it expects and reads no key from a header',
  },
}
