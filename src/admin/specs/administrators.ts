import { z } from 'zod'
import { done, operation } from '../operation.ts'
import { account, accountSummary, role } from './people.ts'

const administer = { scope: 'administrators:write', roles: ['admin'] } as const

export const administratorOperations = {
  'administrators.list': operation({
    scope: 'administrators:read',
    roles: ['admin', 'auditor'],
    method: 'GET',
    path: '/administrators',
    summary: 'Who may administer, and in which role',
    input: z.strictObject({}),
    output: z.object({ items: z.array(accountSummary.extend({ second_factor: z.boolean() })) }),
  }),
  'administrators.grant': operation({
    ...administer,
    method: 'PUT',
    path: '/accounts/{account_id}/role',
    summary: 'Give a person a role',
    input: account.extend({ role }),
    output: done,
  }),
  'administrators.revoke': operation({
    ...administer,
    method: 'DELETE',
    path: '/accounts/{account_id}/role',
    summary: 'Take the role of a person; what it opened ends at once',
    input: account,
    output: done,
  }),
} as const
