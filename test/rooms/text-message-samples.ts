import type { MailName, Mails, NoticeKind, Sms, SmsName } from '../../src/text/index.ts'

const app = { name: 'Northwind Trading', letter: 'N', url: 'https://app.northwind.example/' }
const at = new Date('2026-11-21T14:02:11Z')
const address = 'maria@fabrikam.example'
const device = 'Firefox on Windows'
const link = 'https://id.northwind.example/sign-in/V1StGXR8Z5jdHi6BmyTzAA/link/u9Jx2vQm7TtYc0Rk5LwZpA'
const footer = 'Northwind Trading, 1 Harbour Street, Hamburg'
const shared = { to: address, device, askedAt: at, footer }
const notice = { app, ...shared }
const told = {
  to: address,
  device,
  at,
  link: 'https://id.northwind.example/account/notice/u9Jx2vQm7TtYc0Rk5LwZpA8sHdQ2mN4b',
  until: new Date('2026-11-24T14:02:11Z'),
  footer,
}
const toldOf = (kind: NoticeKind, values: Record<string, string> = {}) => ({ ...told, kind, values })
const other = { address: 'm•••a@northwind.example' }

/** Every mail in each of its shapes. */
export const mails: { [N in MailName]: Record<string, Mails[N]> } = {
  'sign-in': {
    both: { ...notice, link, code: '482913', minutes: 10 },
    linkOnly: { ...notice, link, code: null, minutes: 10, footer: '' },
  },
  'no-account': { only: notice },
  'account-closed': { only: notice },
  'prove-address': {
    short: { ...shared, code: '482913', minutes: 10 },
    long: { ...shared, code: 'K7M2QX9RT4WA', minutes: 1, footer: '' },
  },
  notice: {
    device: toldOf('device_new', { app: 'Northwind Trading' }),
    added: toldOf('factor_added', { name: 'Pixel 8' }),
    removed: toldOf('factor_removed', { name: 'Pixel 8' }),
    codes: toldOf('codes_replaced'),
    codeUsed: toldOf('code_used', { left: '2' }),
    address: toldOf('address_added', other),
    changing: toldOf('address_changing', { ...other, at: '2026-11-24T14:02:11.000Z' }),
    removing: toldOf('address_removing', other),
    closing: toldOf('account_closing', { at: '2026-12-05T14:02:11.000Z' }),
    closingByAdmin: toldOf('account_closing_by_admin', { at: '2026-12-05T14:02:11.000Z' }),
    dead: { ...toldOf('address_dead', other), link: null, until: null },
    rescued: { ...toldOf('rescue_completed'), link: null, until: null, contact: 'help@northwind.example' },
  },
  invitation: {
    app: { app, to: address, link: 'https://shop.northwind.example/', askedAt: at, until: told.until, footer },
    own: { to: address, link: 'https://id.northwind.example/account', askedAt: at, until: told.until, footer: '' },
  },
}

/** Every text message in each of its shapes. */
export const texts: { [N in SmsName]: Record<string, Sms[N]> } = {
  'sign-in': {
    short: { app, code: '482913', minutes: 10, host: 'id.northwind.example' },
    long: { app, code: 'K7M2QX9RT4WA', minutes: 1, host: 'id.northwind.example' },
  },
  'no-account': { only: { app } },
  'account-closed': { only: { app } },
  'prove-address': {
    short: { code: '482913', minutes: 10, host: 'id.northwind.example' },
    long: { code: 'K7M2QX9RT4WA', minutes: 10, host: 'id.northwind.example' },
  },
  notice: {
    link: { kind: 'factor_removed', link: told.link },
    bare: { kind: 'address_dead', link: null },
  },
}
