import { z } from 'zod'
import { CLIENT_KINDS, clientFields } from '../../clients/index.ts'
import { done, moment, operation, pageInput, pageOf } from '../operation.ts'

const read = { scope: 'clients:read', roles: ['admin', 'auditor'] } as const
const write = { scope: 'clients:write', roles: ['admin'] } as const

const clientId = z.string().min(1).max(200)

export const clientSummary = z.object({
  client_id: z.string(),
  client_name: z.string(),
  kind: z.enum(CLIENT_KINDS),
  /** A file owns it: it is changed there. */
  source: z.enum(['file', 'trial', 'console']),
  first_party: z.boolean(),
  second_factor: z.enum(['off', 'optional', 'required']).nullable(),
  disabled: z.boolean(),
  /** When the earliest of its secrets ends. */
  secret_ends_at: moment.nullable(),
  last_used_at: moment.nullable(),
})

const secretView = z.object({
  secret_id: z.string(),
  /** Its last four characters; empty where they are not known. */
  hint: z.string(),
  created_at: moment,
  expires_at: moment.nullable(),
  made_by: z.string(),
})

/** How an address of a client could be reached: its keys, its back-channel logout, its sector list. */
const contactView = z.object({
  purpose: z.enum(['jwks', 'logout', 'sector']),
  last_ok_at: moment.nullable(),
  failed_at: moment.nullable(),
  /** In a row, until one went well. */
  failures: z.int(),
  /** Class of the last failure, such as `timeout`, `status_500` or `address_not_allowed`. */
  reason: z.string().nullable(),
})

/** A registration as it stands: its fields by the names of the clients file, and what surrounds them. */
export const clientView = clientSummary.extend({
  /** What may be changed: the same fields as in `clients.create`. */
  fields: z.record(z.string(), z.unknown()),
  secrets: z.array(secretView),
  /** Each weakening of what the templates advise, in words. */
  warnings: z.array(z.string()),
  contacts: z.array(contactView),
  created_at: moment,
  updated_at: moment,
  /** For If-Match. */
  version: z.string(),
})

const change = z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })
/** A secret in the one moment in which it is shown. */
export const newSecret = z.object({ secret_id: z.string(), secret: z.string(), expires_at: moment.nullable() })

// The values of a template come first; what is given stands above them.
const dryRun = z.boolean().default(false).describe('only tell what would be: faults, warnings, changes')

export const clientOperations = {
  'clients.list': operation({
    ...read,
    method: 'GET',
    path: '/clients',
    summary: 'List registered applications, by name',
    input: z.strictObject({
      q: z.string().max(200).optional().describe('part of the name or id, or a redirect address'),
      kind: z.enum(CLIENT_KINDS).optional(),
      state: z.enum(['on', 'off']).optional(),
      source: z.enum(['file', 'trial', 'console']).optional(),
      ...pageInput,
    }),
    output: pageOf(clientSummary),
  }),
  'clients.get': operation({
    ...read,
    method: 'GET',
    path: '/clients/{client_id}',
    summary: 'Show one application',
    input: z.strictObject({ client_id: clientId }),
    output: clientView,
  }),
  'clients.create': operation({
    ...write,
    method: 'POST',
    path: '/clients',
    status: 201,
    location: '/clients/{client_id}',
    summary: 'Register an application from a template; its secret is shown once',
    input: clientFields.extend({
      template: z.enum(CLIENT_KINDS).describe('web app, single-page app, native app or machine'),
      secret_expires_in_days: z.int().min(1).max(3650).optional().describe('its secret ends by itself after so many days'),
      dry_run: dryRun,
    }),
    output: z.object({ client: clientView, secret: newSecret.nullable() }),
  }),
  'clients.update': operation({
    ...write,
    method: 'PATCH',
    path: '/clients/{client_id}',
    summary: 'Change an application; `null` takes a field back to its default',
    input: z.strictObject({
      client_id: clientId,
      fields: z.record(z.string(), z.unknown()).describe('the fields to change, by the names of the clients file'),
      dry_run: dryRun,
    }),
    output: z.object({ client: clientView, changes: z.array(change) }),
  }),
  'clients.disable': operation({
    ...write,
    method: 'POST',
    path: '/clients/{client_id}/disable',
    summary: 'Switch an application off: nobody signs in to it, and its tokens end',
    input: z.strictObject({ client_id: clientId }),
    output: clientView,
  }),
  'clients.enable': operation({
    ...write,
    method: 'POST',
    path: '/clients/{client_id}/enable',
    summary: 'Switch an application on again',
    input: z.strictObject({ client_id: clientId }),
    output: clientView,
  }),
  'clients.impact': operation({
    ...read,
    method: 'GET',
    path: '/clients/{client_id}/impact',
    summary: 'What would break if an application were deleted',
    input: z.strictObject({ client_id: clientId }),
    output: z.object({
      people_30_days: z.int(),
      consents: z.int(),
      /** Refresh tokens that are good. */
      refresh_tokens: z.int(),
      last_used_at: moment.nullable(),
    }),
  }),
  'clients.delete': operation({
    ...write,
    method: 'DELETE',
    path: '/clients/{client_id}',
    summary: 'Delete an application, with its consents and tokens',
    input: z.strictObject({ client_id: clientId }),
    output: done,
  }),
  'clients.add-secret': operation({
    ...write,
    method: 'POST',
    path: '/clients/{client_id}/secrets',
    status: 201,
    location: '/clients/{client_id}/secrets/{secret_id}',
    summary: 'Make a further secret, shown once; two may overlap',
    input: z.strictObject({
      client_id: clientId,
      expires_in_days: z.int().min(1).max(3650).optional().describe('the new one ends by itself after so many days'),
      retire_others_in_hours: z.int().min(0).max(8760).optional().describe('those from before end then'),
    }),
    output: newSecret,
  }),
  'clients.retire-secret': operation({
    ...write,
    method: 'DELETE',
    path: '/clients/{client_id}/secrets/{secret_id}',
    summary: 'End a secret at once',
    input: z.strictObject({ client_id: clientId, secret_id: z.string().max(100) }),
    output: done,
  }),
  'clients.snippets': operation({
    ...read,
    method: 'GET',
    path: '/clients/{client_id}/snippets',
    summary: 'Settings ready to paste for common libraries',
    input: z.strictObject({ client_id: clientId }),
    output: z.object({ items: z.array(z.object({ library: z.string(), language: z.string(), text: z.string() })) }),
  }),
  'clients.try': operation({
    ...write,
    method: 'POST',
    path: '/clients/{client_id}/try',
    status: 201,
    summary: 'Make a copy of an application that lives for 15 minutes, to try a sign-in with',
    input: z.strictObject({
      client_id: clientId,
      redirect_uri: z.string().max(2000).describe('of the console, or http on loopback'),
    }),
    output: z.object({
      client_id: z.string(),
      client_secret: z.string(),
      redirect_uri: z.string(),
      scope: z.string(),
      expires_at: moment,
    }),
  }),
  'clients-file.show': operation({
    ...read,
    method: 'GET',
    path: '/clients-file',
    summary: 'How the clients file stands to what is registered',
    input: z.strictObject({}),
    output: z.object({
      /** False where no file is set: nothing is declared. */
      declared: z.boolean(),
      applied_at: moment.nullable(),
      /** Why the file as it is now cannot be applied; what was applied last stands. */
      faults: z.array(z.string()),
      /** Clients that wait for a secret that is not there yet. */
      waiting: z.array(z.object({ client_id: z.string(), words: z.string() })),
      /** What differs from the file, which nobody but it may change. */
      drift: z.array(z.object({ id: z.string(), changes: z.array(change) })),
    }),
  }),
} as const

const resourceServerFields = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  scopes: z.record(z.string(), z.string()).optional().describe('scope and its words at consent'),
  token_format: z.enum(['jwt', 'opaque']).optional(),
  signing_alg: z.enum(['ES256', 'RS256']).optional(),
  access_token_ttl: z.string().optional().describe('a duration such as 5m'),
})

/** An API as it stands. */
export const resourceServerView = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.record(z.string(), z.string()),
  token_format: z.enum(['jwt', 'opaque']),
  signing_alg: z.enum(['ES256', 'RS256']),
  access_token_ttl_seconds: z.int(),
  source: z.enum(['file', 'trial', 'console', 'built-in']),
  /** Clients that may ask for its tokens. */
  clients: z.array(z.string()),
  version: z.string(),
})

const resourceId = z.string().min(1).max(2000)

export const resourceServerOperations = {
  'resource-servers.list': operation({
    ...read,
    method: 'GET',
    path: '/resource-servers',
    summary: 'List APIs that access tokens are meant for',
    input: z.strictObject({}),
    output: z.object({ items: z.array(resourceServerView) }),
  }),
  'resource-servers.get': operation({
    ...read,
    method: 'GET',
    path: '/resource-servers/{id}',
    summary: 'Show one API',
    input: z.strictObject({ id: resourceId }),
    output: resourceServerView,
  }),
  'resource-servers.create': operation({
    ...write,
    method: 'POST',
    path: '/resource-servers',
    status: 201,
    location: '/resource-servers/{id}',
    summary: 'Register an API by its resource indicator (RFC 8707)',
    input: resourceServerFields.extend({ id: resourceId }),
    output: resourceServerView,
  }),
  'resource-servers.update': operation({
    ...write,
    method: 'PATCH',
    path: '/resource-servers/{id}',
    summary: 'Change an API',
    input: resourceServerFields.extend({ id: resourceId }),
    output: resourceServerView,
  }),
  'resource-servers.delete': operation({
    ...write,
    method: 'DELETE',
    path: '/resource-servers/{id}',
    summary: 'Delete an API that no application uses any more',
    input: z.strictObject({ id: resourceId }),
    output: done,
  }),
} as const
