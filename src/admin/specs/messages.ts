import { z } from 'zod'
import { done, moment, operation, pageInput, pageOf } from '../operation.ts'

const read = { scope: 'messages:read', roles: ['admin', 'support', 'auditor'] } as const
const write = { scope: 'messages:write', roles: ['admin', 'support'] } as const

/** A message, by what its list names it. */
const messageId = z.string().regex(/^[\w-]{1,100}$/)

/** One message to one address. It holds no text, no link and no code. */
export const messageView = z.object({
  message_id: z.string(),
  channel: z.enum(['email', 'sms']),
  /** Its name in the catalogue of messages. */
  message: z.string(),
  to: z.string(),
  state: z.enum(['queued', 'sending', 'deferred', 'handed_over', 'refused', 'expired']),
  /** Class of the last failure, such as smtp_451. */
  reason: z.string().nullable(),
  tries: z.int(),
  route: z.string().nullable(),
  created_at: moment,
  handed_over_at: moment.nullable(),
  /** Only where a receipt says so. */
  delivered_at: moment.nullable(),
  next_try_at: moment.nullable(),
  /** Whether it can be sent again: not handed over, and what it is for has not ended. */
  can_retry: z.boolean(),
})

export const messageOperations = {
  'messages.list': operation({
    ...read,
    method: 'GET',
    path: '/messages',
    summary: 'What was sent to whom, newest first',
    input: z.strictObject({
      to: z.string().max(254).optional().describe('an address in full'),
      channel: z.enum(['email', 'sms']).optional(),
      state: z.enum(['queued', 'sending', 'deferred', 'handed_over', 'refused', 'expired']).optional(),
      ...pageInput,
    }),
    output: pageOf(messageView),
  }),
  'messages.get': operation({
    ...read,
    method: 'GET',
    path: '/messages/{message_id}',
    summary: 'Show one message',
    input: z.strictObject({ message_id: messageId }),
    output: messageView,
  }),
  'messages.retry': operation({
    ...write,
    method: 'POST',
    path: '/messages/{message_id}/retry',
    summary: 'Send a message again now that waits, or was refused',
    input: z.strictObject({ message_id: messageId }),
    output: messageView,
  }),
  'suppressions.get': operation({
    ...read,
    method: 'GET',
    path: '/suppressions/{address}',
    summary: 'Why an address takes no messages',
    input: z.strictObject({ address: z.string().max(254) }),
    output: z.object({ address: z.string(), reason: z.string().nullable(), since: moment.nullable() }),
  }),
  'suppressions.lift': operation({
    ...write,
    method: 'DELETE',
    path: '/suppressions/{address}',
    summary: 'Let an address take messages again',
    input: z.strictObject({ address: z.string().max(254) }),
    output: done,
  }),
} as const
