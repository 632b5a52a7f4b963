import type { Admin, AdminActor, OperationName } from '../../../admin/index.ts'
import type { PersonQuestion } from '../../../text/index.ts'
import type { Person } from './person-rows.ts'

/** One thing that ends, as a question lists it. */
interface Item {
  label: string
  detail: string
}

/** A device as it was recorded, in words. */
type DeviceWords = (recorded: string | null) => string

/** Something that is done to a person after a question. `part` is the id in the path, where there is one. */
export interface PersonDeed {
  operation: OperationName
  question: PersonQuestion
  /** What ends with it; null where there is nothing to ask. */
  items(person: Person, part: string, device: DeviceWords): readonly Item[] | null
  run(admin: Admin, actor: AdminActor, accountId: string, part: string): Promise<unknown>
}

/** The questions of a person's page, by the last part of their path. */
export const DEEDS = {
  suspend: {
    operation: 'accounts.suspend',
    question: 'suspend',
    items: (person, _part, device) => (person.state === 'active' ? [...sessionsOf(person, device), ...appsOf(person)] : null),
    run: (admin, actor, account_id) => admin.perform('accounts.suspend', actor, { account_id }),
  },
  resume: {
    operation: 'accounts.resume',
    question: 'resume',
    items: ({ state }) => (state === 'suspended' ? [] : null),
    run: (admin, actor, account_id) => admin.perform('accounts.resume', actor, { account_id }),
  },
  'end-sessions': {
    operation: 'accounts.end-sessions',
    question: 'end_sessions',
    items: (person, _part, device) => sessionsOf(person, device),
    run: (admin, actor, account_id) => admin.perform('accounts.end-sessions', actor, { account_id }),
  },
  close: {
    operation: 'accounts.close',
    question: 'close',
    items: (person) => (person.closing_at ? null : [...addressesOf(person), ...appsOf(person)]),
    run: (admin, actor, account_id) => admin.perform('accounts.close', actor, { account_id }),
  },
  keep: {
    operation: 'accounts.keep',
    question: 'keep',
    items: ({ closing_at }) => (closing_at ? [] : null),
    run: (admin, actor, account_id) => admin.perform('accounts.keep', actor, { account_id }),
  },
  'rescue/cancel': {
    operation: 'accounts.cancel-rescue',
    question: 'cancel_rescue',
    items: ({ rescue }) => (rescue ? [] : null),
    run: (admin, actor, account_id) => admin.perform('accounts.cancel-rescue', actor, { account_id }),
  },
  'revoke-role': {
    operation: 'administrators.revoke',
    question: 'revoke_role',
    items: ({ role }) => (role ? [] : null),
    run: (admin, actor, account_id) => admin.perform('administrators.revoke', actor, { account_id }),
  },
} as const satisfies Record<string, PersonDeed>

/** The same for one thing that belongs to a person: `/<folder>/:part/<verb>`. */
export const PART_DEEDS = {
  'authenticators/remove': {
    operation: 'accounts.remove-authenticator',
    question: 'remove_factor',
    items: ({ authenticators }, part) => {
      const one = authenticators.find(({ authenticator_id }) => authenticator_id === part)
      return one ? [{ label: one.name || one.kind, detail: '' }] : null
    },
    run: (admin, actor, account_id, authenticator_id) =>
      admin.perform('accounts.remove-authenticator', actor, { account_id, authenticator_id }),
  },
  'sessions/end': {
    operation: 'accounts.end-sessions',
    question: 'end_session',
    items: (person, part, device) => {
      const one = person.sessions.find(({ session_id }) => session_id === part)
      return one ? sessionsOf({ ...person, sessions: [one] }, device) : null
    },
    run: (admin, actor, account_id, session_id) => admin.perform('accounts.end-sessions', actor, { account_id, session_id }),
  },
  'apps/revoke': {
    operation: 'accounts.revoke-app',
    question: 'revoke_app',
    items: ({ apps }, part) => {
      const one = apps.find(({ client_id }) => client_id === part)
      return one ? [{ label: one.name, detail: one.scopes.join(' ') }] : null
    },
    run: (admin, actor, account_id, client_id) => admin.perform('accounts.revoke-app', actor, { account_id, client_id }),
  },
} as const satisfies Record<string, PersonDeed>

function sessionsOf({ sessions, apps }: Pick<Person, 'sessions' | 'apps'>, words: DeviceWords): Item[] {
  const names = new Map(apps.map(({ client_id, name }) => [client_id, name]))
  return sessions.map(({ device, client_ids }) => ({
    label: words(device),
    detail: client_ids.map((id) => names.get(id) ?? id).join(', '),
  }))
}

function appsOf({ apps }: Pick<Person, 'apps'>): Item[] {
  return apps.map(({ name, scopes }) => ({ label: name, detail: scopes.join(' ') }))
}

function addressesOf({ addresses }: Pick<Person, 'addresses'>): Item[] {
  return addresses.map(({ address }) => ({ label: address, detail: '' }))
}
