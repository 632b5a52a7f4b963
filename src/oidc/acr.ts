import type { Level } from '../signin/index.ts'

/**
 * What applications call the levels, lowest first: Authentication Context Classes. Whoever names the first three otherwise
 * than Doorward does answers for what the names promise. The one after them, where it is on offer, is called as
 * OpenID Connect Extended Authentication Profile ACR Values 1.0 §2 says: phishing-resistant.
 */
export type AcrNames = readonly [string, string, string, ...string[]]

/** The name of level 4. */
export const PHISHING_RESISTANT = 'phr'

/** How sessions keep a level, whatever it is called: names may change while sessions live. */
const KEPT: AcrNames = [1, 2, 3, 4].map((level) => `urn:doorward:acr:${level}`) as unknown as AcrNames

/** The level as a session keeps it. */
export function acrKept(level: Level): string {
  return KEPT[level - 1] as string
}

/** Null for what no session keeps. */
export function levelKept(acr: unknown): Level | null {
  return levelOfAcr(acr, KEPT)
}

/** Null for what is none of these names. */
export function levelOfAcr(acr: unknown, names: AcrNames): Level | null {
  const at = names.indexOf(String(acr))
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
export function levelAsked(asked: AskedAcr | null, names: AcrNames): { level: Level; essential: boolean } | null {
  if (!asked) return null
  const levels = asked.values.flatMap((value) => levelOfAcr(value, names) ?? [])
  const level = asked.essential ? levels.toSorted()[0] : levels[0]
  return level && level > 1 ? { level, essential: asked.essential } : null
}

/**
 * The `acr` that an application is told, by its name: what the session keeps, or, where the application insists on
 * others, the strongest of those that the session reaches: each level holds what the ones below it ask for.
 */
export function acrToTell(kept: string | undefined, asked: AskedAcr | null, names: AcrNames): string | undefined {
  const reached = levelKept(kept)
  if (!reached) return kept
  const values = asked?.essential ? asked.values : []
  const met = values.flatMap((value) => levelOfAcr(value, names) ?? []).filter((level) => level <= reached)
  // What has no name here is told as the highest that has.
  return names[(met.length > 0 ? Math.max(...met) : Math.min(reached, names.length)) - 1]
}

// Its form was checked when the request came in: see claims-parameter.ts.
function acrClaim(claims: unknown): AskedAcr | null {
  if (typeof claims !== 'string') return null
  const { id_token } = JSON.parse(claims) as { id_token?: { acr?: { essential?: boolean; values?: string[] } | null } }
  const acr = id_token?.acr
  return acr?.values ? { values: acr.values, essential: acr.essential === true } : null
}
