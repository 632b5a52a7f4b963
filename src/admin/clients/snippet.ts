import type { Client } from '../../clients/index.ts'

/** Settings of one library, ready to paste. */
export interface Snippet {
  library: string
  language: string
  text: string
}

/** What the texts are filled with. A secret is shown once and never again: it is named, not told. */
export interface SnippetValues {
  issuer: string
  clientId: string
  redirectUri: string
  postLogoutUri: string | null
  scope: string
  /** An API that it may get tokens for, and what it may ask for there; null where there is none. */
  resource: string | null
  resourceScope: string
  pkce: boolean
  /** Whether it can get refresh tokens. */
  refresh: boolean
  authMethod: Client['metadata']['token_endpoint_auth_method']
  /** How its ID tokens are signed. */
  signedBy: Client['metadata']['id_token_signed_response_alg']
}

/** The last argument of `client.discovery` of openid-client: it takes an issuer without TLS, as of a trial, only when told to. */
export function openidClientOptions(issuer: string): string | null {
  return issuer.startsWith('http:') ? '{ execute: [client.allowInsecureRequests] }' : null
}
