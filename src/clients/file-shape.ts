import { z } from 'zod'
import { isReservedId, OWN_CLIENT_IDS } from './own.ts'
import { hasDotSegment } from './uris.ts'

// The form of the clients file. Which values go together is judged in read-client.ts and read-resource-server.ts.

const words = z
  .string()
  .min(1)
  .max(100)
  .refine((text) => !/[\p{Cc}\p{Cf}]/u.test(text), 'must not hold control or invisible characters')
const uriList = z.array(z.string()).max(100)
const oneOrTwo = z.union([z.string(), z.array(z.string()).min(1).max(2)])

// an account id is 22 characters of base64url; a client id never looks like one.
const clientId = z
  .string()
  .regex(/^[A-Za-z0-9._~:/-]{1,200}$/, 'must be 1 to 200 characters of A-Z a-z 0-9 . _ ~ : / -')
  .refine(
    (id) => !/^[A-Za-z0-9_-]{22}$/.test(id),
    'must not be 22 letters, digits, - or _ long: it would look like the id of a person',
  )
  .refine((id) => !OWN_CLIENT_IDS.includes(id), 'is the id of a client that is built in: choose another')
  .refine((id) => OWN_CLIENT_IDS.includes(id) || !isReservedId(id), 'is a name of our own: choose another')
  .refine((id) => !hasDotSegment(id), 'must not hold . or .. between slashes: no address could lead to it')
  .describe('the id that applications send, for ever the same')

const duration = z
  .union([z.string(), z.int()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,6}[smhd]?$/, 'must be a duration such as 5m'))

/**
 * The fields of a client by their names in the file, without defaults, so that a template can come first. Secrets are
 * not among them: a file names where they are, and the API makes them.
 */
export const clientFields = z.strictObject({
  client_id: clientId.optional(),
  client_name: words.optional().describe('what people read'),
  redirect_uris: uriList.optional(),
  post_logout_redirect_uris: uriList.optional(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
    .min(1)
    .optional(),
  response_types: z.array(z.literal('code')).optional(),
  token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']).optional(),
  application_type: z.enum(['web', 'native']).optional(),
  scope: z.string().optional().describe('standard scopes, with one space between them'),
  client_uri: z.string().optional(),
  policy_uri: z.string().optional(),
  tos_uri: z.string().optional(),
  logo_uri: z.string().optional().describe('https; kept for other programs, never fetched and never shown'),
  initiate_login_uri: z.string().optional(),
  contacts: z.array(words).max(10).optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(20) }).optional(),
  jwks_uri: z.string().optional(),
  backchannel_logout_uri: z.string().optional().describe('is told when a session ends (Back-Channel Logout 1.0)'),
  backchannel_logout_session_required: z
    .boolean()
    .optional()
    .describe('is told which session ended; otherwise every session of the person there is meant'),
  id_token_signed_response_alg: z.enum(['ES256', 'RS256']).optional(),
  default_max_age: z.int().min(0).optional(),
  require_auth_time: z.boolean().optional(),
  first_party: z.boolean().optional().describe("one's own application: no consent is asked for"),
  require_pkce: z.boolean().optional(),
  refresh_token: z.enum(['always', 'offline_access', 'never']).optional(),
  profile_claims_in_id_token: z.boolean().optional(),
  cors_origins: uriList.optional(),
  resources: uriList.optional().describe('APIs that it may get tokens for'),
  introspects: uriList.optional().describe('APIs that it stands for'),
  second_factor: z.enum(['off', 'optional', 'required']).nullable().optional(),
  rescue_delay: duration
    .nullable()
    .optional()
    .describe('a duration such as 7d: for so long from the begin of a rescue on it takes nobody who got back in by one'),
  made_by: words.nullable().optional().describe('who made it, shown at consent'),
  methods: z
    .array(z.enum(['email', 'sms']))
    .min(1)
    .max(2)
    .nullable()
    .optional()
    .describe('what may begin a sign-in here'),
  access_token_ttl: duration.nullable().optional().describe('a duration such as 5m, not above the one for all'),
  id_token_ttl: duration.nullable().optional().describe('a duration such as 5m, not above the one for all'),
  refresh_token_ttl: duration.nullable().optional().describe('a duration such as 30d, not above the one for all'),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #1d4ed8')
    .transform((color) => color.toLowerCase())
    .nullable()
    .optional()
    .describe('behind the letter that stands for it'),
  admin_scopes: z.array(z.string()).max(50).optional().describe('scopes of the admin API, for a machine'),
  disabled: z.boolean().optional().describe('nobody signs in to it, and it gets no token'),
})

type DefaultedField =
  | 'token_endpoint_auth_method'
  | 'application_type'
  | 'id_token_signed_response_alg'
  | 'first_party'
  | 'require_pkce'
  | 'profile_claims_in_id_token'
  | 'cors_origins'
  | 'resources'
  | 'introspects'
  | 'second_factor'
  | 'rescue_delay'
  | 'made_by'
  | 'methods'
  | 'access_token_ttl'
  | 'id_token_ttl'
  | 'refresh_token_ttl'
  | 'color'
  | 'admin_scopes'
  | 'disabled'

/** What stands where a field is not given. */
export const clientDefaults: { readonly [K in DefaultedField]: Exclude<z.output<typeof clientFields>[K], undefined> } = {
  token_endpoint_auth_method: 'client_secret_basic',
  application_type: 'web',
  id_token_signed_response_alg: 'ES256',
  first_party: false,
  require_pkce: true,
  profile_claims_in_id_token: false,
  cors_origins: [],
  resources: [],
  introspects: [],
  second_factor: null,
  rescue_delay: null,
  made_by: null,
  methods: null,
  access_token_ttl: null,
  id_token_ttl: null,
  refresh_token_ttl: null,
  color: null,
  admin_scopes: [],
  disabled: false,
}

/** An entry of the file. */
export const clientShape = clientFields.extend({
  client_id: clientId,
  client_secret: z.never('write no secret into this file: name it by client_secret_env or client_secret_file').optional(),
  client_secret_env: oneOrTwo.optional().describe('names of environment variables; two while a secret is changed'),
  client_secret_file: oneOrTwo.optional().describe('names of files; two while a secret is changed'),
})

export const resourceServerShape = z.strictObject({
  id: z.string(),
  name: words.optional(),
  scopes: z.record(z.string(), words).default({}),
  token_format: z.enum(['jwt', 'opaque']).default('jwt'),
  signing_alg: z.enum(['ES256', 'RS256']).default('ES256'),
  access_token_ttl: duration.optional(),
})

/** Where a fault of the file as a whole is. */
export const TOP = 'the file'

export const fileShape = z.strictObject({
  clients: z.array(z.unknown()).max(10_000),
  resource_servers: z
    .array(z.unknown())
    .max(1000)
    .nullish()
    .transform((list) => list ?? []),
})

/** Fields of a client whose form is right. */
export type ClientFields = z.output<typeof clientFields>
export type ClientEntry = z.output<typeof clientShape>
export type ResourceServerEntry = z.infer<typeof resourceServerShape>

/** Zod's findings as lines that begin with the place, such as `clients[2].redirect_uris[0]: must be https`. */
export function faultsOf(error: z.ZodError, place: string): string[] {
  return error.issues.flatMap((issue) => {
    const at = pathWords(place, issue.path)
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${pathWords(at, [key])}: unknown key`)
    return [`${at}: ${issue.message.endsWith('received undefined') ? 'is missing' : issue.message}`]
  })
}

function pathWords(place: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (so, key) => (typeof key === 'number' ? `${so}[${key}]` : so && so !== TOP ? `${so}.${String(key)}` : String(key)),
    place,
  )
}
