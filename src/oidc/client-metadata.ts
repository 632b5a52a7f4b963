import type { Client, ClientPolicy } from '../clients/index.ts'

/** The property under which the engine's client object carries our policy. */
export const POLICY_PROPERTY = 'policy'

/**
 * What the engine is told of a client: its registration (OpenID Connect Registration §2) and our policy.
 * The engine insists on a `client_secret` for a confidential client; it gets the hashes, and its comparison is
 * replaced by ours. Algorithms keyed by the secret itself (HS256) are therefore not on offer.
 */
export function engineMetadata(client: Client): Record<string, unknown> {
  const { logo_uri: _kept, ...metadata } = client.metadata // whoever does not know it cannot fetch or show it
  const method = metadata.token_endpoint_auth_method
  const needsSecret = method === 'client_secret_basic' || method === 'client_secret_post'
  return {
    ...metadata,
    client_id: client.id,
    ...(needsSecret ? { client_secret: client.secrets.map(({ hash }) => hash).join(' ') || 'none' } : {}),
    [POLICY_PROPERTY]: client.policy,
  }
}

/** Our policy of the engine's client object. */
export function policyOf(client: unknown): ClientPolicy {
  return (client as { [POLICY_PROPERTY]: ClientPolicy })[POLICY_PROPERTY]
}
