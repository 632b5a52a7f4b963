import { z } from 'zod'
import { OWN_CLIENT_IDS } from './own.ts'

// The form of the clients file. Which values go together is judged in read-client.ts and read-resource-server.ts.

const words = z
  .string()
  .min(1)
  .max(100)
  .refine((text) => !/[\p{Cc}\p{Cf}]/u.test(text), 'must not hold control or invisible characters')
const uriList = z.array(z.string()).max(100)
const oneOrTwo = z.union([z.string(), z.array(z.string()).min(1).max(2)])

export const clientShape = z.strictObject({
  // an account id is 22 characters of base64url; a client id never looks like one.
  client_id: z
    .string()
    .regex(/^[A-Za-z0-9._~:/-]{1,200}$/, 'must be 1 to 200 characters of A-Z a-z 0-9 . _ ~ : / -')
    .refine(
      (id) => !/^[A-Za-z0-9_-]{22}$/.test(id),
      'must not be 22 letters, digits, - or _ long: it would look like the id of a person',
    )
    .refine((id) => !OWN_CLIENT_IDS.includes(id), 'is the id of a client that is built in: choose another'),
  client_name: words.optional(),
  client_secret: z.never('write no secret into this file: name it by client_secret_env or client_secret_file').optional(),
  client_secret_env: oneOrTwo.optional(),
  client_secret_file: oneOrTwo.optional(),
  redirect_uris: uriList.optional(),
  post_logout_redirect_uris: uriList.optional(),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials']))
    .min(1)
    .optional(),
  response_types: z.array(z.literal('code')).optional(),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .default('client_secret_basic'),
  application_type: z.enum(['web', 'native']).default('web'),
  scope: z.string().optional(),
  client_uri: z.string().optional(),
  policy_uri: z.string().optional(),
  tos_uri: z.string().optional(),
  initiate_login_uri: z.string().optional(),
  contacts: z.array(words).max(10).optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1).max(20) }).optional(),
  jwks_uri: z.string().optional(),
  id_token_signed_response_alg: z.enum(['ES256', 'RS256']).default('ES256'),
  default_max_age: z.int().min(0).optional(),
  require_auth_time: z.boolean().optional(),
  first_party: z.boolean().default(false),
  require_pkce: z.boolean().default(true),
  refresh_token: z.enum(['always', 'offline_access', 'never']).optional(),
  profile_claims_in_id_token: z.boolean().default(false),
  cors_origins: uriList.default([]),
  resources: uriList.default([]),
  introspects: uriList.default([]),
  second_factor: z.enum(['off', 'optional', 'required']).nullable().default(null),
  made_by: words.nullable().default(null),
})

/** The same fields where they are given one by one: secrets are made here, and never sent. */
export const clientFields = clientShape.omit({ client_secret: true, client_secret_env: true, client_secret_file: true })

export const resourceServerShape = z.strictObject({
  id: z.string(),
  name: words.optional(),
  scopes: z.record(z.string(), words).default({}),
  token_format: z.enum(['jwt', 'opaque']).default('jwt'),
  signing_alg: z.enum(['ES256', 'RS256']).default('ES256'),
  access_token_ttl: z
    .union([z.string(), z.int()])
    .transform(String)
    .pipe(z.string().regex(/^\d{1,6}[smhd]?$/, 'must be a duration such as 5m'))
    .optional(),
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

export type ClientEntry = z.infer<typeof clientShape>
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
