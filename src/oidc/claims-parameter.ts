import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { type AcrNames, levelOfAcr } from './acr.ts'
import { claimsOfScopes, scopesOf } from './claims.ts'

/** The parameter as the engine hands it over: objects of anything. */
interface Asked {
  id_token?: Record<string, unknown> | undefined
  userinfo?: Record<string, unknown> | undefined
}

/** How one claim is asked for (OpenID Connect Core §5.5.1). */
type Member = { essential?: boolean; value?: string; values?: string[] } | null

/**
 * The `claims` parameter (OpenID Connect Core §5.5), narrowed at the door to what counts: how somebody signed in, who
 * it must be, and claims of scopes that the client may ask for, wished or essential alike. All else is as if it had
 * not been asked for, so that neither consent nor tokens ever meet it. An `acr` of which nothing can ever be
 * met ends the request.
 */
export function createNarrowClaims(names: AcrNames) {
  return function narrowClaims(ctx: KoaContextWithOIDC, claims: Asked, client: unknown): void {
    const allowed = claimsOfScopes(scopesOf(client as { scope?: string | undefined }))
    const { id_token = {}, userinfo = {} } = claims
    const narrowed = {
      userinfo: picked(userinfo, allowed),
      id_token: {
        ...picked(id_token, [...allowed, 'amr', 'auth_time', 'sid']),
        ...one('acr', acrOf(id_token, names)),
        ...one('sub', subOf(id_token)),
      },
    }
    if (ctx.oidc.params) ctx.oidc.params.claims = JSON.stringify(narrowed)
  }
}

function picked(asked: Record<string, unknown>, allowed: readonly string[]): Record<string, null> {
  return Object.fromEntries(allowed.filter((name) => Object.hasOwn(asked, name)).map((name) => [name, null]))
}

function one(name: string, member: Member | undefined): Record<string, Member> {
  return member === undefined ? {} : { [name]: member }
}

function acrOf(asked: Record<string, unknown>, names: AcrNames): Member | undefined {
  const member = memberOf(asked, 'acr')
  if (!member) return member
  const { essential = false, value, values = value === undefined ? undefined : [value] } = member
  if (typeof essential !== 'boolean') throw new errors.InvalidRequest('claims.id_token.acr.essential must be true or false')
  if (values === undefined) return null
  if (!Array.isArray(values) || !values.every((one) => typeof one === 'string')) {
    throw new errors.InvalidRequest('claims.id_token.acr must name its values as text')
  }
  if (essential && !values.some((value) => levelOfAcr(value, names))) throw unmetAcr()
  return { values, essential }
}

function subOf(asked: Record<string, unknown>): Member | undefined {
  const member = memberOf(asked, 'sub')
  if (!member || member.value === undefined) return member && null
  if (typeof member.value !== 'string') throw new errors.InvalidRequest('claims.id_token.sub.value must be text')
  return { value: member.value }
}

function memberOf(asked: Record<string, unknown>, name: string): Record<string, unknown> | null | undefined {
  const member = Object.hasOwn(asked, name) ? asked[name] : undefined
  if (member === undefined || member === null) return member
  if (typeof member !== 'object') throw new errors.InvalidRequest(`claims.id_token.${name} must be null or an object`)
  return member as Record<string, unknown>
}

/** OpenID Connect Core Error Code unmet_authentication_requirements 1.0: an essential `acr` cannot be met. */
export function unmetAcr(): Error {
  return new errors.UnmetAuthenticationRequirements(UNMET)
}

export const UNMET = 'the requested acr cannot be met'
