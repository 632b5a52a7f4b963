import { z } from 'zod'
import { hasDotSegment } from '../../clients/index.ts'
import { done, givenMoment, moment, operation, pageInput, pageOf } from '../operation.ts'
import { ROLES } from '../scopes.ts'
import { auditEntry } from './audit.ts'
import { messageView } from './messages.ts'

export const read = { scope: 'accounts:read', roles: ['admin', 'support', 'auditor'] } as const
export const write = { scope: 'accounts:write', roles: ['admin', 'support'] } as const

const accountId = z.string().min(1).max(255)
/** Whom an operation is about. */
export const account = z.strictObject({ account_id: accountId })
export const role = z.enum(ROLES)
const state = z.enum(['active', 'suspended', 'closed'])

/** One person as lists show them. */
export const accountSummary = z.object({
  account_id: accountId,
  /** What the profile says; null where it says nothing. */
  name: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  state,
  role: role.nullable(),
  created_at: moment,
  last_sign_in_at: moment.nullable(),
})

/** What is said of the person itself. A change answers no more than this. */
const personView = accountSummary.extend({
  locale: z.string().nullable(),
  /** Standard claims of OpenID Connect Core §5.1. */
  profile: z.record(z.string(), z.unknown()),
  closing_at: moment.nullable(),
  /** For If-Match. */
  version: z.string(),
})

/** How a rescue stands: the wait of somebody who lost their second factor. It names no address, and nothing secret. */
const rescueView = z.object({
  started_at: moment,
  /** Who began it: in a sign-in, or here. */
  started_by: z.enum(['person', 'administrator']),
  device: z.string(),
  /** From then on the person sets up another factor, once they have proven their address again. */
  opens_at: moment,
  /** Until then. */
  lapses_at: moment,
  ready: z.boolean(),
})

const accountView = personView.extend({
  addresses: z.array(
    z.object({
      kind: z.enum(['email', 'phone']),
      address: z.string(),
      primary: z.boolean(),
      /** Null: an import said so, and nobody has proven it. It opens nothing but an account that has no other. */
      proven_at: moment.nullable(),
      usable_from: moment.nullable(),
      leaves_at: moment.nullable(),
      /** Why it takes no messages; null where it does. */
      suppressed: z.string().nullable(),
    }),
  ),
  authenticators: z.array(
    z.object({
      authenticator_id: z.string(),
      /** `totp` or `passkey`. */
      kind: z.string(),
      name: z.string(),
      added_at: moment,
      last_used_at: moment.nullable(),
      /** Of a passkey: it was copied to the person's other devices, when it was used last; null of all else. */
      synced: z.boolean().nullable(),
      /** It is asked for in every sign-in, or another one: a second factor, and not merely a way in. */
      always_asked: z.boolean(),
    }),
  ),
  recovery_codes_left: z.int(),
  /** The one that waits; null where none does. */
  rescue: rescueView.nullable(),
  /** When the person got back in by a rescue, the last time. */
  recovered_at: moment.nullable(),
  sessions: z.array(
    z.object({
      session_id: z.string(),
      device: z.string().nullable(),
      signed_in_at: moment,
      last_seen_at: moment,
      client_ids: z.array(z.string()),
    }),
  ),
  devices: z.array(z.object({ name: z.string(), since: moment, last_used_at: moment, until: moment })),
  apps: z.array(
    z.object({
      client_id: z.string(),
      name: z.string(),
      scopes: z.array(z.string()),
      since: moment,
      last_used_at: moment.nullable(),
    }),
  ),
})

/** One line of an import or export. What is given as `sub` stays the subject. */
const portableAccount = z.strictObject({
  sub: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/)
    .refine((id) => !hasDotSegment(id), 'must not hold . or .. between slashes: no address could lead to it')
    .optional(),
  email: z.string().max(254).optional(),
  email_proven: z.boolean().default(false),
  phone: z.string().max(30).optional(),
  phone_proven: z.boolean().default(false),
  locale: z.string().max(35).optional(),
  profile: z.record(z.string(), z.unknown()).default({}),
  suspended: z.boolean().default(false),
  created_at: givenMoment.optional(),
})

export const peopleOperations = {
  'accounts.list': operation({
    ...read,
    method: 'GET',
    path: '/accounts',
    summary: 'Find people, newest first',
    input: z.strictObject({
      q: z.string().max(200).optional().describe('an address or its beginning, @domain, a number, a word of the name, or an id'),
      state: state.optional(),
      role: role.optional(),
      ...pageInput,
    }),
    output: pageOf(accountSummary),
  }),
  'accounts.get': operation({
    ...read,
    method: 'GET',
    path: '/accounts/{account_id}',
    summary: 'Show one person: addresses, methods, devices, sessions and applications',
    input: account,
    output: accountView,
  }),
  'accounts.activity': operation({
    ...read,
    method: 'GET',
    path: '/accounts/{account_id}/activity',
    summary: 'What happened to one person, newest first',
    input: account.extend(pageInput),
    output: pageOf(auditEntry),
  }),
  'accounts.messages': operation({
    ...read,
    method: 'GET',
    path: '/accounts/{account_id}/messages',
    summary: 'Messages to the addresses of one person, newest first',
    input: account.extend(pageInput),
    output: pageOf(messageView),
  }),
  'accounts.update': operation({
    ...write,
    method: 'PATCH',
    path: '/accounts/{account_id}',
    summary: 'Correct what the profile says',
    input: account.extend({
      profile: z.record(z.string(), z.string().max(500)).describe('standard claims by their names; an empty text takes one away'),
    }),
    output: personView,
  }),
  'accounts.suspend': operation({
    ...write,
    shutsOut: true,
    method: 'POST',
    path: '/accounts/{account_id}/suspend',
    summary: 'Suspend a person: sessions and tokens end at once, and nobody signs in',
    input: account,
    output: personView,
  }),
  'accounts.resume': operation({
    ...write,
    method: 'POST',
    path: '/accounts/{account_id}/resume',
    summary: 'Let a suspended person sign in again',
    input: account,
    output: personView,
  }),
  'accounts.end-sessions': operation({
    ...write,
    shutsOut: true,
    method: 'POST',
    path: '/accounts/{account_id}/end-sessions',
    summary: 'End one session of a person, or all with every token',
    input: account.extend({ session_id: z.string().max(100).optional().describe('only this one') }),
    output: z.object({ ended: z.int() }),
  }),
  'accounts.remove-authenticator': operation({
    ...write,
    method: 'DELETE',
    path: '/accounts/{account_id}/authenticators/{authenticator_id}',
    summary: 'Remove an authenticator or a passkey that was lost; the person is told, and can object',
    input: account.extend({ authenticator_id: z.string().max(100) }),
    output: done,
  }),
  'accounts.revoke-app': operation({
    ...write,
    method: 'DELETE',
    path: '/accounts/{account_id}/apps/{client_id}',
    summary: "Take back an application's access to one person",
    input: account.extend({ client_id: z.string().max(200) }),
    output: done,
  }),
  'accounts.export-one': operation({
    ...read,
    roles: ['admin', 'support'],
    method: 'GET',
    path: '/accounts/{account_id}/export',
    summary: 'All that is kept about one person',
    input: account,
    output: z.record(z.string(), z.unknown()),
  }),
  'accounts.close': operation({
    ...write,
    shutsOut: true,
    method: 'POST',
    path: '/accounts/{account_id}/close',
    summary: 'Delete a person after the grace period; until then they are suspended, and sessions and tokens end at once',
    input: account,
    output: z.object({ closing_at: moment }),
  }),
  'accounts.keep': operation({
    ...write,
    method: 'POST',
    path: '/accounts/{account_id}/keep',
    summary: 'Keep a person who was to be deleted; they can sign in again',
    input: account,
    output: done,
  }),
  'accounts.export': operation({
    ...read,
    roles: ['admin'],
    method: 'GET',
    path: '/accounts-export',
    summary: 'People with their addresses, oldest first, as `accounts.import` takes them',
    input: z.strictObject({ ...pageInput, limit: z.coerce.number().int().min(1).max(1000).default(500) }),
    output: pageOf(portableAccount.extend({ sub: z.string() })),
  }),
  'accounts.import': operation({
    ...write,
    roles: ['admin'],
    method: 'POST',
    path: '/accounts-import',
    summary:
      'Add people; addresses are unproven unless said, which needs administrators:write too; who is there already is left as is',
    input: z.strictObject({ accounts: z.array(portableAccount).min(1).max(500) }),
    output: z.object({
      results: z.array(
        z.object({
          outcome: z.enum(['created', 'there_already', 'refused']),
          account_id: z.string().nullable(),
          words: z.string().nullable(),
        }),
      ),
    }),
  }),
} as const
