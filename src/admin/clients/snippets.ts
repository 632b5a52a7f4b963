import { type Client, type ClientKind, kindOf } from '../../clients/index.ts'
import type { Snippet, SnippetValues } from './snippet.ts'
import { machineSnippets } from './snippets-machine.ts'
import { nativeSnippets, spaSnippets } from './snippets-public.ts'
import { webSnippets } from './snippets-web.ts'

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
    signedBy: metadata.id_token_signed_response_alg,
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
