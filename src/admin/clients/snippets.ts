import { type Client, type ClientKind, kindOf } from '../../clients/index.ts'
import { machineSnippets } from './snippets-machine.ts'
import { nativeSnippets, spaSnippets } from './snippets-public.ts'
import { webSnippets } from './snippets-web.ts'

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
}

const BY_KIND: Readonly<Record<ClientKind, (values: SnippetValues) => Snippet[]>> = {
  web: webSnippets,
  spa: spaSnippets,
  native: nativeSnippets,
  machine: machineSnippets,
}

/** An API with the scopes that a client may have there. */
export interface SnippetApi {
  id: string
  scopes: readonly string[]
}

/** Settings for the common libraries of the kind of application that this client is, with its own values. */
export function snippetsFor(client: Client, issuer: string, api: SnippetApi | null): Snippet[] {
  const { metadata, policy } = client
  const values: SnippetValues = {
    issuer,
    clientId: client.id,
    redirectUri: metadata.redirect_uris.find(isPlain) ?? 'https://app.example.com/callback',
    postLogoutUri: metadata.post_logout_redirect_uris.find(isPlain) ?? null,
    scope: scopeFor(client),
    resource: api && isPlain(api.id) ? api.id : null,
    resourceScope: api?.scopes.filter(isPlain).join(' ') ?? '',
    pkce: policy.requirePkce,
    refresh: policy.refreshToken !== 'never',
    authMethod: metadata.token_endpoint_auth_method,
  }
  return BY_KIND[kindOf(client)](values)
}

// No more than most need. Whoever keeps no session of their own needs a refresh token to stay signed in.
function scopeFor(client: Client): string {
  const { metadata, policy } = client
  const allowed = (metadata.scope ?? 'openid').split(' ')
  const stays = policy.refreshToken === 'offline_access' && kindOf(client) !== 'web'
  const wanted = ['openid', 'profile', 'email', ...(stays ? ['offline_access'] : [])]
  return wanted.filter((scope) => allowed.includes(scope)).join(' ')
}

// What would end a text in one of the languages is left to whoever pastes: it must not become a part of their program.
function isPlain(uri: string): boolean {
  return !/['"`$\\]/.test(uri)
}
