import type { AccountViews } from '../../src/text/index.ts'
import {
  activity,
  apps,
  at,
  authenticator,
  bare,
  before,
  coming,
  dead,
  devices,
  email,
  everything,
  form,
  leaving,
  long,
  now,
  phone,
  profile,
  second,
  shell,
  soon,
  unnamed,
  unused,
} from './text-account-rows.ts'
import { rescueBanner } from './text-rescue-samples.ts'
import { drawn } from './text-second-samples.ts'

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
    rescue: { ...overview, shell: at('overview', { rescue: rescueBanner, said: 'rescue_stopped' }) },
    rescueReady: { ...overview, shell: at('overview', { rescue: { ...rescueBanner, startedBy: 'administrator', ready: true } }) },
    closing: { ...overview, shell: at('overview', { closing: { at: soon, keep: form }, name: long, initials: 'MM' }) },
  },
  'account-methods': {
    full: methods,
    pending: {
      ...methods,
      shell: at('methods', { said: 'address_changing' }),
      addresses: [leaving, coming, dead, phone],
      factors: [],
      codesLeft: null,
    },
    unnamed: { ...methods, factors: [unnamed] },
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
    unnamed: {
      shell: at('methods'),
      factor: unnamed,
      form,
      removeUrl: '/account/authenticators/c3/remove',
      backUrl: '/account/methods',
    },
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
    every: { shell: at('activity'), entries: everything.slice(0, 12), olderUrl: null },
    everyOlder: { shell: at('activity'), entries: everything.slice(12), olderUrl: null },
    bare: { shell: at('activity'), entries: bare.slice(0, 20), olderUrl: null },
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
      items: [],
    },
    removeAddress: { ...aboutAddress, question: 'remove_address', subject: long, items: [{ label: long, detail: '' }] },
    removeFactor: { ...aboutAddress, days: null, question: 'remove_factor', subject: 'Pixel 8', items: [] },
    newCodes: { ...aboutAddress, days: null, question: 'new_codes', subject: '', items: [] },
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
    codeUsed: { ...notice, kind: 'code_used', values: { left: '2' } },
    address: { ...notice, kind: 'address_added', values: { address: 'm•••a@northwind.example' } },
    changing: { ...notice, kind: 'address_changing', values: { address: 'm•••a@northwind.example', at: soon.toISOString() } },
    removing: { ...notice, kind: 'address_removing', values: { address: 'm•••a@northwind.example' } },
    closing: { ...notice, kind: 'account_closing', values: { at: soon.toISOString() } },
    closingByAdmin: { ...notice, kind: 'account_closing_by_admin', values: { at: soon.toISOString() } },
  },
  'account-notice-ended': { only: { signInUrl: '/account' } },
  'account-notice-done': {
    device: { kind: 'device_new', signInUrl: '/account' },
    closing: { kind: 'account_closing', signInUrl: '/account' },
  },
}
