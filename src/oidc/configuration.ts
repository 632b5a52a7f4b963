import type { Configuration, Client as EngineClient, KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { recoveryClaimOf } from '../accounts/index.ts'
import type { Clock } from '../base/index.ts'
import type { Clients } from '../clients/index.ts'
import type { EngineAdapter } from './adapter.ts'
import { createAdminTokenClaims } from './admin-token.ts'
import { claimsByScope, personOf } from './claims.ts'
import { createNarrowClaims } from './claims-parameter.ts'
import { POLICY_PROPERTY, policyOf } from './client-metadata.ts'
import type { CookieKeys } from './cookie-keys.ts'
import type { Recovery } from './hold.ts'
import { createPrompts } from './prompts.ts'
import type { LevelDeps } from './step-up.ts'

/** Lifetimes, all in seconds. */
export interface Lifetimes {
  sessionSeconds: number
  sessionIdleSeconds: number
  accessTokenSeconds: number
  idTokenSeconds: number
  refreshTokenSeconds: number
  refreshTokenIdleSeconds: number
  codeSeconds: number
  interactionSeconds: number
}

export interface ConfigurationDeps extends LevelDeps {
  recovery: Recovery
  /** https: cookies carry their prefixes (RFC 6265bis §4.1.3). */
  secure: boolean
  cookieKeys: CookieKeys
  lifetimes: Lifetimes
  locales: readonly string[]
  clients: Pick<Clients, 'resourceServer'>
  /** The resource indicator of the admin API. */
  adminApiId: string
  adapterOf(model: string): EngineAdapter
  findAccount: NonNullable<Configuration['findAccount']>
  fetch: NonNullable<Configuration['fetch']>
  accountIsActive(id: string): Promise<boolean>
  /** False too where there is no such client. */
  clientIsOn(id: string): Promise<boolean>
  loadExistingGrant: NonNullable<Configuration['loadExistingGrant']>
  renderError: NonNullable<Configuration['renderError']>
  logoutSource(ctx: KoaContextWithOIDC, form: string): Promise<void>
  postLogoutSuccessSource(ctx: KoaContextWithOIDC): Promise<void>
}

function cookieNames(secure: boolean) {
  return secure
    ? { session: '__Host-session', interaction: '__Secure-interaction', resume: '__Secure-resume' }
    : { session: 'session', interaction: 'interaction', resume: 'resume' }
}

/** Everything the engine is told. Keys come separately: they change while the process runs. */
export function configurationOf(deps: ConfigurationDeps): Configuration {
  return {
    adapter: deps.adapterOf as NonNullable<Configuration['adapter']>,
    findAccount: deps.findAccount,
    loadExistingGrant: deps.loadExistingGrant,
    renderError: deps.renderError,
    acrValues: [...deps.acrNames],
    assertJwtClientAuthClaimsAndHeader: async (ctx, claims) => checkAssertion(ctx, claims, deps.clock),
    claims: claimsByScope,
    scopes: ['openid', 'offline_access'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientBasedCORS: (_ctx, origin, client) => corsAllowed(origin, client),
    conformIdTokenClaims: false, // by client: see claims.ts
    allowOmittingSingleRegisteredRedirectUri: false,
    cookies: cookiesOf(deps),
    discovery: { ui_locales_supported: [...deps.locales], prompt_values_supported: PROMPTS },
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256', 'RS256'],
      userinfoSigningAlgValues: ['ES256', 'RS256'],
      clientAuthSigningAlgValues: ['ES256', 'RS256', 'PS256', 'EdDSA'],
    },
    // Tokens have lifetimes of their own: a session that ends takes them along (records.ts), one that idles does not.
    expiresWithSession: async () => false,
    extraClientMetadata: { properties: [POLICY_PROPERTY] },
    extraTokenClaims: extraTokenClaimsOf(deps),
    features: featuresOf(deps),
    fetch: deps.fetch,
    fetchResponseBodyLimits: { jwks_uri: 64 * 1024, sector_identifier_uri: 64 * 1024 },
    interactions: { policy: createPrompts(deps), url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    issueRefreshToken: async (_ctx, client, source) => refreshAllowed(client, source.scopes),
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' || policyOf(client).requirePkce },
    responseTypes: ['code'],
    rotateRefreshToken: true,
    routes: {
      authorization: '/authorize',
      token: '/token',
      userinfo: '/userinfo',
      jwks: '/jwks',
      introspection: '/introspect',
      revocation: '/revoke',
      end_session: '/logout',
    },
    subjectTypes: ['public'],
    ttl: ttlOf(deps.lifetimes, deps.clock),
  } as Configuration
}

// Of somebody who got back in by a rescue every API hears it as well, in a JWT or by introspection.
function extraTokenClaimsOf({ adminApiId, recovery, clock }: ConfigurationDeps): NonNullable<Configuration['extraTokenClaims']> {
  const adminTokenClaims = createAdminTokenClaims(adminApiId)
  return (ctx, token) => {
    const { account } = ctx.oidc
    const recovered = token.kind === 'AccessToken' && account ? personOf(account) : { recoveredAt: null }
    return { ...recoveryClaimOf(recovered, recovery.toldSeconds, clock.now()), ...adminTokenClaims(ctx, token) }
  }
}

const NOBODYS_SESSION_SECONDS = 15 * 60

const PROMPTS = ['none', 'login', 'consent', 'select_account', 'create']

const ASSERTION_SECONDS_MAX = 5 * 60

// RFC 7523 §3, R-019: for us alone, and short-lived; its jti is kept until it ends.
function checkAssertion(ctx: KoaContextWithOIDC, claims: { aud?: unknown; exp?: unknown }, clock: Clock): void {
  const ours = claims.aud === ctx.oidc.issuer || claims.aud === ctx.oidc.urlFor('token')
  const latest = clock.now().getTime() / 1000 + ASSERTION_SECONDS_MAX
  if (!ours) throw new errors.InvalidClientAuth('aud must be the issuer, as a single value')
  if (typeof claims.exp !== 'number' || !(claims.exp <= latest)) throw new errors.InvalidClientAuth('exp is too far away')
}

function cookiesOf({ secure, cookieKeys }: ConfigurationDeps): Configuration['cookies'] {
  const shared = { httpOnly: true, sameSite: 'lax', signed: true, secure } as const
  return {
    names: cookieNames(secure),
    keys: cookieKeys,
    long: { ...shared, path: '/' },
    short: shared,
  }
}

function featuresOf(deps: ConfigurationDeps): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true, assertClaimsParameter: createNarrowClaims(deps.acrNames) },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => introspectionAllowed(deps, client, token) },
    revocation: { enabled: true },
    userinfo: { enabled: true },
    // Proof of possession and pushed requests are not on offer yet: what is not proven is not switched on.
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: async () => true,
      getResourceServerInfo: (ctx, resource, client) => resourceServerFor(deps, ctx, resource, client),
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: deps.logoutSource,
      postLogoutSuccessSource: deps.postLogoutSuccessSource,
    },
  }
}

// RFC 7662 §2.2: a caller learns of its own tokens and of those meant for an API it stands for, and only while the
// person they speak for may sign in, and the client that holds them is on.
async function introspectionAllowed(deps: ConfigurationDeps, client: EngineClient, token: IntrospectedToken): Promise<boolean> {
  if (client.clientAuthMethod === 'none') return false
  const standsFor = typeof token.aud === 'string' && policyOf(client).introspects.includes(token.aud)
  if (token.clientId !== client.clientId && !standsFor) return false
  if (token.clientId === undefined || !(await deps.clientIsOn(token.clientId))) return false
  return token.accountId === undefined || (await deps.accountIsActive(token.accountId))
}

interface IntrospectedToken {
  clientId?: string | undefined
  aud?: unknown
  accountId?: string | undefined
}

async function resourceServerFor(deps: ConfigurationDeps, ctx: KoaContextWithOIDC, resource: string, client: EngineClient) {
  const { resources, adminScopes = [], accessTokenTtlSeconds } = policyOf(client)
  const server = resources.includes(resource) ? await deps.clients.resourceServer(resource) : null
  if (!server) throw new errors.InvalidTarget('this client may not ask for this resource')
  // a machine has no role that decides on each request, so that its token holds no more than was given to it.
  const machine = ctx.oidc.params?.grant_type === 'client_credentials'
  const forItself = server.id === deps.adminApiId && machine
  const scopes = Object.keys(server.scopes).filter((scope) => !forItself || adminScopes.includes(scope))
  if (machine) checkSomeAllowed(ctx.oidc.params?.scope, scopes)
  const shared = {
    audience: server.id,
    scope: scopes.join(' '),
    accessTokenTTL: Math.min(server.accessTokenTtlSeconds, accessTokenTtlSeconds ?? Number.POSITIVE_INFINITY),
  }
  if (server.tokenFormat === 'opaque') return { ...shared, accessTokenFormat: 'opaque' as const }
  return { ...shared, accessTokenFormat: 'jwt' as const, jwt: { sign: { alg: server.signingAlg } } }
}

// RFC 6749 §5.1 tells a client which scopes it got; where none is left there is nothing to tell, and §5.2 says so.
function checkSomeAllowed(asked: unknown, allowed: readonly string[]): void {
  const scopes = typeof asked === 'string' ? asked.split(' ').filter(Boolean) : []
  if (scopes.length === 0 || scopes.some((scope) => allowed.includes(scope))) return
  throw new errors.InvalidScope('this client may have none of these scopes at this resource', scopes.join(' '))
}

function corsAllowed(origin: string, client: EngineClient): boolean {
  return origin !== 'null' && policyOf(client).corsOrigins.includes(origin)
}

function refreshAllowed(client: EngineClient, scopes: ReadonlySet<string>): boolean {
  const { refreshToken } = policyOf(client)
  if (!client.grantTypeAllowed('refresh_token') || refreshToken === 'never') return false
  return refreshToken === 'always' || scopes.has('offline_access')
}

function ttlOf(life: Lifetimes, clock: Clock): Configuration['ttl'] {
  const now = () => Math.floor(clock.now().getTime() / 1000)
  const accessTokenTtl = (
    _ctx: unknown,
    token: { resourceServer?: { accessTokenTTL?: number | undefined } | undefined },
    client: EngineClient,
  ) => token.resourceServer?.accessTokenTTL ?? shorter(life.accessTokenSeconds, policyOf(client).accessTokenTtlSeconds)
  return {
    AccessToken: accessTokenTtl,
    ClientCredentials: accessTokenTtl,
    AuthorizationCode: life.codeSeconds,
    IdToken: (_ctx, _token, client) => shorter(life.idTokenSeconds, policyOf(client).idTokenTtlSeconds),
    Interaction: life.interactionSeconds,
    Grant: Math.max(life.refreshTokenSeconds, life.sessionSeconds),
    // Idle from the last use, absolute from the sign-in.
    // A session of nobody lives as long as a form takes to be answered.
    Session: (_ctx, session) =>
      session.accountId
        ? bounded(life.sessionIdleSeconds, life.sessionSeconds, session.loginTs ?? now(), now())
        : NOBODYS_SESSION_SECONDS,
    RefreshToken: (_ctx, token, client) => {
      const own = policyOf(client).refreshTokenTtlSeconds
      const [idle, absolute] = [shorter(life.refreshTokenIdleSeconds, own), shorter(life.refreshTokenSeconds, own)]
      return bounded(idle, absolute, token.iiat ?? now(), now())
    },
  }
}

// A client may end its tokens sooner than the service does, never later.
function shorter(seconds: number, own: number | undefined): number {
  return Math.min(seconds, own ?? seconds)
}

function bounded(idleSeconds: number, absoluteSeconds: number, since: number, now: number): number {
  return Math.max(1, Math.min(idleSeconds, since + absoluteSeconds - now))
}
