import { hashOf, type Secrets } from '../base/index.ts'
import type { Client, ClientMetadata, ClientPolicy, ResourceServer } from './client.ts'

/** The account page's own client. */
export const ACCOUNT_CLIENT_ID = 'account'
/** The administrators' console. */
export const CONSOLE_CLIENT_ID = 'console'
/** The command line, where a person signs in to administer from afar. */
export const CLI_CLIENT_ID = 'doorward-cli'

/** What the audit trail calls those who are neither person nor client. */
const RESERVED_IDS: readonly string[] = ['local', 'built-in']

/** Clients that are built in. */
export const OWN_CLIENT_IDS: readonly string[] = [ACCOUNT_CLIENT_ID, CONSOLE_CLIENT_ID, CLI_CLIENT_ID]

/** Ids that nobody else has, be it a client or a person: they would be taken for another in tokens and in the trail. */
export function isReservedId(id: string): boolean {
  return OWN_CLIENT_IDS.includes(id) || RESERVED_IDS.includes(id)
}

/** Pages of this service that are clients of it: their secrets follow from `SECRETS`, and their access ends with the session. */
export const OWN_PAGE_IDS: readonly string[] = [ACCOUNT_CLIENT_ID, CONSOLE_CLIENT_ID]

/** A JWT cannot be called back; account, role and grant are asked anew on every request besides. */
const ADMIN_TOKEN_SECONDS = 300

/** The secret of the account page's client. It follows from `SECRETS`, and is sent to this very process alone. */
export function accountClientSecret(secrets: Secrets, secretId: string = secrets.currentId): string {
  return secrets.hmac('account-client', ACCOUNT_CLIENT_ID, secretId).toString('base64url')
}

/** The same for the console. */
export function consoleClientSecret(secrets: Secrets, secretId: string = secrets.currentId): string {
  return secrets.hmac('console-client', CONSOLE_CLIENT_ID, secretId).toString('base64url')
}

/** The resource indicator of the admin API (RFC 8707), which is the audience of its tokens. */
export function adminApiId(issuer: string): string {
  return `${issuer}/admin/api/v1`
}

/**
 * The admin API, a resource server of this very issuer. `scopes` are those that there are, each with its words at
 * consent. It stands in no table, and only clients that name it in `resources` get tokens for it.
 */
export function adminApi({ issuer, scopes }: { issuer: string; scopes: ResourceServer['scopes'] }): ResourceServer {
  return {
    id: adminApiId(issuer),
    name: 'Administration',
    scopes,
    tokenFormat: 'jwt',
    signingAlg: 'ES256',
    accessTokenTtlSeconds: ADMIN_TOKEN_SECONDS,
  }
}

/**
 * The clients that are built in: the account page at `/account` and the console at `/admin`, ordinary clients of this
 * issuer, and the command line, a public one. They stand in no table, so that instances with other SECRETS never
 * disagree about them. The pages learn which session they hang on by the claim `sid`, which they ask for by the `claims`
 * parameter.
 */
export function ownClients({ issuer, secrets }: { issuer: string; secrets: Secrets }): Client[] {
  const page = (id: string, path: string, name: string, secretOf: (secrets: Secrets, secretId: string) => string): Client => ({
    ...BUILT_IN,
    id,
    metadata: {
      ...METADATA,
      client_name: name,
      client_uri: `${issuer}${path}`,
      redirect_uris: [`${issuer}${path}/callback`],
      post_logout_redirect_uris: [`${issuer}${path}/signed-out`],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
    },
    policy: POLICY,
    secrets: secrets.ids.map((secretId) => {
      const hash = hashOf(secretOf(secrets, secretId))
      return { id: secretId, hash, hint: '', createdAt: new Date(0), expiresAt: null, madeBy: 'built-in' }
    }),
  })
  const console = page(CONSOLE_CLIENT_ID, '/admin', 'Administration', consoleClientSecret)
  return [
    page(ACCOUNT_CLIENT_ID, '/account', 'Your account', accountClientSecret),
    { ...console, policy: { ...POLICY, secondFactor: 'required' } },
    commandLine(issuer),
  ]
}

// RFC 8252 §7.3, §8.5: it can keep no secret, and listens on a port of loopback that nobody knows beforehand.
function commandLine(issuer: string): Client {
  return {
    ...BUILT_IN,
    id: CLI_CLIENT_ID,
    metadata: {
      ...METADATA,
      client_name: 'Doorward command line',
      redirect_uris: ['http://127.0.0.1/callback'],
      post_logout_redirect_uris: [],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
    policy: { ...POLICY, resources: [adminApiId(issuer)], secondFactor: 'required' },
    secrets: [],
  }
}

const BUILT_IN = { source: 'built-in', disabledAt: null, expiresAt: null } as const

const METADATA = {
  grant_types: ['authorization_code'],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
  scope: 'openid',
} satisfies Partial<ClientMetadata>

const POLICY: ClientPolicy = {
  firstParty: true,
  requirePkce: true,
  refreshToken: 'never',
  profileClaimsInIdToken: false,
  corsOrigins: [],
  resources: [],
  introspects: [],
  secondFactor: null,
  madeBy: null,
}
