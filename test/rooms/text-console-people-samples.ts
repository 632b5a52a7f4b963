import type { ConsolePeopleViews } from '../../src/text/index.ts'
import { choicesOf } from '../../src/web/console/screens/choices.ts'
import { consoleJoiningPages } from './text-console-joining-samples.ts'
import { before, earlier, events, form, long, march, messages, people, person, shell, soon } from './text-console-rows.ts'

const urls = {
  rename: '/admin/people/p/name',
  suspend: '/admin/people/p/suspend',
  resume: null,
  endSessions: '/admin/people/p/end-sessions',
  close: '/admin/people/p/close',
  rescue: '/admin/people/p/rescue',
  keep: null,
  role: '/admin/people/p/role',
  revokeRole: null,
  download: '/admin/people/p/export',
  activity: '/admin/people/p/activity',
  messages: '/admin/people/p/messages',
  audit: '/admin/audit?person=p',
}
const onePerson: ConsolePeopleViews['console-person'] = {
  shell: shell('people'),
  person: { ...person, id: 'qJ3vXh0QmYp1b7Tz9cVw2A' },
  closingAt: null,
  rescue: null,
  recoveredAt: null,
  backUrl: '/admin/people',
  urls,
  addresses: [
    {
      kind: 'email',
      address: 'maria@fabrikam.example',
      primary: true,
      provenAt: march,
      usableFrom: null,
      leavesAt: null,
      suppressed: 'bounced',
      liftUrl: '/admin/people/p/addresses/0/lift',
    },
    {
      kind: 'email',
      address: long,
      primary: false,
      provenAt: null,
      usableFrom: soon,
      leavesAt: null,
      suppressed: null,
      liftUrl: null,
    },
    {
      kind: 'phone',
      address: '+49 1511 2345647',
      primary: false,
      provenAt: march,
      usableFrom: null,
      leavesAt: soon,
      suppressed: null,
      liftUrl: null,
    },
  ],
  factors: [
    {
      kind: 'totp',
      synced: null,
      name: 'Pixel 8',
      addedAt: march,
      lastUsedAt: before,
      removeUrl: '/admin/people/p/authenticators/a/remove',
    },
    {
      kind: 'totp',
      synced: null,
      name: '',
      addedAt: march,
      lastUsedAt: null,
      removeUrl: '/admin/people/p/authenticators/b/remove',
    },
    {
      kind: 'passkey',
      synced: true,
      name: 'Key ring',
      addedAt: march,
      lastUsedAt: before,
      removeUrl: '/admin/people/p/authenticators/a/remove',
    },
  ],
  codesLeft: 1,
  sessions: [
    {
      device: 'Firefox on Windows',
      since: before,
      lastSeenAt: earlier,
      apps: 'Northwind, Ledgerly',
      endUrl: '/admin/people/p/sessions/s/end',
    },
    { device: 'Safari on iPhone', since: before, lastSeenAt: before, apps: '', endUrl: '/admin/people/p/sessions/t/end' },
  ],
  devices: [{ name: 'Chrome on Linux', until: soon, lastUsedAt: before }],
  apps: [
    {
      id: 'northwind-web',
      name: 'Northwind Trading',
      letter: 'N',
      scopes: 'openid email profile',
      since: march,
      lastUsedAt: earlier,
      revokeUrl: '/admin/people/p/apps/n/revoke',
    },
  ],
  messages: messages.slice(0, 3),
  events,
  profile: [
    { name: 'name', value: 'Maria Alvarez' },
    { name: 'zoneinfo', value: 'Europe/Berlin' },
  ],
}
const nothing = {
  addresses: [],
  factors: [],
  codesLeft: null,
  sessions: [],
  devices: [],
  apps: [],
  messages: [],
  events: [],
  profile: [],
}
const noUrls = Object.fromEntries(Object.keys(urls).map((name) => [name, null])) as Record<keyof typeof urls, null>
const seen: ConsolePeopleViews['console-person'] = {
  ...onePerson,
  urls: { ...noUrls, activity: urls.activity, messages: urls.messages },
  addresses: onePerson.addresses.map((one) => ({ ...one, liftUrl: null })),
  factors: onePerson.factors.map((one) => ({ ...one, removeUrl: null })),
  sessions: onePerson.sessions.map((one) => ({ ...one, endUrl: null })),
  apps: onePerson.apps.map((one) => ({ ...one, revokeUrl: null })),
}
const confirm = (
  question: ConsolePeopleViews['console-person-confirm']['question'],
  items: { label: string; detail: string }[],
) => ({
  shell: shell('people'),
  question,
  subject: 'Maria Alvarez',
  items,
  form,
  backUrl: '/admin/people/p',
})
const sessions = [
  { label: 'Firefox on Windows', detail: 'Northwind, Ledgerly' },
  { label: 'Safari on iPhone', detail: '' },
]
const waiting = {
  ...({ by: 'person', device: 'Firefox on Windows', startedAt: before, opensAt: soon, lapsesAt: soon, ready: false } as const),
  ...{ shortenUrl: '/admin/people/p/rescue/shorten', cancelUrl: '/admin/people/p/rescue/cancel' },
}
const rescue = {
  ...({ shell: shell('people'), called: 'Maria Alvarez', what: 'start', opensAt: null, now: before } as const),
  ...{ hours: '', reason: '', faults: { hours: null, reason: null, other: null }, form, backUrl: '/admin/people/p' },
}
const role = {
  shell: shell('people'),
  called: 'Maria Alvarez',
  current: null,
  roles: ['admin', 'support', 'auditor'] as ('admin' | 'support' | 'auditor')[],
  secondFactor: true,
  form,
  backUrl: '/admin/people/p',
}

export const consolePeoplePages: { [N in keyof ConsolePeopleViews]: Record<string, ConsolePeopleViews[N]> } = {
  'console-people': {
    full: {
      shell: shell('people'),
      action: '/admin/people',
      q: '',
      states: choicesOf(['active', 'suspended', 'closed'], undefined),
      roles: choicesOf(['admin', 'support', 'auditor'], undefined),
      people,
      filtered: false,
      moreUrl: '/admin/people?cursor=x',
      inviteUrl: '/admin/invitations/new',
      invitationsUrl: '/admin/invitations',
    },
    nobody: {
      shell: shell('people', { role: 'auditor', fault: 'It was changed meanwhile.' }),
      action: '/admin/people',
      q: 'nobody@',
      states: choicesOf(['active', 'suspended', 'closed'], 'suspended'),
      roles: choicesOf(['admin', 'support', 'auditor'], 'admin'),
      people: [],
      filtered: true,
      moreUrl: null,
      inviteUrl: null,
      invitationsUrl: '/admin/invitations',
    },
  },
  'console-person': {
    full: onePerson,
    suspended: {
      ...onePerson,
      person: { ...onePerson.person, state: 'suspended', role: 'support' },
      urls: { ...urls, suspend: null, resume: '/admin/people/p/resume', revokeRole: '/admin/people/p/revoke-role' },
    },
    closing: { ...onePerson, ...nothing, closingAt: soon, urls: { ...urls, close: null, keep: '/admin/people/p/keep' } },
    rescued: { ...onePerson, rescue: waiting, recoveredAt: march, urls: { ...urls, rescue: null } },
    ready: { ...onePerson, rescue: { ...waiting, by: 'administrator', ready: true, shortenUrl: null } },
    seen,
  },
  'console-person-rescue': {
    start: rescue,
    shorten: { ...rescue, what: 'shorten', opensAt: soon },
    wrong: {
      ...{ ...rescue, hours: 'soon', reason: long },
      faults: { hours: 'Give a number.', reason: 'It is too long.', other: 'A rescue waits already.' },
    },
  },
  'console-person-activity': {
    full: {
      shell: shell('people'),
      called: 'Maria Alvarez',
      events,
      moreUrl: '/admin/people/p/activity?cursor=x',
      backUrl: '/admin/people/p',
    },
    none: { shell: shell('people'), called: long, events: [], moreUrl: null, backUrl: '/admin/people/p' },
  },
  'console-person-messages': {
    full: { shell: shell('people'), called: 'Maria Alvarez', messages, moreUrl: null, backUrl: '/admin/people/p' },
    none: { shell: shell('people'), called: long, messages: [], moreUrl: null, backUrl: '/admin/people/p' },
  },
  'console-person-confirm': {
    suspend: confirm('suspend', sessions),
    resume: confirm('resume', []),
    cancelRescue: confirm('cancel_rescue', []),
    endSessions: confirm('end_sessions', sessions),
    endSession: confirm('end_session', sessions.slice(0, 1)),
    removeFactor: confirm('remove_factor', [{ label: 'Pixel 8', detail: '' }]),
    revokeApp: confirm('revoke_app', [{ label: 'Northwind', detail: 'openid email' }]),
    close: confirm('close', [{ label: long, detail: '' }]),
    keep: confirm('keep', []),
    revokeRole: confirm('revoke_role', []),
    withdraw: confirm('withdraw', [{ label: long, detail: '' }]),
  },
  'console-person-name': {
    first: {
      shell: shell('people'),
      called: 'Maria Alvarez',
      fields: ['name', 'given_name', 'family_name'].map((name) => ({ name, value: 'Maria', fault: null })),
      other: null,
      version: 'v1',
      form,
      backUrl: '/admin/people/p',
    },
    wrong: {
      shell: shell('people'),
      called: long,
      fields: [{ name: 'name', value: 'Maria', fault: 'Type at most 200 characters on one line.' }],
      other: 'Something stands in the way.',
      version: 'v1',
      form,
      backUrl: '/admin/people/p',
    },
  },
  'console-person-role': { first: role, without: { ...role, current: 'support', secondFactor: false } },
  ...consoleJoiningPages,
}
