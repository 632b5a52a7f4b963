import { hashOf } from '../base/index.ts'
import type { Client, ClientMetadata, ClientPolicy, GrantType } from './client.ts'
import type { ClientEntry } from './file-shape.ts'
import { originFault, redirectFault, webFault } from './uris.ts'

/** Where secrets come from, and what is judged by the surroundings. */
export interface ReadingContext {
  env: Readonly<Record<string, string | undefined>>
  /** Answers the text of a secret's file, or throws. */
  readSecretFile(path: string): string
  /** http on loopback is allowed for every client. */
  trial: boolean
  /** Ids of all resource servers of the file. */
  resources: ReadonlySet<string>
}

/** Notes a fault at a key of the client. */
type Note = (key: string, words: string) => void

const SECRET_CHARACTERS_MIN = 32
const STANDARD_SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access']
const PRIVATE_JWK_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** Makes a client of an entry whose form is right; notes what does not go together. */
export function readClient(entry: ClientEntry, context: ReadingContext, note: Note): Client {
  const grants = grantsOf(entry)
  judgeGrants(entry, grants, note)
  judgeUris(entry, context.trial, note)
  judgeScope(entry, note)
  const secretHashes = judgeAuthentication(entry, context, note)
  for (const list of ['resources', 'introspects'] as const)
    entry[list].forEach((id, index) => {
      if (!context.resources.has(id)) note(`${list}[${index}]`, 'is not listed under resource_servers')
    })
  return { id: entry.client_id, metadata: metadataOf(entry, grants), policy: policyOf(entry), secretHashes }
}

function grantsOf(entry: ClientEntry): GrantType[] {
  if (entry.grant_types) return [...new Set(entry.grant_types)]
  return entry.refresh_token === 'never' ? ['authorization_code'] : ['authorization_code', 'refresh_token']
}

function judgeGrants(entry: ClientEntry, grants: GrantType[], note: Note): void {
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

function judgeUris(entry: ClientEntry, trial: boolean, note: Note): void {
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
  for (const key of ['client_uri', 'policy_uri', 'tos_uri', 'jwks_uri'] as const) {
    const fault = entry[key] === undefined ? null : webFault(entry[key], { trial })
    if (fault) note(key, fault)
  }
  // OpenID Connect Third-Party Initiated Login §4: https always.
  const fault = entry.initiate_login_uri === undefined ? null : webFault(entry.initiate_login_uri, { trial: false })
  if (fault) note('initiate_login_uri', fault)
}

function judgeScope(entry: ClientEntry, note: Note): void {
  if (entry.scope === undefined) return
  const unknown = entry.scope.split(' ').filter((scope) => !STANDARD_SCOPES.includes(scope))
  if (unknown.length === 0) return
  note('scope', `may hold ${STANDARD_SCOPES.join(' ')}, one space between them; scopes of an API come with resources`)
}

/** Answers the hashes of the secrets; a client has exactly what its method of authentication needs. */
function judgeAuthentication(entry: ClientEntry, context: ReadingContext, note: Note): string[] {
  const method = entry.token_endpoint_auth_method
  const named = entry.client_secret_env !== undefined || entry.client_secret_file !== undefined
  const hashes = readSecrets(entry, context, note)
  if (method === 'none' || method === 'private_key_jwt') {
    if (named) note('token_endpoint_auth_method', `is ${method}, which takes no secret`)
  } else if (!named) {
    note('client_secret_env', `is needed for ${method}; a public client says token_endpoint_auth_method: none`)
  }
  if (method === 'private_key_jwt' && (entry.jwks === undefined) === (entry.jwks_uri === undefined)) {
    note('jwks_uri', 'private_key_jwt needs either jwks or jwks_uri')
  }
  entry.jwks?.keys.forEach((key, index) => {
    if (PRIVATE_JWK_MEMBERS.some((member) => Object.hasOwn(key, member)))
      note(`jwks.keys[${index}]`, 'holds a private or symmetric key')
  })
  return hashes
}

function readSecrets(entry: ClientEntry, { env, readSecretFile }: ReadingContext, note: Note): string[] {
  const fromEnv = [entry.client_secret_env ?? []]
    .flat()
    .map((name) => ({ key: 'client_secret_env', name, text: Object.hasOwn(env, name) ? (env[name]?.trim() ?? '') : '' }))
  const fromFile = [entry.client_secret_file ?? []]
    .flat()
    .map((name) => ({ key: 'client_secret_file', name, text: readQuietly(readSecretFile, name) }))
  const secrets = [...fromEnv, ...fromFile]
  for (const { key, name, text } of secrets) {
    if (text === null) note(key, `the file ${name} cannot be read`)
    else if (text === '') note(key, key === 'client_secret_env' ? `the variable ${name} is not set` : `the file ${name} is empty`)
    else if (text.length < SECRET_CHARACTERS_MIN)
      note(key, `the secret in ${name} is shorter than ${SECRET_CHARACTERS_MIN} characters`)
    else if (/[^\x20-\x7e]/.test(text)) note(key, `the secret in ${name} must be ASCII in one line`) // RFC 6749 appendix A.2
  }
  if (secrets.length > 2) note('client_secret_env', 'names more than two secrets')
  return [...new Set(secrets.map(({ text }) => hashOf(text ?? '')))]
}

function readQuietly(readSecretFile: (path: string) => string, path: string): string | null {
  try {
    return readSecretFile(path).trim()
  } catch {
    return null
  }
}

const OPTIONAL = [
  'client_uri',
  'policy_uri',
  'tos_uri',
  'initiate_login_uri',
  'contacts',
  'jwks',
  'jwks_uri',
  'default_max_age',
  'require_auth_time',
] as const satisfies (keyof ClientMetadata & keyof ClientEntry)[]

function metadataOf(entry: ClientEntry, grants: GrantType[]): ClientMetadata {
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
    ...Object.fromEntries(OPTIONAL.filter((key) => entry[key] !== undefined).map((key) => [key, entry[key]])),
  }
}

function defaultScope(grants: GrantType[]): string {
  return STANDARD_SCOPES.filter((scope) => scope !== 'offline_access' || grants.includes('refresh_token')).join(' ')
}

function policyOf(entry: ClientEntry): Client['policy'] {
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
  }
}

// One's own applications expect to stay signed in without asking for it; a stranger's asks the person
// (OpenID Connect Core §11).
function refreshDefault(entry: ClientEntry): ClientPolicy['refreshToken'] {
  return entry.first_party ? 'always' : 'offline_access'
}
