import type { Client, Registration } from './client.ts'
import { livingSecrets } from './fields.ts'
import { kindOf } from './templates.ts'

const CORS_ORIGINS_MANY = 5
const REDIRECTS_MANY = 20
const SECRET_AGE_MAX_DAYS = 365
const REFRESH_LONG_SECONDS = 90 * 24 * 3600
const DAY_MS = 24 * 3600 * 1000

/** A registration and its secrets, as far as warnings need them. */
export type Warned = Registration & Pick<Client, 'secrets'>

/**
 * Each weakening of what the templates advise: one sentence that says what it means. None of it is refused.
 * `now` decides which secrets count.
 */
export function warningsOf(client: Warned, now: Date): string[] {
  return [...ofAddresses(client), ...ofTokens(client), ...ofPeople(client), ...ofSecrets(client, now), ...ofMachines(client)]
}

function ofAddresses(client: Warned): string[] {
  const { metadata, policy } = client
  const warnings: string[] = []
  if (kindOf(client) !== 'native' && metadata.redirect_uris.some(isPlain)) {
    warnings.push('A redirect address is plain http: whoever listens on that machine can take the sign-in for themselves.')
  }
  if (metadata.backchannel_logout_uri && isPlain(metadata.backchannel_logout_uri)) {
    warnings.push('It is told of sign-outs over plain http: outside of trial mode nothing is sent there.')
  }
  if (metadata.redirect_uris.length > REDIRECTS_MANY) {
    warnings.push(
      `It has ${metadata.redirect_uris.length} redirect addresses: each is a place where a sign-in can end, so take away those of no use.`,
    )
  }
  if (metadata.application_type === 'native' && metadata.redirect_uris.some(isPrivateUse)) {
    warnings.push(
      'A redirect address has a scheme of its own: any app on the same device can claim it, and only PKCE keeps the sign-in from it; a claimed https address is safer.',
    )
  }
  if (policy.corsOrigins.length > CORS_ORIGINS_MANY) {
    warnings.push(
      `Scripts of ${policy.corsOrigins.length} origins may read the answers of the endpoints: a weakness of one of them is enough to read tokens.`,
    )
  }
  return warnings
}

function ofTokens(client: Warned): string[] {
  const { metadata, policy } = client
  const warnings: string[] = []
  if (metadata.grant_types.includes('authorization_code') && !policy.requirePkce) {
    warnings.push('PKCE is not required: a code that leaks on its way back can be used by whoever finds it.')
  }
  if (!policy.firstParty && policy.refreshToken === 'always') {
    warnings.push(
      'An application of somebody else stays signed in without asking the person for it: access lasts beyond the visit at every sign-in.',
    )
  }
  if ((policy.refreshTokenTtlSeconds ?? 0) > REFRESH_LONG_SECONDS) {
    warnings.push('Refresh tokens live for more than 90 days: one that is stolen and not noticed opens the data for that long.')
  }
  if (metadata.id_token_signed_response_alg === 'RS256') {
    warnings.push('ID tokens are signed with RS256: it is for libraries that cannot read ES256, which is shorter and as strong.')
  }
  return warnings
}

function ofPeople(client: Warned): string[] {
  const { policy } = client
  const warnings: string[] = []
  if (policy.secondFactor === 'off') {
    warnings.push(
      'No second factor is asked for here: whoever reads the mail of a person gets in, also where the person set one up.',
    )
  }
  if (policy.secondFactor === 'off' && policy.rescueDelaySeconds !== undefined) {
    warnings.push(
      'It waits after a rescue and asks for no second factor: whoever reads the mail of a person gets in without any rescue.',
    )
  }
  if (policy.methods?.length === 1 && policy.methods[0] === 'sms') {
    warnings.push(
      'Only text messages begin a sign-in here: a number can be taken over at the carrier, and each text costs money.',
    )
  }
  if (policy.firstParty && policy.madeBy !== null) {
    warnings.push('It is marked as your own and names another maker: nobody is asked for consent before data goes to that maker.')
  }
  return warnings
}

function ofSecrets(client: Warned, now: Date): string[] {
  const method = client.metadata.token_endpoint_auth_method
  if (method !== 'client_secret_basic' && method !== 'client_secret_post') return []
  const living = livingSecrets(client, now)
  const warnings: string[] = []
  if (living.length === 0) warnings.push('It has no secret that counts: it gets no token until you make one.')
  if (living.some(({ expiresAt }) => expiresAt === null)) {
    warnings.push('A secret has no end: one that leaks opens the door until somebody notices.')
  } else if (living.some(({ expiresAt }) => expiresAt && expiresAt.getTime() - now.getTime() > SECRET_AGE_MAX_DAYS * DAY_MS)) {
    warnings.push('A secret lives for more than a year: one that leaks opens the door for that long.')
  }
  if (method === 'client_secret_post') {
    warnings.push(
      'The secret is sent in the body of requests (client_secret_post), which is more likely to end up in logs than a header.',
    )
  }
  return warnings
}

function ofMachines(client: Warned): string[] {
  const { metadata, policy } = client
  if (!metadata.grant_types.includes('client_credentials')) return []
  const warnings: string[] = []
  if (metadata.token_endpoint_auth_method !== 'private_key_jwt') {
    warnings.push(
      'A machine proves itself by a secret that it sends along: with a key of its own (private_key_jwt) nothing that could be stolen on the way is sent.',
    )
  }
  if ((policy.adminScopes?.length ?? 0) > 0) {
    warnings.push(
      'It may use the admin API by itself, without a person or a second factor: whoever has its secret or key has these rights.',
    )
  }
  return warnings
}

function isPlain(uri: string): boolean {
  return uri.startsWith('http:')
}

function isPrivateUse(uri: string): boolean {
  return !/^https?:/.test(uri)
}
