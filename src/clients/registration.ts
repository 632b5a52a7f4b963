import { seconds } from '../config/index.ts'
import type { ClientMetadata, ClientPolicy, GrantType, Registration, ResourceServer } from './client.ts'
import { type ClientFields, clientDefaults } from './file-shape.ts'
import { originFault, redirectFault, webFault } from './uris.ts'

/** What is judged by the surroundings. */
export interface RegistrationRules {
  /** http on loopback is allowed for every client. */
  trial: boolean
  /** Resource servers that a client may name; that of the admin API is among them. */
  resources: ReadonlySet<string>
  /** The admin API; null where nobody may have scopes of it. */
  adminApi: Pick<ResourceServer, 'id' | 'scopes'> | null
  /** The service's own lifetimes, which a client's may not exceed. */
  ttlMaxSeconds: Readonly<Record<TtlField, number>> | null
}

export type TtlField = 'access_token_ttl' | 'id_token_ttl' | 'refresh_token_ttl'

/** Notes a fault at a key of the client. */
export type Note = (key: string, words: string) => void

/** The fields with their defaults. */
type Entry = ReturnType<typeof settled>

const TTL_MIN_SECONDS = 30
const RESCUE_DELAY_MIN_SECONDS = 3600
const RESCUE_DELAY_MAX_SECONDS = 90 * 86_400
const STANDARD_SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access']
/** What is written as a mail address in ASCII. */
const CONTACT = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/
// RFC 7518 §6, RFC 8037 §2
const PUBLIC_JWK_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  RSA: ['n', 'e'],
  OKP: ['crv', 'x'],
}
const PRIVATE_JWK_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * Makes a registration of fields whose form is right (`clientFields`), and notes what does not go together. The clients
 * file and the API are judged here alike; which secrets a client has is judged where they come from.
 */
export function readRegistration(
  fields: ClientFields & { client_id: string },
  rules: RegistrationRules,
  note: Note,
): Registration & { disabled: boolean } {
  const entry = settled(fields)
  const grants = grantsOf(entry)
  judgeGrants(entry, grants, note)
  judgeUris(entry, rules.trial, note)
  judgeLogout(entry, grants, note)
  judgeScope(entry, note)
  judgeKeys(entry, note)
  judgeResources(entry, rules, note)
  judgeAdminScopes(entry, grants, rules, note)
  judgeLifetimes(entry, grants, rules, note)
  judgeRescueDelay(entry, grants, note)
  entry.contacts?.forEach((contact, index) => {
    if (!CONTACT.test(contact)) note(`contacts[${index}]`, 'must be an email address')
  })
  if (entry.methods && new Set(entry.methods).size < entry.methods.length) note('methods', 'names one twice')
  return { id: entry.client_id, metadata: metadataOf(entry, grants), policy: policyOf(entry), disabled: entry.disabled }
}

function settled(fields: ClientFields & { client_id: string }) {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return { ...clientDefaults, ...given } as Omit<ClientFields, keyof typeof clientDefaults> &
    typeof clientDefaults & { client_id: string }
}

function grantsOf(entry: Entry): GrantType[] {
  if (entry.grant_types) return [...new Set(entry.grant_types)]
  return entry.refresh_token === 'never' ? ['authorization_code'] : ['authorization_code', 'refresh_token']
}

function judgeGrants(entry: Entry, grants: GrantType[], note: Note): void {
  const redirects = entry.redirect_uris ?? []
  const code = grants.includes('authorization_code')
  if (code && redirects.length === 0) note('redirect_uris', 'must name at least one URI')
  if (!code && redirects.length > 0) note('redirect_uris', 'is of no use without the grant authorization_code')
  if (code && entry.response_types?.length === 0) note('response_types', 'must hold code for the grant authorization_code')
  if (!code && (entry.response_types?.length ?? 0) > 0)
    note('response_types', 'must be empty without the grant authorization_code')
  if (!code && grants.includes('refresh_token')) note('grant_types', 'refresh_token needs authorization_code beside it')
  if (entry.grant_types?.includes('refresh_token') && entry.refresh_token === 'never') {
    note('refresh_token', 'is never, but grant_types holds refresh_token')
  }
  if (entry.token_endpoint_auth_method !== 'none') return
  if (grants.includes('client_credentials')) note('grant_types', 'client_credentials needs a client that can authenticate')
  // RFC 9700 §2.1.1: nothing else protects the code of a public client.
  if (!entry.require_pkce) note('require_pkce', 'cannot be switched off for a public client')
}

function judgeUris(entry: Entry, trial: boolean, note: Note): void {
  const rules = { native: entry.application_type === 'native', trial }
  const each = (
    key: 'redirect_uris' | 'post_logout_redirect_uris' | 'cors_origins',
    judge: (uri: string) => string | null,
  ): void => {
    const uris = entry[key] ?? []
    uris.forEach((uri, index) => {
      const fault = judge(uri) ?? (uris.indexOf(uri) < index ? 'is listed twice' : null)
      if (fault) note(`${key}[${index}]`, fault)
    })
  }
  each('redirect_uris', (uri) => redirectFault(uri, rules))
  each('post_logout_redirect_uris', (uri) => redirectFault(uri, rules))
  each('cors_origins', (origin) => originFault(origin, rules))
  for (const key of ['client_uri', 'policy_uri', 'tos_uri', 'jwks_uri', 'backchannel_logout_uri'] as const) {
    const fault = entry[key] === undefined ? null : webFault(entry[key], { trial })
    if (fault) note(key, fault)
  }
  // OpenID Connect Third-Party Initiated Login §4: https always. A picture is for pages of others, and no trial needs one.
  for (const key of ['initiate_login_uri', 'logo_uri'] as const) {
    const fault = entry[key] === undefined ? null : webFault(entry[key], { trial: false })
    if (fault) note(key, fault)
  }
}

function judgeLogout(entry: Entry, grants: GrantType[], note: Note): void {
  const uri = entry.backchannel_logout_uri
  if (uri !== undefined && !grants.includes('authorization_code')) {
    note('backchannel_logout_uri', 'is of no use without the grant authorization_code: nobody signs in there')
  }
  if (uri === undefined && entry.backchannel_logout_session_required) {
    note('backchannel_logout_session_required', 'needs backchannel_logout_uri beside it')
  }
}

function judgeScope(entry: Entry, note: Note): void {
  if (entry.scope === undefined) return
  const unknown = entry.scope.split(' ').filter((scope) => !STANDARD_SCOPES.includes(scope))
  if (unknown.length === 0) return
  note('scope', `may hold ${STANDARD_SCOPES.join(' ')}, one space between them; scopes of an API come with resources`)
}

function judgeKeys(entry: Entry, note: Note): void {
  const method = entry.token_endpoint_auth_method
  if (method === 'private_key_jwt' && (entry.jwks === undefined) === (entry.jwks_uri === undefined)) {
    note('jwks_uri', 'private_key_jwt needs either jwks or jwks_uri')
  } else if (entry.jwks !== undefined && entry.jwks_uri !== undefined) {
    note('jwks_uri', 'stands beside jwks: keep one of them')
  }
  entry.jwks?.keys.forEach((key, index) => {
    if (PRIVATE_JWK_MEMBERS.some((member) => Object.hasOwn(key, member)))
      note(`jwks.keys[${index}]`, 'holds a private or symmetric key')
    else if (!isPublicKey(key)) note(`jwks.keys[${index}]`, 'is no public key of the kinds EC, RSA and OKP (RFC 7517)')
  })
}

function isPublicKey(key: Readonly<Record<string, unknown>>): boolean {
  const needed = typeof key.kty === 'string' && Object.hasOwn(PUBLIC_JWK_MEMBERS, key.kty) ? PUBLIC_JWK_MEMBERS[key.kty] : null
  if (!needed) return false
  const known = ['alg', 'kid', 'use'].filter((member) => key[member] !== undefined)
  return [...needed, ...known].every((member) => typeof key[member] === 'string' && key[member] !== '')
}

function judgeResources(entry: Entry, { resources }: RegistrationRules, note: Note): void {
  for (const list of ['resources', 'introspects'] as const)
    entry[list].forEach((id, index) => {
      if (!resources.has(id)) note(`${list}[${index}]`, 'is not listed under resource_servers')
    })
}

function judgeAdminScopes(entry: Entry, grants: GrantType[], { adminApi }: RegistrationRules, note: Note): void {
  if (entry.admin_scopes.length === 0) return
  entry.admin_scopes.forEach((scope, index) => {
    if (!adminApi || !Object.hasOwn(adminApi.scopes, scope)) note(`admin_scopes[${index}]`, 'is no scope of the admin API')
  })
  if (!grants.includes('client_credentials')) note('admin_scopes', 'are for machines: grant_types must hold client_credentials')
  if (adminApi && !entry.resources.includes(adminApi.id)) note('admin_scopes', `need ${adminApi.id} in resources`)
}

function judgeLifetimes(entry: Entry, grants: GrantType[], { ttlMaxSeconds }: RegistrationRules, note: Note): void {
  for (const key of ['access_token_ttl', 'id_token_ttl', 'refresh_token_ttl'] as const) {
    const text = entry[key]
    if (text === null) continue
    const given = seconds(text) ?? 0
    const most = ttlMaxSeconds?.[key] ?? Number.MAX_SAFE_INTEGER
    if (given < TTL_MIN_SECONDS) note(key, `must be ${TTL_MIN_SECONDS}s at least`)
    else if (given > most) note(key, `must be ${most}s at most, as this service is set up`)
  }
  if (entry.refresh_token_ttl !== null && !grants.includes('refresh_token'))
    note('refresh_token_ttl', 'is of no use without the grant refresh_token')
}

function judgeRescueDelay({ rescue_delay: text }: Entry, grants: GrantType[], note: Note): void {
  if (text === null) return
  const given = seconds(text) ?? 0
  if (given < RESCUE_DELAY_MIN_SECONDS || given > RESCUE_DELAY_MAX_SECONDS) note('rescue_delay', 'must be 1h to 90d')
  if (!grants.includes('authorization_code'))
    note('rescue_delay', 'is of no use without the grant authorization_code: nobody signs in there')
}

const OPTIONAL = [
  'client_uri',
  'policy_uri',
  'tos_uri',
  'initiate_login_uri',
  'contacts',
  'logo_uri',
  'jwks',
  'jwks_uri',
  'backchannel_logout_uri',
  'backchannel_logout_session_required',
  'default_max_age',
  'require_auth_time',
] as const satisfies (keyof ClientMetadata & keyof ClientFields)[]

function metadataOf(entry: Entry, grants: GrantType[]): ClientMetadata {
  const code = grants.includes('authorization_code')
  const scope = entry.scope ?? (code ? defaultScope(grants) : undefined)
  return {
    client_name: entry.client_name ?? entry.client_id,
    redirect_uris: entry.redirect_uris ?? [],
    post_logout_redirect_uris: entry.post_logout_redirect_uris ?? [],
    grant_types: grants,
    response_types: code ? ['code'] : [],
    token_endpoint_auth_method: entry.token_endpoint_auth_method,
    application_type: entry.application_type,
    id_token_signed_response_alg: entry.id_token_signed_response_alg,
    ...(scope === undefined ? {} : { scope }),
    // What is false here is as if it were not said, so that a form that says so changes nothing.
    ...Object.fromEntries(OPTIONAL.filter((key) => (entry[key] ?? false) !== false).map((key) => [key, entry[key]])),
  }
}

function defaultScope(grants: GrantType[]): string {
  return STANDARD_SCOPES.filter((scope) => scope !== 'offline_access' || grants.includes('refresh_token')).join(' ')
}

function policyOf(entry: Entry): ClientPolicy {
  return {
    firstParty: entry.first_party,
    requirePkce: entry.require_pkce,
    refreshToken: grantsOf(entry).includes('refresh_token') ? (entry.refresh_token ?? refreshDefault(entry)) : 'never',
    profileClaimsInIdToken: entry.profile_claims_in_id_token,
    corsOrigins: entry.cors_origins,
    resources: entry.resources,
    introspects: entry.introspects,
    secondFactor: entry.second_factor,
    madeBy: entry.made_by,
    ...(entry.methods ? { methods: entry.methods } : {}),
    ...ttl('accessTokenTtlSeconds', entry.access_token_ttl),
    ...ttl('idTokenTtlSeconds', entry.id_token_ttl),
    ...ttl('refreshTokenTtlSeconds', entry.refresh_token_ttl),
    ...ttl('rescueDelaySeconds', entry.rescue_delay),
    ...(entry.color ? { color: entry.color } : {}),
    ...(entry.admin_scopes.length > 0 ? { adminScopes: entry.admin_scopes } : {}),
  }
}

function ttl(name: string, text: string | null): Record<string, number> {
  const value = text === null ? null : seconds(text)
  return value === null ? {} : { [name]: value }
}

// One's own applications expect to stay signed in without asking for it; a stranger's asks the person
// (OpenID Connect Core §11).
function refreshDefault(entry: Entry): ClientPolicy['refreshToken'] {
  return entry.first_party ? 'always' : 'offline_access'
}
