import type { OperationName } from './catalogue.ts'

/** Bodies to begin with, for operations whose shape alone does not say enough. */
export const examples: Readonly<Partial<Record<OperationName, Record<string, unknown>>>> = {
  'clients.create': {
    template: 'web',
    client_name: 'Wiki',
    redirect_uris: ['https://wiki.example.org/callback'],
    first_party: true,
  },
  'clients.update': { fields: { redirect_uris: ['https://wiki.example.org/callback'], second_factor: 'required' } },
  'clients.add-secret': { expires_in_days: 365, retire_others_in_hours: 24 },
  'resource-servers.create': {
    id: 'https://api.example.org/',
    name: 'Orders',
    scopes: { 'orders:read': 'See your orders' },
  },
  'accounts.update': { profile: { name: 'Ada Lovelace' } },
  'accounts.start-rescue': { opens_in_minutes: 1440, reason: 'Called from a number that we know' },
  'accounts.shorten-rescue': { opens_in_minutes: 60 },
  'accounts.import': {
    accounts: [{ sub: '4711', email: 'ada@example.org', email_proven: true, profile: { name: 'Ada Lovelace' } }],
  },
  'invitations.create': { address: 'ada@example.org', expires_in_days: 14 },
  'administrators.grant': { role: 'auditor' },
}
