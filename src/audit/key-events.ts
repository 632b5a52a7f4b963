import type { EventEntry } from './event-entry.ts'

const KEY = { kid: 'text', alg: 'text' } as const

/** What happens to the keys that sign tokens; `kid` is the beginning of the key's. */
export const keyEvents = {
  'key.published': {
    level: 'info',
    kept: true,
    detail: { ...KEY, reason: 'text' },
    help: 'A new signing key was published and signs nothing yet; `reason`: schedule or operation.',
  },
  'key.activated': {
    level: 'info',
    kept: true,
    detail: { ...KEY, reason: 'text' },
    help: 'A key signs from now on; `reason`: all_seen (every active client fetched it), deadline, operation or compromised.',
  },
  'key.retired': {
    level: 'info',
    kept: true,
    detail: KEY,
    help: 'A key stopped signing; it is published while what it signed can live.',
  },
  'key.removed': {
    level: 'info',
    kept: true,
    detail: { ...KEY, reason: 'text' },
    help: 'A key is published no more; `reason`: aged_out, from_file (it never signed) or compromised: what it signed counts no more.',
  },
  'keys_file.taken': {
    level: 'info',
    kept: false,
    detail: { keys: 'number' },
    help: 'The file of signing keys was changed, and an instance took its keys into service.',
  },
  'keys_file.refused': {
    level: 'warn',
    kept: false,
    detail: { reason: 'text' },
    help: 'The file of signing keys was changed and cannot be used; the keys before it stay in service.',
  },
} as const satisfies Record<string, EventEntry>
