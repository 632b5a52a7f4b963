import { z } from 'zod'
import { givenMoment, moment, operation, pageInput, pageOf } from '../operation.ts'

/** Identifiers and names, in visible ASCII (RFC 6749, Appendix A). */
const name = z.string().regex(/^[\x20-\x7e]{1,200}$/)

const read = { scope: 'audit:read', roles: ['admin', 'auditor'] } as const

/** One row of the trail. */
export const auditEntry = z.object({
  entry_id: z.string(),
  at: moment,
  event: z.string(),
  account_id: z.string().nullable(),
  client_id: z.string().nullable(),
  /** Who did it, where it was not the person. */
  actor_id: z.string().nullable(),
  /** The sign-in that it belongs to. */
  attempt_id: z.string().nullable(),
  request_id: z.string().nullable(),
  ip: z.string().nullable(),
  device: z.string().nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Its place in the chain; null while it waits for one. The salt is gone when the person was erased. */
  chain: z.object({ place: z.int(), salt: z.string().nullable(), proof: z.string(), hash: z.string() }).nullable(),
})

const filter = {
  account_id: name.optional(),
  client_id: name.optional(),
  actor_id: name.optional(),
  event: name.optional().describe('an event, or the beginning of some: `client.*`'),
  from: givenMoment.optional(),
  to: givenMoment.optional(),
}

export const auditOperations = {
  'audit.list': operation({
    ...read,
    method: 'GET',
    path: '/audit',
    summary: 'Read the audit log, newest first',
    input: z.strictObject({ ...filter, ...pageInput, limit: z.coerce.number().int().min(1).max(200).default(50) }),
    output: pageOf(auditEntry),
  }),
  'audit.export': operation({
    ...read,
    method: 'GET',
    path: '/audit-export',
    summary: 'Take the audit log along, newest first; that it was taken stands in it',
    input: z.strictObject({ ...filter, ...pageInput, limit: z.coerce.number().int().min(1).max(1000).default(500) }),
    output: pageOf(auditEntry),
  }),
  'audit.get': operation({
    ...read,
    method: 'GET',
    path: '/audit/{entry_id}',
    summary: 'Show one row of the audit log',
    input: z.strictObject({ entry_id: z.string().regex(/^\d{1,18}$/) }),
    output: auditEntry,
  }),
  'audit.chain': operation({
    ...read,
    method: 'GET',
    path: '/audit-chain',
    summary: 'The head of the chain, and how many rows wait to be chained',
    input: z.strictObject({}),
    output: z.object({
      rows: z.int(),
      head: z.string().nullable(),
      head_at: moment.nullable(),
      waiting: z.int(),
    }),
  }),
  'audit.verify': operation({
    ...read,
    method: 'GET',
    path: '/audit-chain/verify',
    summary: 'Check a stretch of the chain; `next` leads to the one after it, and is null at its end',
    input: z.strictObject({
      after: z
        .string()
        .regex(/^[1-9]\d{0,14}:[0-9a-f]{64}$/)
        .optional()
        .describe('begin behind this place: `place:hash`, as a line of the service log named the head'),
      cursor: pageInput.cursor,
      limit: z.coerce.number().int().min(1).max(20_000).default(10_000),
    }),
    output: z.object({
      /** Rows that were checked so far, from the beginning of the chain, and in all. */
      checked: z.int(),
      rows: z.int(),
      /** The first row that is not as it was written. */
      broken: z
        .object({
          entry_id: z.string().nullable(),
          place: z.int(),
          kind: z.enum(['changed', 'removed', 'inserted', 'moved', 'unsalted']),
          words: z.string(),
        })
        .nullable(),
      head: z.string().nullable(),
      next: z.string().nullable(),
    }),
  }),
} as const

const counted = z.object({ label: z.string(), count: z.int() })

export const statsOperations = {
  'stats.show': operation({
    scope: 'audit:read',
    roles: ['admin', 'support', 'auditor'],
    method: 'GET',
    path: '/stats',
    summary: 'Sign-ins, hand-over of messages, failures and spend, by day',
    input: z.strictObject({ days: z.coerce.number().int().min(1).max(90).default(14) }),
    output: z.object({
      days: z.array(
        z.object({
          /** UTC, such as 2026-11-22. */
          day: z.iso.date(),
          started: z.int(),
          completed: z.int(),
          /** Completed sign-ins by the method they began with: link, code, sms, totp, recovery, other. */
          methods: z.array(counted),
          /** Within so many seconds the mail server took half, and 95 percent, of the mails; null on a day without mail. */
          hand_over_median_seconds: z.number().nullable(),
          hand_over_slow_seconds: z.number().nullable(),
          /** In millionths of the price table's currency. */
          spent_micros: z.int(),
        }),
      ),
      before: z.object({ started: z.int(), completed: z.int() }).describe('the same number of days before'),
      failures: z
        .array(counted)
        .describe(
          'why people did not get in: never_answered, wrong_codes, bounced, refused_message, budget, refused, unmet, consent_cancelled',
        ),
      budget_micros_per_day: z.int().nullable(),
      currency: z.string().nullable(),
      /** The last moment that is counted. */
      counted_to: moment.nullable(),
    }),
  }),
  'me.show': operation({
    scope: 'audit:read',
    roles: ['admin', 'support', 'auditor'],
    method: 'GET',
    path: '/me',
    summary: 'Who you are to this API',
    input: z.strictObject({}),
    output: z.object({
      kind: z.enum(['person', 'client', 'local']),
      id: z.string(),
      role: z.enum(['admin', 'support', 'auditor']),
      scopes: z.array(z.string()),
    }),
  }),
} as const
