import type { z } from 'zod'
import { type OperationName, operations } from './catalogue.ts'
import { examples } from './openapi-examples.ts'
import { headers, parameters, problemResponses, problemSchema } from './openapi-parts.ts'
import { createSchemas, type JsonSchema, plainSchema } from './openapi-schemas.ts'
import type { OperationSpec } from './operation.ts'
import { isChange } from './permissions.ts'
import { ADMIN_SCOPES } from './scopes.ts'

const GROUPS: Readonly<Record<string, string>> = {
  clients: 'Registered applications',
  'clients-file': 'The clients file',
  'resource-servers': 'APIs that access tokens are meant for (RFC 8707)',
  accounts: 'People',
  invitations: 'People who may join by invitation',
  administrators: 'Who may administer',
  messages: 'Mails and texts that were sent',
  suppressions: 'Addresses that take no messages',
  keys: 'Signing keys',
  audit: 'What happened, and that nobody changed it',
  stats: 'Counts by day',
  me: 'Who asks',
}

type Schemas = ReturnType<typeof createSchemas>

/**
 * The description of the admin API (OpenAPI 3.1) of one issuer, made from the catalogue: nothing in it is written twice.
 */
export function openApiDocument(issuer: string): Record<string, unknown> {
  const schemas = createSchemas()
  const problem = schemas.componentOf('Problem', problemSchema)
  const paths: Record<string, Record<string, unknown>> = {}
  for (const name of Object.keys(operations) as OperationName[]) {
    const spec: OperationSpec = operations[name]
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: describe(name, spec, schemas) }
  }
  const groups = [...new Set(Object.keys(operations).map(groupOf))]
  return {
    openapi: '3.1.1',
    info: {
      title: 'Doorward admin API',
      version: '1',
      summary: 'Everything that an administrator can do.',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: `${issuer}/admin/api/v1` }],
    tags: groups.map((name) => ({ name, description: GROUPS[name] ?? name })),
    paths,
    components: {
      securitySchemes: { oauth: securityScheme(issuer) },
      parameters,
      headers,
      responses: problemResponses(problem),
      schemas: schemas.named,
    },
  }
}

/** The description as it is published with the sources, for an issuer that stands for any. */
export function openApiManual(): string {
  return `${JSON.stringify(openApiDocument('https://id.example.com'), null, 2)}\n`
}

const DESCRIPTION = `An access token of this API is asked for with \`resource=<the URL of the server>\` (RFC 8707), by a person with a role or by a client for itself, and is sent as \`Authorization: Bearer\`. Roles and grants are looked up anew for each request. People need a second factor for everything, and for a change a proof that is no older than ten minutes (RFC 9470).

Errors are problems (RFC 9457). The \`type\` of each ends in a code that does not change; its description stands there.`

function securityScheme(issuer: string) {
  return {
    type: 'oauth2',
    description: 'Access tokens of the resource server that this API is (RFC 9068): JWTs that live for five minutes.',
    flows: {
      authorizationCode: {
        authorizationUrl: `${issuer}/authorize`,
        tokenUrl: `${issuer}/token`,
        scopes: ADMIN_SCOPES,
      },
      clientCredentials: { tokenUrl: `${issuer}/token`, scopes: ADMIN_SCOPES },
    },
  }
}

const groupOf = (name: string) => name.slice(0, name.indexOf('.'))

function describe(name: OperationName, spec: OperationSpec, schemas: Schemas) {
  const inPath = [...spec.path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part as string)
  const rest = Object.keys(spec.input.shape).filter((field) => !inPath.includes(field))
  const changes = isChange(spec)
  const whole = plainSchema(spec.input, 'input') as unknown as ObjectSchema
  return {
    operationId: name,
    tags: [groupOf(name)],
    summary: spec.summary,
    description: `For people of the role ${spec.roles.join(', ')} with a second factor${changes ? ' and a young proof' : ''}, and machines; scope \`${spec.scope}\`.`,
    security: [{ oauth: [spec.scope] }],
    parameters: [
      ...inPath.map((field) => parameter(whole, field, 'path')),
      ...(changes ? [] : rest.map((field) => parameter(whole, field, 'query'))),
      ...(changes ? ['IfMatch', 'IdempotencyKey'] : hasVersion(spec.output) ? ['IfNoneMatch'] : []).map((one) => ({
        $ref: `#/components/parameters/${one}`,
      })),
    ],
    ...(changes && rest.length > 0 ? { requestBody: bodyOf(name, spec, rest, schemas) } : {}),
    responses: responsesOf(name, spec, { schemas, inPath, changes }),
  }
}

interface ObjectSchema {
  properties: Record<string, JsonSchema>
  required?: string[]
}

function parameter(whole: ObjectSchema, field: string, place: 'path' | 'query') {
  const { description, ...schema } = whole.properties[field] ?? {}
  const required = place === 'path' || (whole.required ?? []).includes(field)
  return { name: field, in: place, required, ...(description ? { description } : {}), schema }
}

function bodyOf(name: OperationName, spec: OperationSpec, fields: readonly string[], schemas: Schemas) {
  const mask = Object.fromEntries(fields.map((field) => [field, true as const]))
  const schema = spec.input.pick(mask as Parameters<typeof spec.input.pick>[0])
  const { required } = plainSchema(schema, 'input') as { required?: string[] }
  const example = examples[name]
  return {
    required: (required ?? []).length > 0,
    content: {
      'application/json': {
        schema: schemas.component(`${name}.input`, schema, 'input'),
        ...(example ? { example } : {}),
      },
    },
  }
}

function responsesOf(
  name: OperationName,
  spec: OperationSpec,
  { schemas, inPath, changes }: { schemas: Schemas; inPath: readonly string[]; changes: boolean },
) {
  const list = listItemOf(spec.output)
  const version = hasVersion(spec.output)
  const success = {
    description: changes ? 'It was done.' : 'What was asked for.',
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/RequestId' },
      ...(version ? { ETag: { $ref: '#/components/headers/ETag' } } : {}),
      ...(spec.location ? { Location: { $ref: '#/components/headers/Location' } } : {}),
      ...(list ? { Link: { $ref: '#/components/headers/Link' } } : {}),
    },
    content: {
      'application/json': { schema: schemas.component(`${name}.output`, spec.output, 'output') },
      // One item a line.
      ...(list ? { 'application/x-ndjson': { schema: schemas.component(`${name}.item`, list, 'output') } } : {}),
    },
  }
  const tried = spec.status === 201 && 'dry_run' in spec.input.shape
  const problems = [400, 401, 403, 422, 429, 500, 503]
  if (inPath.length > 0) problems.push(404)
  if (changes) problems.push(404, 409, 410, 412, 413, 415)
  return {
    [String(spec.status ?? 200)]: success,
    ...(tried ? { '200': { ...success, description: 'What would be; nothing was done (`dry_run`).' } } : {}),
    ...(version && !changes ? { '304': { description: 'It is as `If-None-Match` says.' } } : {}),
    ...Object.fromEntries(problems.map((status) => [String(status), { $ref: `#/components/responses/Problem${status}` }])),
  }
}

function shapeOf(schema: unknown): Readonly<Record<string, z.ZodType>> {
  return (schema as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {}
}

function hasVersion(output: z.ZodType): boolean {
  const shape = shapeOf(output)
  return 'version' in shape || 'version' in shapeOf(shape.client)
}

function listItemOf(output: z.ZodType): z.ZodType | null {
  const { items } = shapeOf(output)
  return (items as { element?: z.ZodType } | undefined)?.element ?? null
}
