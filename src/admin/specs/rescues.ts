import { z } from 'zod'
import { done, moment, operation } from '../operation.ts'
import { account, write } from './people.ts'

const opensInMinutes = z.int().min(1).max(43_200).optional()
const rescueMoments = z.object({ opens_at: moment, lapses_at: moment })

/** The way back for somebody who lost their second factor. No answer holds a code or a link. */
export const rescueOperations = {
  'accounts.start-rescue': operation({
    ...write,
    method: 'POST',
    path: '/accounts/{account_id}/rescue',
    status: 201,
    summary:
      'Let a person who lost their second factor set up another after a wait; they are told on every channel, can stop it, and prove their address again',
    input: account.extend({
      opens_in_minutes: opensInMinutes.describe('in place of the wait of the settings (RESCUE_DELAY)'),
      reason: z
        .string()
        .trim()
        .max(200)
        .refine((text) => !/[\p{Cc}\p{Cf}]/u.test(text), 'must not hold control or invisible characters')
        .optional()
        .describe('why, for the audit log'),
    }),
    output: rescueMoments,
  }),
  'accounts.shorten-rescue': operation({
    ...write,
    method: 'POST',
    path: '/accounts/{account_id}/rescue/shorten',
    summary: 'Shorten the wait of a rescue, down to the least of the settings (RESCUE_ADMIN_MIN); the person is told at once',
    input: account.extend({ opens_in_minutes: opensInMinutes.describe('from now on; the least where it is not given') }),
    output: rescueMoments,
  }),
  'accounts.cancel-rescue': operation({
    ...write,
    method: 'DELETE',
    path: '/accounts/{account_id}/rescue',
    summary: 'Stop a rescue that waits, whoever began it; the person is told',
    input: account,
    output: done,
  }),
} as const
