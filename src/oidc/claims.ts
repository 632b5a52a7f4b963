import type { Account } from '../accounts/index.ts'
import { policyOf } from './client-metadata.ts'

/**
 * Claims by scope: OpenID Connect Core §5.4. How and when somebody signed in (§2) stands in every ID token, asked for
 * or not: an application that must know should not have to ask.
 */
export const claimsByScope = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: [
    'birthdate',
    'family_name',
    'gender',
    'given_name',
    'locale',
    'middle_name',
    'name',
    'nickname',
    'picture',
    'preferred_username',
    'profile',
    'updated_at',
    'website',
    'zoneinfo',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  iss: null,
  sid: null,
}

interface ClaimsContext {
  oidc?: { client?: unknown; entities?: { AccessToken?: { aud?: unknown } } }
}

/**
 * The engine's `findAccount`: an account that may not sign in is none, so that codes and refresh tokens of a
 * suspended person end with `invalid_grant`.
 *
 * Profile claims stand in the ID token where the client's policy says so, or where the access token is meant for
 * a resource server and cannot be used at userinfo (OpenID Connect Core §5.4).
 */
export function createFindAccount(accounts: {
  find(id: string): Promise<Account | null>
  claimsOf(account: Account): Record<string, unknown>
}) {
  return async function findAccount(ctx: unknown, id: string) {
    const account = await accounts.find(id)
    if (account?.state !== 'active') return undefined
    return {
      accountId: account.id,
      async claims(use: string): Promise<{ sub: string; [claim: string]: unknown }> {
        if (use === 'id_token' && !inIdToken(ctx as ClaimsContext)) return { sub: account.id }
        return { ...accounts.claimsOf(account), sub: account.id }
      },
    }
  }
}

function inIdToken(ctx: ClaimsContext): boolean {
  const forResource = ctx.oidc?.entities?.AccessToken?.aud !== undefined
  return forResource || (ctx.oidc?.client !== undefined && policyOf(ctx.oidc.client).profileClaimsInIdToken)
}
