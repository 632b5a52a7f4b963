import { type Account, type Identity, recoveryClaimOf } from '../accounts/index.ts'
import type { Clock } from '../base/index.ts'
import { policyOf } from './client-metadata.ts'

/**
 * Claims by scope: OpenID Connect Core §5.4. How and when somebody signed in (§2), and that they got back in without
 * their second factor, stands in every ID token, asked for or not: an application that must know should not have to ask.
 */
export const claimsByScope = {
  openid: ['sub', 'acr', 'amr', 'auth_time', 'recovered_at'],
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

/** Scopes whose claims are about the person: asked for by name too, and shown at consent. */
const PERSONAL = ['profile', 'email', 'phone'] as const

/** What a client without a list of its own may ask for. */
const STANDARD_SCOPES = ['openid', ...PERSONAL, 'offline_access']

/** The standard scopes that a client is registered for. */
export function scopesOf({ scope }: { scope?: string | undefined }): string[] {
  return scope === undefined ? STANDARD_SCOPES : scope.split(' ').filter(Boolean)
}

/** The claims about a person that come with these scopes. */
export function claimsOfScopes(scopes: readonly string[]): string[] {
  return PERSONAL.filter((scope) => scopes.includes(scope)).flatMap((scope) => claimsByScope[scope])
}

/** The scopes that these claims belong to: what a person who is asked for them is told. */
export function scopesOfClaims(claims: readonly string[]): string[] {
  return PERSONAL.filter((scope) => claimsByScope[scope].some((claim) => claims.includes(claim)))
}

interface ClaimsContext {
  oidc?: { client?: unknown; entities?: { AccessToken?: { aud?: unknown } } }
}

/**
 * The engine's `findAccount`: an account that may not sign in is none, so that codes and refresh tokens of a
 * suspended person end with `invalid_grant`.
 *
 * Profile claims stand in the ID token where the client's policy says so, or where the access token is meant for
 * a resource server and cannot be used at userinfo (OpenID Connect Core §5.4); and those that the application asked
 * for in it by name (§5.5).
 */
export function createFindAccount(deps: {
  accounts: {
    find(id: string): Promise<Identity | null>
    claimsOf(account: Identity): Record<string, unknown>
  }
  recovery: { toldSeconds: number }
  clock: Clock
}) {
  const { accounts, recovery, clock } = deps
  return async function findAccount(ctx: unknown, id: string) {
    const account = await accounts.find(id)
    if (account?.state !== 'active') return undefined
    return {
      accountId: account.id,
      [PERSON]: account,
      async claims(use: string, _scope: string, asked: object): Promise<{ sub: string; [claim: string]: unknown }> {
        const all: Record<string, unknown> = { ...accounts.claimsOf(account), sub: account.id }
        const some = use === 'id_token' && !inIdToken(ctx as ClaimsContext)
        const shown = some ? Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(asked, name))) : all
        return { ...shown, ...recoveryClaimOf(account, recovery.toldSeconds, clock.now()), sub: account.id }
      },
    }
  }
}

const PERSON = 'person'

/** Who is behind the engine's object. */
export function personOf(account: unknown): Identity {
  return (account as { [PERSON]: Identity })[PERSON]
}

/** The same with what a sign-in may ask for. It is known wherever somebody has a session, and by a token alone nowhere. */
export function signerOf(account: unknown): Account {
  const person = personOf(account)
  if (!('authenticators' in person)) throw new Error('what a sign-in may ask for was not read')
  return person as Account
}

function inIdToken(ctx: ClaimsContext): boolean {
  const forResource = ctx.oidc?.entities?.AccessToken?.aud !== undefined
  return forResource || (ctx.oidc?.client !== undefined && policyOf(ctx.oidc.client).profileClaimsInIdToken)
}
