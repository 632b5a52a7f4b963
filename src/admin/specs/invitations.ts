import { z } from 'zod'
import { done, moment, operation, pageInput, pageOf } from '../operation.ts'
import { read, role, write } from './people.ts'

/** Who may join whatever the sign-up policy says. */
export const invitationOperations = {
  'invitations.list': operation({
    ...read,
    method: 'GET',
    path: '/invitations',
    summary: 'Invitations that were not taken up yet, newest first',
    input: z.strictObject(pageInput),
    output: pageOf(
      z.object({
        invitation_id: z.string(),
        address: z.string(),
        role: role.nullable(),
        created_at: moment,
        expires_at: moment,
      }),
    ),
  }),
  'invitations.create': operation({
    ...write,
    method: 'POST',
    path: '/invitations',
    status: 201,
    location: '/invitations/{invitation_id}',
    summary: 'Invite a person by an address: they may join whatever the sign-up policy says, and are told by mail',
    input: z.strictObject({
      address: z.string().max(254),
      client_id: z.string().max(200).optional().describe('the application that the mail leads to'),
      expires_in_days: z.int().min(1).max(90).default(14),
    }),
    output: z.object({ invitation_id: z.string(), expires_at: moment }),
  }),
  'invitations.delete': operation({
    ...write,
    method: 'DELETE',
    path: '/invitations/{invitation_id}',
    summary: 'Take an invitation back',
    input: z.strictObject({ invitation_id: z.string().max(100) }),
    output: done,
  }),
} as const
