import type { Configuration } from 'oidc-provider'

type ExtraTokenClaims = NonNullable<Configuration['extraTokenClaims']>

/**
 * What an access token of the admin API says beyond RFC 9068 where a person stands behind it: how and when they proved who
 * they are (RFC 9470 §6.1), and under which grant, by which the API asks for account, role and grant at once. A
 * machine's token says nothing of it, and is told apart by that.
 */
export function createAdminTokenClaims(adminApiId: string): ExtraTokenClaims {
  return (ctx, token) => {
    if (token.kind !== 'AccessToken' || token.aud !== adminApiId) return undefined
    const { AuthorizationCode, RefreshToken } = ctx.oidc.entities
    const source = AuthorizationCode ?? RefreshToken
    return { gid: token.grantId, acr: source?.acr, auth_time: source?.authTime }
  }
}
