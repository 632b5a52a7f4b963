import { createLocalJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { type ActorStore, ADMIN_SCOPES, type AdminActor, AdminFault, type AdminScope } from '../../admin/index.ts'
import type { EventWho } from '../../audit/index.ts'
import { type Clock, Refusal } from '../../base/index.ts'
import { type AcrNames, levelOfAcr } from '../../oidc/index.ts'

export interface BearerDeps {
  issuer: string
  /** The resource indicator of the admin API: the one audience of its tokens. */
  audience: string
  /** The keys that sign tokens, as they are now; private parts are not needed. */
  keys(): readonly JWK[]
  actors: Pick<ActorStore, 'personByGrant' | 'machine'>
  /** Counts a request by the subject of its token, role or none, before anything else is asked; throws where it is one too many. */
  count(subject: string): void
  acrNames: AcrNames
  clock: Clock
}

/** Why a request shows nobody; `error` as in RFC 6750 §3.1, null where no token came at all. */
export class NotShown extends Error {
  override name = 'NotShown'
  readonly error: 'invalid_token' | null

  constructor(error: 'invalid_token' | null, words: string) {
    super(words)
    this.error = error
  }
}

// RFC 6750 §2.1: b64token.
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i
const ALGORITHMS = ['ES256', 'RS256']

/**
 * Who asks, by the access token in the header (RFC 6750 §2.1) and nowhere else. The token is checked as RFC 9068 §4 says;
 * then the account, its role and the token's grant, or the client and its scopes, are asked for anew by one statement
 * . Throws `NotShown` where the token is worth nothing, and `AdminFault('forbidden')` for a person without a role.
 */
export function createBearer(deps: BearerDeps): (header: string, who: EventWho) => Promise<AdminActor> {
  const { actors, clock } = deps
  const publicKeys = createKeySet(deps.keys)

  async function checked(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, publicKeys(), {
        algorithms: ALGORITHMS,
        typ: 'at+jwt',
        issuer: deps.issuer,
        audience: deps.audience,
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
        currentDate: clock.now(),
      })
      // A token for several APIs is none of ours.
      if (payload.aud === deps.audience) return payload
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
    }
    throw new NotShown('invalid_token', 'The token is not one of this API, or has ended.')
  }

  return async (header, who) => {
    if (header === '') throw new NotShown(null, 'Send an access token of this API as `Authorization: Bearer …`.')
    const token = BEARER.exec(header)?.[1]
    if (!token) throw new NotShown('invalid_token', 'The header is not `Authorization: Bearer` and a token.')
    const claims = await checked(token)
    deps.count(claims.sub as string)
    const scopes = scopesIn(claims)
    return typeof claims.gid === 'string' ? person(claims, claims.gid, scopes, who) : machine(claims, scopes, who)
  }

  async function person(claims: JWTPayload, grant: string, scopes: AdminScope[], who: EventWho): Promise<AdminActor> {
    const accountId = claims.sub as string
    const found = await actors.personByGrant(accountId, grant, clock.now())
    if (!found) throw new NotShown('invalid_token', 'What this token was issued for has ended.')
    if (!found.role) throw new AdminFault('forbidden', 'You do not administer anything here.')
    return {
      kind: 'person',
      accountId,
      role: found.role,
      scopes: new Set(scopes),
      // Email and text together are nothing of one's own.
      level: found.secondFactor ? (levelOfAcr(claims.acr, deps.acrNames) ?? 1) : 1,
      authTime: new Date(typeof claims.auth_time === 'number' ? claims.auth_time * 1000 : 0),
      standing: { grant },
      who: { ...who, actorId: accountId },
    }
  }

  // RFC 9068 §2.2: where nobody but the client is behind a token, `sub` names the client. A person's always has a grant.
  async function machine(claims: JWTPayload, scopes: AdminScope[], who: EventWho): Promise<AdminActor> {
    const clientId = claims.sub as string
    const found = clientId === claims.client_id ? await actors.machine(clientId, clock.now()) : null
    if (!found) throw new NotShown('invalid_token', 'The client of this token is not there, or is switched off.')
    const registered = new Set(found.scopes)
    return {
      kind: 'client',
      clientId,
      scopes: new Set(scopes.filter((scope) => registered.has(scope))),
      who: { ...who, actorId: clientId },
    }
  }
}

function scopesIn({ scope }: JWTPayload): AdminScope[] {
  const named = typeof scope === 'string' ? scope.split(' ') : []
  return named.filter((one): one is AdminScope => Object.hasOwn(ADMIN_SCOPES, one))
}

const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'] as const

/** The keys as a set to check with, made anew only when others are in service. */
function createKeySet(keys: () => readonly JWK[]) {
  let madeOf: readonly JWK[] | null = null
  let made: ReturnType<typeof createLocalJWKSet> | null = null
  return () => {
    const current = keys()
    if (current.length === 0) throw new Refusal('unavailable')
    if (!made || madeOf !== current) {
      made = createLocalJWKSet({ keys: current.map(publicPart) })
      madeOf = current
    }
    return made
  }
}

function publicPart(key: JWK): JWK {
  return Object.fromEntries(PUBLIC_MEMBERS.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]]))) as JWK
}
