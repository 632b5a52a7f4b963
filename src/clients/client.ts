import type { Tx } from '../base/index.ts'

/** What a client registered, by the names of OpenID Connect registration; without secrets. */
export interface ClientMetadata {
  client_name: string
  redirect_uris: string[]
  post_logout_redirect_uris: string[]
  grant_types: GrantType[]
  response_types: 'code'[]
  token_endpoint_auth_method: AuthMethod
  application_type: 'web' | 'native'
  id_token_signed_response_alg: SigningAlg
  /** Standard scopes it may ask for. Scopes of an API come with `policy.resources`. */
  scope?: string
  client_uri?: string
  policy_uri?: string
  tos_uri?: string
  initiate_login_uri?: string
  contacts?: string[]
  jwks?: { keys: Record<string, unknown>[] }
  jwks_uri?: string
  default_max_age?: number
  require_auth_time?: boolean
}

export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials'
export type AuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'
export type SigningAlg = 'ES256' | 'RS256'

/** Doorward's own switches of a client. */
export interface ClientPolicy {
  /** One's own application: no consent is asked for. */
  firstParty: boolean
  /** Whether `/authorize` demands PKCE. Public clients always need it. */
  requirePkce: boolean
  /** When a refresh token is issued: at every code, when `offline_access` is asked for, or never. */
  refreshToken: 'always' | 'offline_access' | 'never'
  profileClaimsInIdToken: boolean
  /** Origins of browsers' scripts that may read the endpoints. */
  corsOrigins: readonly string[]
  /** Resource servers (RFC 8707) that it may get tokens for. */
  resources: readonly string[]
  /** Resource servers that it stands for: it may ask what their tokens are worth (RFC 7662). */
  introspects: readonly string[]
  /** Whether people must have a second factor here; `null`: as everywhere (`SECOND_FACTOR`). */
  secondFactor: 'off' | 'optional' | 'required' | null
  /** Who made it, shown at consent. */
  madeBy: string | null
}

/** A registered client. */
export interface Client {
  id: string
  metadata: ClientMetadata
  policy: ClientPolicy
  /** SHA-256 of each secret, base64url; two while a secret is changed. */
  secretHashes: readonly string[]
}

/** An API that access tokens are meant for. */
export interface ResourceServer {
  /** The resource indicator: an absolute URI. */
  id: string
  name: string
  /** Scope → words at consent. */
  scopes: Readonly<Record<string, string>>
  tokenFormat: 'jwt' | 'opaque'
  signingAlg: SigningAlg
  accessTokenTtlSeconds: number
}

/** Everything that one file declares. */
export interface ClientsFile {
  clients: readonly Client[]
  resourceServers: readonly ResourceServer[]
}

/** Where a declared registration came from: the clients file, or the made-up demo of trial mode. */
export type DeclaredSource = 'file' | 'trial'

/** What the room needs from storage. */
export interface ClientStore {
  findClient(id: string): Promise<Client | null>
  listResourceServers(): Promise<ResourceServer[]>
  /** Everything declared so far, by id. Single winner: of several processes only one holds the answer until its transaction ends. */
  lockDeclared(tx: Tx): Promise<ClientsFile>
  /** Writes these registrations, new or changed, as declared by `source`. */
  save(tx: Tx, declared: ClientsFile, source: DeclaredSource, at: Date): Promise<void>
  remove(tx: Tx, ids: { clients: readonly string[]; resourceServers: readonly string[] }): Promise<void>
  /** Runs `work` once the transaction has committed. */
  afterCommit(tx: Tx, work: () => void): void
}
