/**
 * What an administrator may be. `admin` may all; `support` looks after people, and neither sees keys nor clients;
 * `auditor` reads.
 */
export const ROLES = ['admin', 'support', 'auditor'] as const
export type Role = (typeof ROLES)[number]

/** Scopes of the admin API (RFC 6749 §3.3), each with its words at consent. */
export const ADMIN_SCOPES = {
  'clients:read': 'See registered applications and APIs',
  'clients:write': 'Register, change and delete applications and APIs',
  'accounts:read': 'See people, their devices and what they did',
  'accounts:write': 'Invite, suspend and delete people, and end their sessions',
  'messages:read': 'See which messages were sent to whom',
  'messages:write': 'Send messages again',
  'keys:read': 'See the signing keys',
  'keys:write': 'Exchange the signing keys',
  'audit:read': 'Read the audit log',
  'administrators:read': 'See who may administer',
  'administrators:write': 'Decide who may administer',
} as const satisfies Readonly<Record<string, string>>

export type AdminScope = keyof typeof ADMIN_SCOPES
