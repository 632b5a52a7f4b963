import type { AccountViews } from '../../src/text/index.ts'
import { at, before, form, long, soon } from './text-account-rows.ts'

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

/** What is asked once more before it is done. */
export const confirmations: Record<string, AccountViews['account-confirm']> = {
  endOthers: confirm,
  removePasskey: {
    ...confirm,
    question: 'remove_passkey',
    subject: 'Safari on iOS',
    items: [],
    backUrl: '/account/passkeys/p1',
  },
  alwaysAsk: { ...confirm, question: 'always_ask', items: [], backUrl: '/account/methods' },
  askNoLonger: { ...confirm, question: 'ask_no_longer', items: [], backUrl: '/account/methods' },
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
}

type Notices = 'account-notice' | 'account-notice-ended' | 'account-notice-done'

/** The pages that the link of a mail leads to. */
export const noticePages: { [N in Notices]: Record<string, AccountViews[N]> } = {
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
