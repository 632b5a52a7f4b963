import type { Client, ClientSecret, Registration } from './client.ts'
import type { ClientFields } from './file-shape.ts'

/** A client's fields by the names of the clients file, each with the value that counts; reading them makes it again. */
export function fieldsOf({ id, metadata, policy, disabledAt }: Registration & Pick<Client, 'disabledAt'>): ClientFields {
  return {
    client_id: id,
    ...metadata,
    first_party: policy.firstParty,
    require_pkce: policy.requirePkce,
    refresh_token: policy.refreshToken,
    profile_claims_in_id_token: policy.profileClaimsInIdToken,
    cors_origins: [...policy.corsOrigins],
    resources: [...policy.resources],
    introspects: [...policy.introspects],
    second_factor: policy.secondFactor,
    rescue_delay: inWords(policy.rescueDelaySeconds),
    made_by: policy.madeBy,
    methods: policy.methods ? [...policy.methods] : null,
    access_token_ttl: inWords(policy.accessTokenTtlSeconds),
    id_token_ttl: inWords(policy.idTokenTtlSeconds),
    refresh_token_ttl: inWords(policy.refreshTokenTtlSeconds),
    color: policy.color ?? null,
    admin_scopes: [...(policy.adminScopes ?? [])],
    disabled: disabledAt !== null,
  }
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const

function inWords(seconds: number | undefined): string | null {
  if (seconds === undefined) return null
  const unit = UNITS.find(([, size]) => seconds % size === 0)
  return unit ? `${seconds / unit[1]}${unit[0]}` : `${seconds}s`
}

/** Whether a client may be used: it is on, and has not ended. */
export function isOn({ disabledAt, expiresAt }: Pick<Client, 'disabledAt' | 'expiresAt'>, now: Date): boolean {
  return disabledAt === null && (expiresAt === null || expiresAt > now)
}

/** Those that have not ended. */
export function livingSecrets({ secrets }: Pick<Client, 'secrets'>, now: Date): ClientSecret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
}
