import type { Registration } from './client.ts'
import type { ClientFields } from './file-shape.ts'

/** What an application can be: it decides how it proves who it is, and where people come back to. */
export const CLIENT_KINDS = ['web', 'spa', 'native', 'machine'] as const
export type ClientKind = (typeof CLIENT_KINDS)[number]

/**
 * The fields that a template fills in; what is given stands above them, and what neither says is at the default of the
 * clients file. A template never weakens: PKCE is everywhere, and a secret only where one can be kept.
 */
export function fromTemplate(kind: ClientKind, given: ClientFields): ClientFields {
  return { ...templateOf(kind, given), ...given }
}

function templateOf(kind: ClientKind, given: ClientFields): ClientFields {
  switch (kind) {
    case 'web': // many libraries of servers read the ID token alone
      return { application_type: 'web', token_endpoint_auth_method: 'client_secret_basic', profile_claims_in_id_token: true }
    case 'spa':
      return { application_type: 'web', token_endpoint_auth_method: 'none', cors_origins: originsOf(given.redirect_uris ?? []) }
    case 'native': // RFC 8252 §8.5: nothing that is handed out with an app is a secret
      return { application_type: 'native', token_endpoint_auth_method: 'none' }
    case 'machine':
      return { grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic' }
  }
}

/** What a registration is, by what it registered. The same rule stands in SQL in `src/store/admin-clients.ts`. */
export function kindOf({ metadata }: Pick<Registration, 'metadata'>): ClientKind {
  if (!metadata.grant_types.includes('authorization_code')) return 'machine'
  if (metadata.application_type === 'native') return 'native'
  return metadata.token_endpoint_auth_method === 'none' ? 'spa' : 'web'
}

// A script is served from where people come back to. What is no origin at all is judged as a redirect URI, once.
function originsOf(uris: readonly string[]): string[] {
  const urls = uris.flatMap((uri) => URL.parse(uri) ?? [])
  return [...new Set(urls.filter((url) => /^https?:$/.test(url.protocol)).map((url) => url.origin))]
}
