import type { ConsoleShell } from '../../src/text/index.ts'
import type { Stats } from '../../src/web/console/screens/plots.ts'

export const form = { action: '/admin/do', csrf: 'csrf-token' }
export const now = new Date('2026-11-21T14:02:11Z')
export const earlier = new Date('2026-11-21T09:40:00Z')
export const before = new Date('2026-11-18T22:15:00Z')
export const march = new Date('2026-03-12T08:00:00Z')
export const soon = new Date('2026-11-24T14:02:11Z')
export const long = 'maria-magdalena.alvarez-de-la-fuente.and.a.very.long.local.part@subsidiary.fabrikam.example'

const ENTRIES = ['start', 'clients', 'apis', 'people', 'messages', 'keys', 'audit', 'administrators'] as const
export const shell = (here: ConsoleShell['here'], more: Partial<ConsoleShell> = {}): ConsoleShell => ({
  name: 'Jonas Kern',
  initials: 'JK',
  role: 'admin',
  here,
  rail: ENTRIES.map((entry) => ({ entry, url: entry === 'start' ? '/admin' : `/admin/${entry}` })),
  now,
  search: { url: '/admin/search', query: '' },
  signOut: form,
  rescue: null,
  said: null,
  fault: null,
  ...more,
})

/** Numbers of some days, which rise and fall with the week; the hand-over was slow once. */
export function statsOf(count: number, { texts = true } = {}): Stats {
  const days = Array.from({ length: count }, (_, nth) => {
    const at = new Date(Date.UTC(2026, 10, 21) - (count - 1 - nth) * 86_400_000)
    const busy = [0, 6].includes(at.getUTCDay()) ? 0.45 : 1
    const of = (share: number) => Math.round((120 + ((nth * 37) % 41)) * busy * share)
    const methods = [
      { label: 'link', count: of(1) },
      { label: 'code', count: of(0.55) },
      { label: 'sms', count: texts ? of(0.18) : 0 },
      { label: 'totp', count: 0 },
      { label: 'recovery', count: 0 },
      { label: 'other', count: 0 },
    ]
    const completed = methods.reduce((sum, one) => sum + one.count, 0)
    return {
      day: at.toISOString().slice(0, 10),
      started: completed + of(0.08),
      completed,
      methods,
      hand_over_median_seconds: nth % 9 === 4 ? 5 : 2,
      hand_over_slow_seconds: nth === count - 2 ? 120 : 10,
      spent_micros: texts ? of(0.18) * 75_000 : 0,
    }
  })
  return {
    days,
    before: { started: 2900, completed: 2744 },
    failures: [
      { label: 'never_answered', count: 96 },
      { label: 'wrong_codes', count: 31 },
      { label: 'bounced', count: 22 },
      { label: 'consent_cancelled', count: 14 },
      { label: 'budget', count: 3 },
      { label: 'unmet', count: 0 },
    ],
    budget_micros_per_day: texts ? 5_000_000 : null,
    currency: texts ? 'EUR' : null,
    counted_to: now.toISOString(),
  }
}

export const person = {
  called: 'Maria Alvarez',
  initials: 'MA',
  address: 'maria@fabrikam.example',
  url: '/admin/people/qJ3vXh0QmYp1b7Tz9cVw2A',
  state: 'active' as const,
  role: null,
  since: march,
  lastSignInAt: earlier,
}
export const people = [
  person,
  { ...person, called: 'Jonas Kern', initials: 'JK', address: 'jonas@northwind.example', role: 'admin' as const },
  { ...person, called: long, initials: 'MA', address: null, state: 'suspended' as const, lastSignInAt: before },
  { ...person, called: '+49 1511 2345647', initials: '47', address: null, state: 'closed' as const, lastSignInAt: null },
]
export const message = {
  id: 'b1mG0c6wRkq1TtqfL3Zp9w',
  channel: 'email' as const,
  what: 'sign_in',
  name: 'sign-in',
  to: 'maria@fabrikam.example',
  standing: 'handed_over' as const,
  at: earlier,
  createdAt: earlier,
  url: '/admin/messages/b1mG0c6wRkq1TtqfL3Zp9w',
}
export const messages = [
  message,
  { ...message, standing: 'delivered' as const, at: before, createdAt: before },
  { ...message, what: 'notice', name: 'notice', standing: 'deferred' as const, at: soon, to: long },
  { ...message, channel: 'sms' as const, to: '+49 1511 2345647', standing: 'refused' as const, at: null },
  { ...message, what: null, name: 'welcome-back', standing: 'queued' as const, at: null },
  { ...message, standing: 'expired' as const, at: null },
  { ...message, standing: 'sending' as const, at: null },
]
const event = {
  at: earlier,
  key: 'sign_in_completed',
  event: 'sign_in.completed',
  warn: false,
  client: 'Northwind',
  byAdministrator: false,
  device: 'Firefox on Windows',
}
export const events = [
  event,
  { ...event, at: before, key: 'sign_in_code_wrong', event: 'sign_in.code_wrong', warn: true },
  { ...event, at: before, key: null, event: 'message.handed_over', client: '', device: '' },
  { ...event, at: before, key: 'account_suspended', event: 'account.suspended', client: '', byAdministrator: true, device: '' },
]
