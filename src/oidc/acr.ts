import type { Level } from '../signin/index.ts'

const PREFIX = 'urn:doorward:acr:'

/** Authentication Context Classes, lowest first; see `Level`. They name nothing that is not kept. */
export const ACR_VALUES = [1, 2, 3].map((level) => acrOf(level as Level))

export function acrOf(level: Level): string {
  return `${PREFIX}${level}`
}

/** Null for what is none of ours. */
export function levelOfAcr(acr: unknown): Level | null {
  const at = ACR_VALUES.indexOf(String(acr))
  return at < 0 ? null : ((at + 1) as Level)
}

/** What a request says about `acr`. */
export interface AskedAcr {
  /** In the application's order of preference; unknown values among them. */
  values: readonly string[]
  /** One of the values, or no sign-in at all (OpenID Connect Core §5.5.1.1). */
  essential: boolean
}

/**
 * What a request's parameters ask of `acr`. OpenID Connect Core §5.5.1.1 leaves open what counts where `acr_values` and
 * the claim are both sent: what is essential does, since nothing may undercut it.
 */
export function askedAcr(params: Readonly<Record<string, unknown>>): AskedAcr | null {
  const claim = acrClaim(params.claims)
  const listed = typeof params.acr_values === 'string' ? params.acr_values.split(' ').filter(Boolean) : []
  if (claim?.essential || listed.length === 0) return claim
  return { values: listed, essential: false }
}

/**
 * The level to reach: of essential values any one will do, so the lowest counts; of others the one that is preferred.
 * Null where nothing is asked for that every sign-in does not bring.
 */
export function levelAsked(asked: AskedAcr | null): { level: Level; essential: boolean } | null {
  if (!asked) return null
  const levels = asked.values.flatMap((value) => levelOfAcr(value) ?? [])
  const level = asked.essential ? levels.toSorted()[0] : levels[0]
  return level && level > 1 ? { level, essential: asked.essential } : null
}

/**
 * The `acr` that an application is told: the session's own, or, where it insists on others, the strongest of those that
 * the session reaches: each level holds what the ones below it ask for.
 */
export function acrToTell(own: string | undefined, asked: AskedAcr | null): string | undefined {
  const reached = levelOfAcr(own)
  if (!reached || !asked?.essential || asked.values.includes(acrOf(reached))) return own
  const met = asked.values.flatMap((value) => levelOfAcr(value) ?? []).filter((level) => level <= reached)
  return met.length > 0 ? acrOf(Math.max(...met) as Level) : own
}

// Its form was checked when the request came in: see claims-parameter.ts.
function acrClaim(claims: unknown): AskedAcr | null {
  if (typeof claims !== 'string') return null
  const { id_token } = JSON.parse(claims) as { id_token?: { acr?: { essential?: boolean; values?: string[] } | null } }
  const acr = id_token?.acr
  return acr?.values ? { values: acr.values, essential: acr.essential === true } : null
}
