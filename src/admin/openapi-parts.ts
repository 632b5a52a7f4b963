import type { JsonSchema } from './openapi-schemas.ts'
import { apiProblems } from './problems.ts'

/** Headers of requests that several operations know. */
export const parameters = {
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The ETag that you have seen: the change is refused where there is another by now (RFC 9110 §13.1.1).',
    schema: { type: 'string' },
    example: '"3f9a0c"',
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The ETag that you have: 304 where it is still the one (RFC 9110 §13.1.2).',
    schema: { type: 'string' },
    example: '"3f9a0c"',
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key with the same request gives the same answer for a day, and does nothing again.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  },
} as const

export const headers = {
  RequestId: {
    description: 'The reference of this request, as in the log and the audit log.',
    schema: { type: 'string' },
    example: 'DW-7K3M-9QXF',
  },
  ETag: {
    description: 'The version of what is shown, for If-Match and If-None-Match.',
    schema: { type: 'string' },
    example: '"3f9a0c"',
  },
  Location: {
    description: 'Where what was made stands (RFC 9110 §15.3.2).',
    schema: { type: 'string', format: 'uri' },
  },
  Link: {
    description: 'The next page, where there is one: `<…>; rel="next"` (RFC 8288).',
    schema: { type: 'string' },
  },
  Challenge: {
    description: 'What is asked for (RFC 6750 §3, RFC 9470 §3).',
    schema: { type: 'string' },
  },
  RetryAfter: {
    description: 'Seconds to wait.',
    schema: { type: 'integer', minimum: 1 },
  },
} as const

/** A problem as it is written (RFC 9457). */
export const problemSchema: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string', format: 'uri', description: 'Ends in the code of the problem, which does not change.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What it was this time, for people.' },
    instance: { type: 'string', description: 'The reference of this request.' },
    faults: {
      type: 'array',
      description: 'Each field that is not right.',
      items: {
        type: 'object',
        properties: {
          field: { type: 'string', description: 'Such as redirect_uris[0]; empty for the whole.' },
          words: { type: 'string' },
        },
        required: ['field', 'words'],
        additionalProperties: false,
      },
    },
  },
  required: ['type', 'title', 'status', 'instance'],
  additionalProperties: false,
}

const HEADERS: Readonly<Record<number, Record<string, { $ref: string }>>> = {
  401: { 'WWW-Authenticate': { $ref: '#/components/headers/Challenge' } },
  403: { 'WWW-Authenticate': { $ref: '#/components/headers/Challenge' } },
  429: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } },
  503: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } },
}

/** One response for each status, naming the problems that have it. 405 belongs to no operation. */
export function problemResponses(problem: JsonSchema): Record<string, unknown> {
  const byStatus = Map.groupBy(Object.entries(apiProblems), ([, { status }]) => status)
  byStatus.delete(405)
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      `Problem${status}`,
      {
        description: codes.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(' '),
        ...(HEADERS[status] ? { headers: HEADERS[status] } : {}),
        content: { 'application/problem+json': { schema: problem } },
      },
    ]),
  )
}
