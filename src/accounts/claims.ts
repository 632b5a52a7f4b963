import { addSeconds } from '../base/index.ts'
import type { Account, Identity } from './account.ts'

/** Claims of OpenID Connect Core §5.1 that a profile may hold. Who one is and what is proven is never read from it. */
export const PROFILE_CLAIMS = [
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
] as const

/**
 * All standard claims about an account (OpenID Connect Core §5.1); which of them an application sees is decided
 * by its scopes. `email_verified` and `phone_number_verified` are true, JSON booleans, for what this very account has
 * proven; an account without an address or a number has no claims about it. `phone_number` is in E.164 form.
 * `updated_at` is a number of seconds and moves with the profile too; proving the same number again changes nothing about a person.
 */
export function claimsOf(account: Identity): Record<string, unknown> {
  const claims: Record<string, unknown> = { sub: account.id }
  for (const name of PROFILE_CLAIMS) {
    const value = Object.hasOwn(account.profile, name) ? account.profile[name] : undefined
    if (typeof value === 'string' && value !== '') claims[name] = value
  }
  if (account.locale) claims.locale = account.locale
  if (account.email && account.emailProvenAt) {
    claims.email = account.email
    claims.email_verified = true
  }
  if (account.phone && account.phoneProvenAt) {
    claims.phone_number = account.phone
    claims.phone_number_verified = true
  }
  const changedAt = Math.max(account.createdAt.getTime(), account.emailProvenAt?.getTime() ?? 0, profileChangedAt(account))
  claims.updated_at = Math.floor(changedAt / 1000)
  return claims
}

/**
 * `recovered_at`, a number of seconds: when the person got back in without the factors that they had. For so long since
 * then applications are told, so that they can hold back what cannot be undone.
 */
export function recoveryClaimOf({ recoveredAt }: Pick<Account, 'recoveredAt'>, toldSeconds: number, now: Date): object {
  const told = recoveredAt !== null && now < addSeconds(recoveredAt, toldSeconds)
  return told ? { recovered_at: Math.floor(recoveredAt.getTime() / 1000) } : {}
}

function profileChangedAt({ profile: { updatedAt } }: Identity): number {
  const at = typeof updatedAt === 'string' ? Date.parse(updatedAt) : 0
  return Number.isNaN(at) ? 0 : at
}
