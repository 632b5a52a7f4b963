import type { AccountShell, AccountViews, ActivityRow, AddressRow, FactorRow } from '../../src/text/index.ts'

export const form = { action: '/account/do', csrf: 'csrf-token' }
export const now = new Date('2026-11-21T14:02:11Z')
const earlier = new Date('2026-11-21T09:40:00Z')
export const before = new Date('2026-11-18T22:15:00Z')
const march = new Date('2026-03-12T08:00:00Z')
export const soon = new Date('2026-11-24T14:02:11Z')
export const long = 'maria-magdalena.alvarez-de-la-fuente.and.a.very.long.local.part@subsidiary.fabrikam.example'

export const shell: AccountShell = {
  name: 'Maria Alvarez',
  initials: 'MA',
  here: 'overview',
  urls: {
    overview: '/account',
    methods: '/account/methods',
    devices: '/account/devices',
    apps: '/account/apps',
    activity: '/account/activity',
    profile: '/account/profile',
    data: '/account/data',
  },
  now,
  signOut: form,
  closing: null,
  rescue: null,
  said: null,
}
export const at = (here: AccountShell['here'], more: Partial<AccountShell> = {}): AccountShell => ({ ...shell, here, ...more })

export const email: AddressRow = {
  kind: 'email',
  address: 'maria@fabrikam.example',
  primary: true,
  provenAt: march,
  usableFrom: null,
  pending: null,
  changeUrl: '/account/addresses/r1/change',
  makePrimaryUrl: null,
  removeUrl: '/account/addresses/r1/remove',
  dead: null,
}
export const phone: AddressRow = { ...email, kind: 'phone', address: '+49 1511 2345647', removeUrl: null }
export const second: AddressRow = {
  ...email,
  address: long,
  primary: false,
  makePrimaryUrl: '/account/addresses/r2/primary',
}
export const dead: AddressRow = { ...second, address: 'maria@closed.example', dead: { since: before, prove: form } }
export const leaving: AddressRow = {
  ...email,
  pending: { what: 'removal', at: soon, keep: form },
  changeUrl: null,
  removeUrl: null,
}
export const coming: AddressRow = {
  ...second,
  address: 'maria@northwind.example',
  usableFrom: soon,
  pending: { what: 'primary', at: soon, keep: form },
  changeUrl: null,
  makePrimaryUrl: null,
  removeUrl: null,
}
export const authenticator: FactorRow = {
  kind: 'totp',
  synced: false,
  name: 'Pixel 8',
  addedAt: march,
  lastUsedAt: earlier,
  url: '/account/authenticators/c1',
}
export const passkey: FactorRow = {
  kind: 'passkey',
  synced: true,
  name: 'Safari on iOS',
  addedAt: march,
  lastUsedAt: earlier,
  url: '/account/passkeys/p1',
}
export const boundKey: FactorRow = { ...passkey, synced: false, name: 'Security key on the key ring', lastUsedAt: null }
export const unnamed: FactorRow = { ...authenticator, name: '' }
export const unused: FactorRow = {
  ...authenticator,
  name: 'The authenticator in the password manager that the family shares at home',
  lastUsedAt: null,
}

/** All that `account.activity.*` has a sentence for. */
export const activityKeys = [
  'signed_in',
  'device_new',
  'second_asked',
  'code_wrong',
  'code_closed',
  'factor_added',
  'factor_renamed',
  'factor_removed',
  'codes_replaced',
  'second_always',
  'second_no_longer',
  'recovery_used',
  'address_added',
  'address_changing',
  'address_removing',
  'address_kept',
  'address_died',
  'address_revived',
  'session_ended',
  'device_forgotten',
  'consent_granted',
  'app_ended',
  'profile_changed',
  'account_created',
  'account_closing',
  'account_kept',
  'objected',
  'exported',
]
export const activity: ActivityRow[] = [
  {
    at: earlier,
    key: 'signed_in',
    values: { app: 'Northwind Trading', method: 'link totp' },
    device: 'Firefox on Windows',
    warn: false,
  },
  { at: before, key: 'consent_granted', values: { app: 'Ledgerly' }, device: null, warn: false },
  { at: before, key: 'code_wrong', values: { method: 'sms' }, device: 'Chrome on Android', warn: true },
]
export const everything: ActivityRow[] = activityKeys.map((key, index) => ({
  at: index < 4 ? earlier : before,
  key,
  values: { app: 'Northwind Trading', address: 'm•••a@fabrikam.example', method: 'email_code' },
  device: index % 3 === 0 ? null : 'Firefox on Windows',
  warn: /wrong|closed|objected/.test(key),
}))
export const bare: ActivityRow[] = activityKeys.map((key) => ({ at: before, key, values: {}, device: null, warn: false }))

export const devices: AccountViews['account-devices'] = {
  shell: at('devices'),
  sessions: [
    { device: 'Firefox on Windows', own: true, since: earlier, lastSeenAt: now, apps: [], end: null, id: 's1' },
    {
      device: 'Safari on iOS',
      own: false,
      since: before,
      lastSeenAt: earlier,
      apps: ['Northwind Trading', 'Ledgerly'],
      end: form,
      id: 's2',
    },
    { device: 'Chrome on Linux', own: false, since: march, lastSeenAt: before, apps: ['Northwind Trading'], end: form, id: 's3' },
  ],
  endOthersUrl: '/account/devices/end-others',
  remembered: [
    { device: 'Firefox on Windows', until: new Date('2026-12-21T14:02:11Z'), lastUsedAt: earlier, forget: form, id: 'd1' },
  ],
}
export const apps: AccountViews['account-apps']['apps'] = [
  {
    name: 'Ledgerly',
    letter: 'L',
    can: ['See your name', 'See your email address', 'Read your orders and invoices at Northwind Trading'],
    since: before,
    lastUsedAt: earlier,
    offline: true,
    firstParty: false,
    endUrl: '/account/apps/ledgerly/end',
  },
  {
    name: 'Northwind Trading International Company of Hamburg and Rotterdam',
    letter: 'N',
    can: [],
    since: march,
    lastUsedAt: null,
    offline: false,
    firstParty: true,
    endUrl: '/account/apps/northwind/end',
  },
]
export const profile = (faults: readonly string[]): AccountViews['account-profile'] => ({
  shell: at('profile'),
  fields: (
    [
      ['name', 'Maria Alvarez', 'text'],
      ['given_name', 'Maria', 'text'],
      ['family_name', 'Alvarez', 'text'],
      ['middle_name', '', 'text'],
      ['nickname', '', 'text'],
      ['preferred_username', 'maria', 'text'],
      ['profile', '', 'url'],
      ['picture', '', 'url'],
      ['website', 'ftp:maria', 'url'],
      ['gender', '', 'text'],
      ['birthdate', '21.5.1984', 'date'],
      ['zoneinfo', 'Europe/Hamburg', 'timezone'],
    ] as const
  ).map(([name, value, type]) => ({ name, value, type, fault: faults.includes(name) })),
  form,
})
