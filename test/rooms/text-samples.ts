import type { MailName, Mails, ViewName, Views } from '../../src/text/index.ts'

const app = { name: 'Northwind Trading', letter: 'N', url: 'https://app.northwind.example/' }
const quietApp = { name: 'Ledgerly', letter: 'L' }
const at = new Date('2026-11-21T14:02:11Z')
const later = new Date('2026-11-21T14:12:11Z')
const form = { action: '/sign-in/u1/answer', csrf: 'csrf-token' }
const masked = 'm•••a@fabrikam.example'
const address = 'maria@fabrikam.example'
const device = 'Firefox on Windows'

const wait: Views['wait'] = {
  app,
  masked,
  answer: form,
  code: { form: 'short' },
  message: { state: 'handed_over', at },
  goodUntil: later,
  nearEnd: false,
  resend: { action: '/sign-in/u1/resend', csrf: 'csrf-token', left: 2, waitSeconds: 45 },
  restart: { action: '/sign-in/u1/restart', csrf: 'csrf-token' },
  stateUrl: '/sign-in/u1/state',
  version: 'v1',
  selfUrl: '/sign-in/u1',
}

/** Every page in each of its shapes. */
export const pages: { [N in ViewName]: Record<string, Views[N]> } = {
  identify: {
    first: { app, form, value: '', error: null, signUp: 'possible' },
    asked: { app, form, value: '', error: null, signUp: 'asked' },
    wrong: { app, form, value: 'maria@', error: 'address_invalid', signUp: 'closed' },
  },
  wait: {
    handed: wait,
    queued: { ...wait, message: { state: 'queued' } },
    late: { ...wait, message: { state: 'deferred', nextAt: new Date('2026-11-21T14:05:00Z'), domain: 'fabrikam.example' } },
    lateSoon: { ...wait, message: { state: 'deferred', nextAt: null, domain: 'fabrikam.example' } },
    back: { ...wait, message: { state: 'refused', domain: 'fabrikam.example' } },
    wrong: { ...wait, code: { form: 'short', triesLeft: 3 }, resend: { ...wait.resend, waitSeconds: 0 } },
    lastTry: { ...wait, code: { form: 'long', triesLeft: 1 } },
    closed: { ...wait, code: { form: 'closed' } },
    long: { ...wait, code: { form: 'long' } },
    nearEnd: { ...wait, nearEnd: true },
    noResend: { ...wait, resend: { ...wait.resend, left: 0, waitSeconds: 0 } },
  },
  'attempt-ended': { only: { app, masked, again: form, restart: form } },
  'link-same': { only: { app, address, askedAt: at, form } },
  'link-other': {
    short: {
      app,
      code: { text: '482913', form: 'short' },
      device,
      askedAt: at,
      goodUntil: later,
      now: new Date('2026-11-21T14:03:15Z'),
    },
    long: { app, code: { text: 'K7M2QX9RT4WA', form: 'long' }, device, askedAt: at, goodUntil: later, now: at },
    closed: { app: quietApp, code: null, device, askedAt: at, goodUntil: later, now: later },
  },
  'link-ended': {
    expired: { app, reason: 'expired', endedAt: at, again: { ...form, masked } },
    expiredElsewhere: { app, reason: 'expired', endedAt: null, again: null },
    used: { app: quietApp, reason: 'used', endedAt: at, again: null },
    replaced: { app, reason: 'replaced', endedAt: at, again: null },
  },
  'gone-on': { after: { app, goOn: null }, before: { app, goOn: form } },
  'account-switch': { only: { app, other: 'jonas.lindqvist@fabrikam.example', masked, goOn: form, keep: form } },
  consent: {
    full: {
      app: quietApp,
      madeBy: 'Ledgerly GmbH',
      address,
      initials: 'MA',
      can: ['See your name', 'See your email address', 'Read your orders and invoices at Northwind Trading'],
      offline: true,
      form,
      other: form,
    },
    least: { app, madeBy: null, address, initials: 'M', can: [], offline: false, form, other: form },
  },
  'sign-out': {
    known: { app, address, action: '/logout/confirm', xsrf: 'xsrf-token', stayUrl: '/stayed' },
    bare: { app: null, address: null, action: '/logout/confirm', xsrf: 'xsrf-token', stayUrl: '/stayed' },
  },
  stayed: { only: {} },
  'signed-out': { known: { app }, bare: { app: null } },
  refusal: {
    tooMany: { code: 'too_many_requests', reference: 'DW-7K3M-9QXF', at, retryAt: later, back: app },
    notOpen: { code: 'sign_in_not_open', reference: 'DW-7K3M-9QXF', at, retryAt: null, back: null },
  },
  'protocol-error': {
    redirect: {
      error: 'invalid_redirect_uri',
      description: 'redirect_uri is not one of the registered ones',
      clientId: 'northwind-web',
      reference: 'DW-7K3M-9QXF',
      at,
      back: app,
    },
    client: { error: 'invalid_client', description: '', clientId: null, reference: 'DW-7K3M-9QXF', at, back: null },
    other: { error: 'constructor', description: 'missing', clientId: 'x', reference: 'DW-7K3M-9QXF', at, back: quietApp },
  },
  'dev-inbox': {
    full: {
      messages: [
        {
          id: 'm2',
          subject: 'Sign in to Northwind Trading',
          to: address,
          at: later,
          locale: 'en',
          code: '482913',
          link: 'http://localhost:3000/sign-in/u1/link/t1',
          htmlUrl: '/dev/inbox/m2.html',
          textUrl: '/dev/inbox/m2.txt',
        },
        { id: 'm1', subject: 'Your sign-in to Ledgerly', to: 'jonas@fabrikam.example', at, locale: 'de', code: null, link: null },
      ],
      empty: form,
    },
    empty: { messages: [], empty: form },
  },
  start: { both: { demoUrl: 'http://127.0.0.1:3001/', inboxUrl: '/dev/inbox' }, bare: { demoUrl: null, inboxUrl: null } },
}

const link = 'https://id.northwind.example/sign-in/V1StGXR8Z5jdHi6BmyTzAA/link/u9Jx2vQm7TtYc0Rk5LwZpA'
const footer = 'Northwind Trading, 1 Harbour Street, Hamburg'
const notice = { app, to: address, device, askedAt: at, footer }

/** Every mail in each of its shapes. */
export const mails: { [N in MailName]: Record<string, Mails[N]> } = {
  'sign-in': {
    both: { ...notice, link, code: '482913', minutes: 10 },
    linkOnly: { ...notice, link, code: null, minutes: 10, footer: '' },
  },
  'no-account': { only: notice },
  'account-closed': { only: notice },
}

/** Names of views/assets as a server would publish them. */
export const assets: Record<string, string> = {
  'tokens.css': '/assets/tokens-1.css',
  'app.css': '/assets/app-1.css',
  'house.css': '/assets/house-1.css',
  'favicon.svg': '/assets/favicon-1.svg',
  'wait.js': '/assets/wait-1.js',
}
