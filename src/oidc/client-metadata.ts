import type { Client, ClientPolicy } from '../clients/index.ts'

/** The property under which the engine's client object carries our policy. */
export const POLICY_PROPERTY = 'policy'

/**
 * What the engine is told of a client: its registration (OpenID Connect Registration §2) and our policy.
 * The engine insists on a `client_secret` for a confidential client; it gets the hashes, and its comparison is
 * replaced by ours. Algorithms keyed by the secret itself (HS256) are therefore not on offer.
 */
export function engineMetadata(client: Client): Record<string, unknown> {
  return {
    ...client.metadata,
    client_id: client.id,
    ...(client.secrets.length > 0 ? { client_secret: client.secrets.map(({ hash }) => hash).join(' ') } : {}),
    [POLICY_PROPERTY]: client.policy,
  }
}

/** Our policy of the engine's client object. */
export function policyOf(client: unknown): ClientPolicy {
  return (client as { [POLICY_PROPERTY]: ClientPolicy })[POLICY_PROPERTY]
}
