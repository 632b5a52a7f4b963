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
  /** Kept for other programs: never fetched and never shown. */
  logo_uri?: string
  jwks?: { keys: Record<string, unknown>[] }
  jwks_uri?: string
  /** Told of every session that ends (OpenID Connect Back-Channel Logout 1.0). */
  backchannel_logout_uri?: string
  /** Told which session it was, by the `sid` of its ID token; otherwise all of the person's sessions there are meant. */
  backchannel_logout_session_required?: boolean
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
  // What follows is absent where it stands at its default.
  /** What may begin a sign-in here; all that there is otherwise. */
  methods?: readonly SignInMethod[]
  /** Shorter lifetimes than those of the service and of its APIs; never longer ones. */
  accessTokenTtlSeconds?: number
  idTokenTtlSeconds?: number
  refreshTokenTtlSeconds?: number
  /** For so long from the begin of a rescue on it takes nobody who got back in by one; never shorter than the rescue itself. */
  rescueDelaySeconds?: number
  /** `#rrggbb`, behind the letter that stands for it. */
  color?: string
  /** Scopes of the admin API that it gets for itself, by client credentials. */
  adminScopes?: readonly string[]
}

export type SignInMethod = 'email' | 'sms'

/** A secret of a client, as it is kept: what was handed out can be compared, and never told again. */
export interface ClientSecret {
  id: string
  /** SHA-256, base64url. */
  hash: string
  /** Its last four characters; empty where they are not known. */
  hint: string
  createdAt: Date
  /** Null: it does not end by itself. */
  expiresAt: Date | null
  /** Who made it: a source, or the person or machine by the id that the audit trail calls them. */
  madeBy: string
}

/** A registration as it is judged: what stands in a file, and what an administrator sends. */
export interface Registration {
  id: string
  metadata: ClientMetadata
  policy: ClientPolicy
}

/** A registered client. */
export interface Client extends Registration {
  /** Two while a secret is changed; among them those that have ended. */
  secrets: readonly ClientSecret[]
  source: ClientSource
  /** Since when it is switched off: nobody signs in to it, and it gets no token. */
  disabledAt: Date | null
  /** When a copy that was made to try a sign-in with ends. */
  expiresAt: Date | null
}

/** Where a registration came from: the clients file, the made-up demo of trial mode, an administrator, or a trial of a sign-in. */
export type ClientSource = DeclaredSource | 'console' | 'try' | 'built-in'

/** A client as a file declares it. */
export interface DeclaredClient extends Registration {
  disabled: boolean
  /** Null: the file names none, and those that the client has stay. */
  secrets: readonly Pick<ClientSecret, 'hash' | 'hint'>[] | null
  /** Which secret is not there yet, in words; null where none is missing. The client stays as it was until it comes. */
  waitsFor: string | null
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
  clients: readonly DeclaredClient[]
  resourceServers: readonly ResourceServer[]
}

/** Where a declared registration came from: the clients file, or the made-up demo of trial mode. */
export type DeclaredSource = 'file' | 'trial'

/** An API with where it came from. */
export interface StoredResourceServer extends ResourceServer {
  source: Exclude<ClientSource, 'try'>
}

/** Registrations as they are stored. */
export interface Declared {
  clients: readonly Client[]
  resourceServers: readonly StoredResourceServer[]
}

export interface Ids {
  clients: readonly string[]
  resourceServers: readonly string[]
}

/** What the room needs from storage. */
export interface ClientStore {
  findClient(id: string): Promise<Client | null>
  listResourceServers(): Promise<ResourceServer[]>
  /** Everything declared so far and everything of these ids, by id. */
  findDeclared(ids: Ids): Promise<Declared>
  /** The same. Single winner: of several processes only one holds the answer until its transaction ends. */
  lockDeclared(tx: Tx, ids: Ids): Promise<Declared>
  /** Writes these registrations, new or changed. Every process hears of it once the transaction has committed. */
  save(tx: Tx, rows: Declared, at: Date): Promise<void>
  /** Deletes them, with what people agreed to and all that was granted, as `endTokens` does. Every process hears of it. */
  remove(tx: Tx, ids: Ids, at: Date): Promise<void>
  /**
   * Leaves everything that a file has declared to those who administer, and answers what it was. Single winner: of
   * several processes one is answered it. Every process hears of it.
   */
  release(tx: Tx, at: Date): Promise<Ids>
  /**
   * Ends codes, tokens and grants of clients that are off, or not there: a bounded number now, the rest after `tx`.
   * Answers those of which something is left: they must not be switched on, nor another have their id.
   */
  endTokens(tx: Tx, clientIds: readonly string[], at: Date): Promise<string[]>
  /** Ends the tokens that machines have for themselves. */
  endOwnTokens(tx: Tx, clientIds: readonly string[]): Promise<void>
  /** Of these clients those of which `endTokens` would find something. */
  ending(clientIds: readonly string[]): Promise<string[]>
  /** Notes which file was applied last, by the digest of its content. */
  noteApplied(tx: Tx, digest: string, at: Date): Promise<void>
  lastApplied(): Promise<{ digest: string | null; at: Date | null }>
  /** Runs `work` once the transaction has committed. */
  afterCommit(tx: Tx, work: () => void): void
}
