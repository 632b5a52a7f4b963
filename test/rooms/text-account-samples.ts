import type { AccountShell, AccountViews, ActivityRow, AddressRow, FactorRow } from '../../src/text/index.ts'
import { drawn } from './text-second-samples.ts'

const form = { action: '/account/do', csrf: 'csrf-token' }
const now = new Date('2026-11-21T14:02:11Z')
const earlier = new Date('2026-11-21T09:40:00Z')
const before = new Date('2026-11-18T22:15:00Z')
const march = new Date('2026-03-12T08:00:00Z')
const soon = new Date('2026-11-24T14:02:11Z')
const long = 'maria-magdalena.alvarez-de-la-fuente.and.a.very.long.local.part@subsidiary.fabrikam.example'

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
  said: null,
}
const at = (here: AccountShell['here'], more: Partial<AccountShell> = {}): AccountShell => ({ ...shell, here, ...more })

const email: AddressRow = {
  kind: 'email',
  address: 'maria@fabrikam.example',
  primary: true,
  provenAt: march,
  usableFrom: null,
  pending: null,
  changeUrl: '/account/addresses/r1/change',
  makePrimaryUrl: null,
  removeUrl: '/account/addresses/r1/remove',
}
const phone: AddressRow = { ...email, kind: 'phone', address: '+49 1511 2345647', removeUrl: null }
const second: AddressRow = {
  ...email,
  address: long,
  primary: false,
  makePrimaryUrl: '/account/addresses/r2/primary',
}
const leaving: AddressRow = {
  ...email,
  pending: { what: 'removal', at: soon, keep: form },
  changeUrl: null,
  removeUrl: null,
}
const coming: AddressRow = {
  ...second,
  address: 'maria@northwind.example',
  usableFrom: soon,
  pending: { what: 'primary', at: soon, keep: form },
  changeUrl: null,
  makePrimaryUrl: null,
  removeUrl: null,
}
const authenticator: FactorRow = {
  kind: 'totp',
  name: 'Pixel 8',
  addedAt: march,
  lastUsedAt: earlier,
  url: '/account/authenticators/c1',
}
const unused: FactorRow = {
  ...authenticator,
  name: 'The authenticator in the password manager that the family shares at home',
  lastUsedAt: null,
}

const keys = [
  'signed_in',
  'device_new',
  'second_asked',
  'code_wrong',
  'code_closed',
  'factor_added',
  'factor_renamed',
  'factor_removed',
  'codes_replaced',
  'recovery_used',
  'address_added',
  'address_changing',
  'address_removing',
  'address_kept',
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
const activity: ActivityRow[] = [
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
const everything: ActivityRow[] = keys.map((key, index) => ({
  at: index < 4 ? earlier : before,
  key,
  values: { app: 'Northwind Trading', address: 'm•••a@fabrikam.example', method: 'email_code' },
  device: index % 3 === 0 ? null : 'Firefox on Windows',
  warn: /wrong|closed|objected/.test(key),
}))

const overview: AccountViews['account-overview'] = {
  shell,
  addresses: [email, phone],
  factors: [authenticator],
  codesLeft: 8,
  activity,
  advice: null,
  urls: { methods: '/account/methods', add: '/account/methods', activity: '/account/activity', codes: '/account/codes/new' },
}
const methods: AccountViews['account-methods'] = {
  shell: at('methods'),
  addresses: [email, second, phone],
  factors: [authenticator, unused],
  codesLeft: 8,
  urls: {
    addEmail: '/account/addresses/new?kind=email',
    addPhone: '/account/addresses/new?kind=phone',
    addFactor: '/account/authenticators/new',
    newCodes: '/account/codes/new',
  },
}
const addressNew: AccountViews['account-address-new'] = {
  shell: at('methods'),
  kind: 'email',
  replaces: null,
  holdDays: 3,
  form,
  value: '',
  error: null,
  backUrl: '/account/methods',
}
const prove: AccountViews['account-address-prove'] = {
  shell: at('methods'),
  channel: 'email',
  address: 'maria@northwind.example',
  answer: form,
  code: { form: 'short' },
  message: { state: 'handed_over', at: now },
  goodUntil: new Date('2026-11-21T14:12:11Z'),
  resend: { ...form, left: 2, waitSeconds: 45 },
  cancel: form,
  error: null,
}
const proveText: AccountViews['account-address-prove'] = { ...prove, channel: 'sms', address: '+49 1511 2345647' }
const totp: AccountViews['account-totp'] = {
  shell: at('methods'),
  qr: drawn(
    'otpauth://totp/id.northwind.example:maria%40fabrikam.example?secret=K5XW6ZDTNBQXE3DJMNSWY3DFMQ4TQNZW&issuer=id.northwind.example',
  ),
  key: 'K5XW 6ZDT NBQX E3DJ MNSW Y3DF MQ4T QNZW',
  name: '',
  error: null,
  form,
  backUrl: '/account/methods',
}
const devices: AccountViews['account-devices'] = {
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
const apps: AccountViews['account-apps']['apps'] = [
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
const profile = (faults: readonly string[]): AccountViews['account-profile'] => ({
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
const confirm: AccountViews['account-confirm'] = {
  shell: at('devices'),
  question: 'end_others',
  subject: '',
  items: [
    { label: 'Safari on iOS', detail: 'Northwind Trading, Ledgerly' },
    { label: 'Chrome on Linux', detail: '' },
  ],
  days: null,
  form,
  backUrl: '/account/devices',
}
const aboutAddress = { ...confirm, shell: at('methods'), days: 3, backUrl: '/account/methods' }
const notice = { values: {}, device: 'Chrome on Linux', at: before, objectUntil: soon, form }

/** Every page of the account page in each of its shapes. */
export const accountPages: { [N in keyof AccountViews]: Record<string, AccountViews[N]> } = {
  'account-overview': {
    full: overview,
    codesLow: { ...overview, codesLeft: 1, advice: 'codes_low', shell: at('overview', { said: 'codes_kept' }) },
    onlyTexts: {
      ...overview,
      shell: at('overview', { name: '+49 1511 2345647', initials: '47' }),
      addresses: [phone],
      factors: [],
      codesLeft: null,
      activity: [],
      advice: 'only_texts',
    },
    closing: { ...overview, shell: at('overview', { closing: { at: soon, keep: form }, name: long, initials: 'MM' }) },
  },
  'account-methods': {
    full: methods,
    pending: {
      ...methods,
      shell: at('methods', { said: 'address_changing' }),
      addresses: [leaving, coming, phone],
      factors: [],
      codesLeft: null,
    },
    least: {
      ...methods,
      addresses: [{ ...email, removeUrl: null }],
      factors: [],
      codesLeft: null,
      urls: { addEmail: null, addPhone: null, addFactor: null, newCodes: null },
    },
  },
  'account-address-new': {
    add: addressNew,
    change: { ...addressNew, replaces: long },
    wrong: { ...addressNew, value: 'maria@', error: 'address_invalid' },
    phone: { ...addressNew, kind: 'phone', replaces: '+49 1511 2345647', holdDays: 1 },
    phoneWrong: { ...addressNew, kind: 'phone', value: '0900', error: 'address_invalid' },
    phoneUnfit: { ...addressNew, kind: 'phone', value: '+49 900 1234567', error: 'phone_unfit' },
    textsClosed: { ...addressNew, kind: 'phone', value: '+49 171 3920012', error: 'texts_closed' },
    own: { ...addressNew, value: 'maria@fabrikam.example', error: 'own_already' },
  },
  'account-address-prove': {
    first: prove,
    queued: { ...prove, message: { state: 'queued' } },
    wrong: { ...prove, code: { form: 'short', triesLeft: 3 } },
    long: { ...proveText, code: { form: 'long' } },
    closed: { ...prove, code: { form: 'closed' } },
    taken: { ...prove, address: long, error: 'taken' },
    late: { ...prove, message: { state: 'deferred', nextAt: soon, domain: 'northwind.example' } },
    lateForGood: { ...proveText, message: { state: 'deferred', nextAt: null, domain: '' } },
    delivered: { ...prove, message: { state: 'delivered', at: now, domain: 'northwind.example' } },
    rejected: { ...prove, message: { state: 'refused', why: 'rejected', domain: 'northwind.example' } },
    bounced: { ...prove, message: { state: 'refused', why: 'bounced', domain: 'northwind.example' } },
    unreachable: { ...proveText, message: { state: 'refused', why: 'unreachable', domain: '' } },
    optedOut: { ...proveText, message: { state: 'refused', why: 'opted_out', domain: '' } },
    noBudget: { ...proveText, message: { state: 'refused', why: 'no_budget', domain: '' } },
    unknown: { ...proveText, message: null, resend: { ...prove.resend, left: 0, waitSeconds: 0 } },
  },
  'account-factor': {
    used: {
      shell: at('methods'),
      factor: authenticator,
      form,
      removeUrl: '/account/authenticators/c1/remove',
      backUrl: '/account/methods',
    },
    unused: {
      shell: at('methods', { said: 'factor_renamed' }),
      factor: unused,
      form,
      removeUrl: '/account/authenticators/c2/remove',
      backUrl: '/account/methods',
    },
  },
  'account-totp': { first: totp, wrong: { ...totp, name: 'Pixel 8', error: 'code_wrong' } },
  'account-codes': {
    shown: {
      shell: at('methods', { said: 'factor_added' }),
      codes: ['7KQF', 'R4TN', '3VPA', 'XH9D', 'C2WK', 'N8JY', '6EMX', 'D5RB', 'PA7C', 'H3YG'].map(
        (group) => `${group}-M2XD-8WHC-J6YE-5BQM`,
      ),
      downloadUrl: '/account/codes/download',
      form,
    },
  },
  'account-devices': {
    full: devices,
    alone: { ...devices, sessions: devices.sessions.slice(0, 1), endOthersUrl: null, remembered: [] },
    offer: { ...devices, shell: at('devices', { said: 'factor_removed' }) },
  },
  'account-apps': {
    full: { shell: at('apps', { said: 'app_ended' }), apps },
    none: { shell: at('apps'), apps: [] },
  },
  'account-activity': {
    full: { shell: at('activity'), entries: activity, olderUrl: '/account/activity?before=20261118T221500Z' },
    every: { shell: at('activity'), entries: everything, olderUrl: null },
    none: { shell: at('activity'), entries: [], olderUrl: null },
  },
  'account-profile': { filled: profile([]), faults: profile(['name', 'website', 'birthdate', 'zoneinfo']) },
  'account-data': {
    open: { shell: at('data'), downloadUrl: '/account/data/download', closeUrl: '/account/close', graceDays: 14 },
    closing: {
      shell: at('data', { closing: { at: soon, keep: form } }),
      downloadUrl: '/account/data/download',
      closeUrl: null,
      graceDays: 14,
    },
  },
  'account-confirm': {
    endOthers: confirm,
    endOne: { ...confirm, items: confirm.items.slice(0, 1) },
    endApp: {
      ...confirm,
      shell: at('apps'),
      question: 'end_app',
      subject: 'Ledgerly',
      items: [
        { label: 'See your name', detail: '' },
        { label: 'Read your orders and invoices', detail: 'At Northwind Trading' },
      ],
      backUrl: '/account/apps',
    },
    makePrimary: {
      ...aboutAddress,
      question: 'make_primary',
      subject: long,
      items: [{ label: 'maria@fabrikam.example', detail: '' }],
    },
    removeAddress: { ...aboutAddress, question: 'remove_address', subject: 'maria@fabrikam.example', items: [] },
    removeFactor: { ...aboutAddress, days: null, question: 'remove_factor', subject: 'Pixel 8', items: [] },
    newCodes: { ...aboutAddress, days: null, question: 'new_codes', subject: '', items: [{ label: '8', detail: '' }] },
    closeAccount: {
      ...confirm,
      shell: at('data'),
      days: 14,
      question: 'close_account',
      subject: '',
      items: [
        { label: 'maria@fabrikam.example', detail: '' },
        { label: 'Ledgerly', detail: '' },
      ],
      backUrl: '/account/data',
    },
    closeAtOnce: { ...confirm, shell: at('data'), days: 0, question: 'close_account', items: [], backUrl: '/account/data' },
  },
  'account-signed-out': { open: { goOnUrl: '/account', closed: false }, closed: { goOnUrl: '/account', closed: true } },
  'account-notice': {
    device: { ...notice, kind: 'device_new', values: { app: 'Northwind Trading' } },
    added: { ...notice, kind: 'factor_added', values: { name: 'Pixel 8' } },
    removed: { ...notice, kind: 'factor_removed', values: { name: 'Pixel 8' } },
    codes: { ...notice, kind: 'codes_replaced' },
    codesLow: { ...notice, kind: 'codes_low', values: { left: '2' } },
    address: { ...notice, kind: 'address_added', values: { address: 'm•••a@northwind.example' } },
    changing: { ...notice, kind: 'address_changing', values: { address: 'm•••a@northwind.example', at: soon.toISOString() } },
    removing: { ...notice, kind: 'address_removing', values: { address: 'm•••a@northwind.example' } },
    closing: { ...notice, kind: 'account_closing', values: { at: soon.toISOString() } },
  },
  'account-notice-done': {
    device: { kind: 'device_new', signInUrl: '/account' },
    closing: { kind: 'account_closing', signInUrl: '/account' },
  },
}
