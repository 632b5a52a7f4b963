import { z } from 'zod'
import { moment, operation } from '../operation.ts'

const key = z.object({
  kid: z.string(),
  alg: z.string(),
  state: z.enum(['next', 'current', 'previous']),
  /** Who made it: the service itself, or whoever wrote `SIGNING_KEYS_FILE`. */
  source: z.enum(['service', 'file']),
  created_at: moment.nullable(),
  /** Since when it signs, or when it began to. */
  activated_at: moment.nullable(),
  /** When it stopped signing. */
  retired_at: moment.nullable(),
  /** Until when it is published, once it has stopped signing. */
  published_until: moment.nullable(),
})

const write = { scope: 'keys:write', roles: ['admin'] } as const

export const keyOperations = {
  'keys.list': operation({
    scope: 'keys:read',
    roles: ['admin', 'auditor'],
    method: 'GET',
    path: '/keys',
    summary: 'List the signing keys, and who has seen the next one; none shows its private part',
    input: z.strictObject({}),
    output: z.object({
      items: z.array(key),
      rotation: z.object({
        source: z.enum(['service', 'file']),
        /** Null: keys are exchanged only when somebody asks. */
        every_seconds: z.int().nullable(),
        /** When the next keys were published; null when none waits. */
        published_at: moment.nullable(),
        /** From then on they can be activated. */
        activate_from: moment.nullable(),
        /** From then on they sign, whoever has seen them. */
        activate_by: moment.nullable(),
        /** Of the active applications so many have seen them, and these have not; the first hundred of `waiting_count`. */
        seen_count: z.int(),
        waiting_count: z.int(),
        waiting: z.array(
          z.object({ client_id: z.string(), client_name: z.string().nullable(), last_fetch_at: moment.nullable() }),
        ),
      }),
    }),
  }),
  'keys.rotate': operation({
    ...write,
    method: 'POST',
    path: '/keys/rotate',
    summary: 'Publish new signing keys, which sign once the applications have seen them',
    input: z.strictObject({
      compromised: z
        .boolean()
        .default(false)
        .describe('a key leaked: new ones sign at once, and tokens that the old ones signed count no more'),
    }),
    output: z.object({
      published: z.array(z.object({ kid: z.string(), alg: z.string(), state: z.enum(['next', 'current']) })),
      activate_by: moment.nullable(),
    }),
  }),
  'keys.activate': operation({
    ...write,
    method: 'POST',
    path: '/keys/activate',
    summary: 'Let the next signing keys sign now, although not every application has seen them',
    input: z.strictObject({}),
    output: z.object({ activated: z.array(z.object({ kid: z.string(), alg: z.string() })) }),
  }),
} as const
