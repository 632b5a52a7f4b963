import { addSeconds, newId } from '../../base/index.ts'
import type { Client } from '../../clients/index.ts'
import type { AdminActor } from '../actor.ts'
import { AdminFault } from '../fault.ts'
import { makeSecret } from './secrets.ts'

/** How long a copy lives. */
const TRIAL_SECONDS = 15 * 60

/** Where a sign-in that is tried comes back to at the console. */
function trialCallback(issuer: string): string {
  return `${issuer}/admin/try/callback`
}

/**
 * A copy of a client to try a sign-in with: it looks and asks as the client does, and can do nothing else. It has a
 * secret of its own, no API, no refresh token, and ends by itself. Throws where there is no sign-in to try.
 */
export function trialOf(
  client: Client,
  redirectUri: string,
  { issuer, actor, now }: { issuer: string; actor: AdminActor; now: Date },
): { trial: Client; secret: string; expiresAt: Date } {
  if (!client.metadata.grant_types.includes('authorization_code')) {
    throw new AdminFault('conflict', 'Nobody signs in to this application: it is a machine.')
  }
  if (client.disabledAt) throw new AdminFault('conflict', 'This application is switched off: switch it on again first.')
  if (redirectUri !== trialCallback(issuer) && !isHttpLoopback(redirectUri)) {
    throw new AdminFault('invalid_input', 'The sign-in cannot come back there.', [
      { field: 'redirect_uri', words: `must be ${trialCallback(issuer)}, or http on 127.0.0.1 or [::1]` },
    ])
  }
  const expiresAt = addSeconds(now, TRIAL_SECONDS)
  const made = makeSecret(actor, now, undefined)
  const { jwks: _keys, jwks_uri: _keysAt, initiate_login_uri: _initiated, logo_uri: _logo, ...metadata } = client.metadata
  const { adminScopes: _adminScopes, ...policy } = client.policy
  const trial: Client = {
    id: `try-${newId()}`, // longer than the id of a person, and never one that somebody chose
    metadata: {
      ...metadata,
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    policy: { ...policy, refreshToken: 'never', corsOrigins: [], resources: [], introspects: [] },
    secrets: [{ ...made.kept, expiresAt }],
    source: 'try',
    disabledAt: null,
    expiresAt,
  }
  return { trial, secret: made.text, expiresAt }
}

// RFC 8252 §7.3, §8.3: by address, since a name can be made to lead elsewhere.
function isHttpLoopback(uri: string): boolean {
  const url = URL.parse(uri)
  if (!url || url.href !== uri || url.username || url.password || url.hash) return false
  return url.protocol === 'http:' && (url.hostname === '127.0.0.1' || url.hostname === '[::1]')
}
