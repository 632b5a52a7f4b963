/** What an administrator asks: a list or a search, with other values each time. `n` counts the questions. */
export interface Question {
  name: string
  /** Below `/admin/api/v1`. */
  path(n: number): string
  /** Whether answers are expected; null: perhaps. */
  finds: boolean | null
}

const query = (path: string, parameters: Record<string, string>) => `${path}?${new URLSearchParams(parameters)}`
const person = (n: number) => 1 + ((n * 7919) % 99_000)
const personId = (n: number) => `person-${String(person(n)).padStart(15, '0')}`
const FAMILIES = ['alvarez', 'kern', 'yilmaz', 'petrova', 'souza', 'okafor', 'berg', 'rossi', 'miller', 'novak']

/** A person's address is made of the same number as the person. */
const emailOf = (n: number) => `person${person(n)}@d${person(n) % 300}.bench.example`

export const questions: readonly Question[] = [
  { name: 'people, newest first', path: () => '/accounts', finds: true },
  { name: 'people by address', path: (n) => query('/accounts', { q: emailOf(n) }), finds: true },
  { name: 'people by the beginning of an address', path: (n) => query('/accounts', { q: `person${person(n)}` }), finds: true },
  { name: 'people by domain', path: (n) => query('/accounts', { q: `@d${n % 300}.bench.example` }), finds: true },
  {
    name: 'people by number',
    path: (n) => query('/accounts', { q: `+4915${String(3 * (1 + (n % 900))).padStart(9, '0')}` }),
    finds: true,
  },
  { name: 'people by a word of the name', path: (n) => query('/accounts', { q: FAMILIES[n % 10] ?? '' }), finds: true },
  { name: 'people by id', path: (n) => query('/accounts', { q: personId(n) }), finds: true },
  { name: 'people who are suspended', path: () => query('/accounts', { state: 'suspended' }), finds: true },
  { name: 'nobody', path: (n) => query('/accounts', { q: `nobody${n}@nowhere.example` }), finds: false },
  { name: 'one person', path: (n) => `/accounts/${personId(n)}`, finds: true },
  { name: 'what happened to a person', path: (n) => `/accounts/${personId(n)}/activity`, finds: true },
  { name: 'messages to a person', path: (n) => `/accounts/${personId(n)}/messages`, finds: null },
  { name: 'applications', path: () => '/clients', finds: true },
  { name: 'applications by name', path: (n) => query('/clients', { q: `garden ${3 + 8 * (n % 100)}` }), finds: true },
  { name: 'messages, newest first', path: () => '/messages', finds: true },
  { name: 'messages by address', path: (n) => query('/messages', { to: emailOf(n) }), finds: null },
  { name: 'messages that were refused', path: () => query('/messages', { state: 'refused' }), finds: true },
  { name: 'audit log, newest first', path: () => '/audit', finds: true },
  { name: 'audit log of a person', path: (n) => query('/audit', { account_id: personId(n) }), finds: true },
  { name: 'audit log of an application', path: (n) => query('/audit', { client_id: `app-${1 + (n % 1000)}` }), finds: true },
  {
    name: 'audit log of an administrator',
    path: (n) => query('/audit', { actor_id: `person-${String(8 * (1 + (n % 2))).padStart(15, '0')}` }),
    finds: true,
  },
  { name: 'audit log by event', path: () => query('/audit', { event: 'client.changed' }), finds: true },
  { name: 'audit log by events that begin alike', path: () => query('/audit', { event: 'token.*' }), finds: true },
  { name: 'audit log of one day', path: (n) => query('/audit', dayAgo(10 + (n % 300))), finds: true },
  { name: 'pictures of 90 days', path: () => query('/stats', { days: '90' }), finds: true },
]

const DAY_MS = 86_400_000

function dayAgo(days: number): { from: string; to: string } {
  const from = Date.now() - days * DAY_MS
  return { from: new Date(from).toISOString(), to: new Date(from + DAY_MS).toISOString() }
}
