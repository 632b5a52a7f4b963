import type { ViewName, Views } from '../../src/text/index.ts'
import { accountPages } from './text-account-samples.ts'
import { consoleClientPages } from './text-console-client-samples.ts'
import { consoleLogPages } from './text-console-log-samples.ts'
import { consolePeoplePages } from './text-console-people-samples.ts'
import { passkeyIdentify, passkeyPages } from './text-passkey-samples.ts'
import { rescuePages } from './text-rescue-samples.ts'
import { secondFactorPages } from './text-second-samples.ts'

const app = { name: 'Northwind Trading', letter: 'N', url: 'https://app.northwind.example/' }
const quietApp = { name: 'Ledgerly', letter: 'L' }
const at = new Date('2026-11-21T14:02:11Z')
const later = new Date('2026-11-21T14:12:11Z')
const form = { action: '/sign-in/u1/answer', csrf: 'csrf-token' }
const masked = 'm•••a@fabrikam.example'
const address = 'maria@fabrikam.example'
const maskedNumber = '+49 •••• 47'
const device = 'Firefox on Windows'

const wait: Views['wait'] = {
  app,
  channel: 'email',
  masked,
  after: null,
  answer: form,
  code: { form: 'short' },
  message: { state: 'handed_over', at },
  earlier: false,
  retry: null,
  other: null,
  digits: null,
  goodUntil: later,
  nearEnd: false,
  resend: { action: '/sign-in/u1/resend', csrf: 'csrf-token', left: 2, waitSeconds: 45 },
  restart: { action: '/sign-in/u1/restart', csrf: 'csrf-token' },
  stateUrl: '/sign-in/u1/state',
  version: 'v1',
  selfUrl: '/sign-in/u1',
}

const byText = { channel: 'sms', form: { action: '/sign-in/u1/by/sms', csrf: 'csrf-token' } } as const
const byEmail = { channel: 'email', form: { action: '/sign-in/u1/by/email', csrf: 'csrf-token' } } as const
const retry = { action: '/sign-in/u1/retry', csrf: 'csrf-token' }
const digits = { action: '/sign-in/u1/digits/other', csrf: 'csrf-token' }
const domain = 'fabrikam.example'
const nextAt = new Date('2026-11-21T14:05:00Z')
const text: Views['wait'] = { ...wait, channel: 'sms', masked: maskedNumber }
const untold: Views['wait'] = { ...text, masked: null, message: null, other: byEmail, digits }

const helpBase = { app, passkeys: true, texts: true, wait: { unit: 'hours', count: 48 }, backUrl: '/sign-in/u1' } as const
const help: Record<string, Views['help']> = {
  mail: { ...helpBase, contact: { kind: 'mail', address: 'help@northwind.example' } },
  page: {
    ...helpBase,
    passkeys: false,
    contact: { kind: 'page', url: 'https://northwind.example/help', host: 'northwind.example' },
  },
  none: { ...helpBase, texts: false, wait: null, contact: null },
  least: { ...helpBase, passkeys: false, texts: false, contact: null },
}
const secondNone = { app, restart: form, cancel: form, helpUrl: '/sign-in/u1/help' }

/** Every page in each of its shapes. */
export const pages: { [N in ViewName]: Record<string, Views[N]> } = {
  help,
  'second-none': {
    email: { ...secondNone, channel: 'email', masked: 'm•••a@fabrikam.example' },
    sms: { ...secondNone, channel: 'sms', masked: '+49 •••• 47' },
  },
  identify: {
    first: { app, form, value: '', texts: false, error: null, signUp: 'possible', passkey: null },
    asked: { app, form, value: '', texts: false, error: null, signUp: 'asked', passkey: null },
    wrong: { app, form, value: 'maria@', texts: false, error: 'address_invalid', signUp: 'closed', passkey: null },
    withTexts: { app, form, value: '', texts: true, error: null, signUp: 'possible', passkey: null },
    wrongWithTexts: { app, form, value: 'maria@', texts: true, error: 'address_invalid', signUp: 'closed', passkey: null },
    unfit: { app, form, value: '0900 1234567', texts: true, error: 'phone_unfit', signUp: 'possible', passkey: null },
    textsClosed: { app, form, value: '+49 171 3920012', texts: true, error: 'texts_closed', signUp: 'possible', passkey: null },
    ...passkeyIdentify,
  },
  wait: {
    handed: wait,
    queued: { ...wait, message: { state: 'queued' } },
    delivered: { ...wait, message: { state: 'delivered', at, domain } },
    late: { ...wait, message: { state: 'deferred', nextAt, domain } },
    lateForGood: { ...wait, message: { state: 'deferred', nextAt: null, domain }, other: byText },
    back: { ...wait, message: { state: 'refused', why: 'rejected', domain } },
    backOther: { ...wait, message: { state: 'refused', why: 'rejected', domain }, other: byText },
    bounced: { ...wait, message: { state: 'refused', why: 'bounced', domain }, retry },
    wrong: { ...wait, code: { form: 'short', triesLeft: 3 }, resend: { ...wait.resend, waitSeconds: 0 } },
    lastTry: { ...wait, code: { form: 'long', triesLeft: 1 } },
    closed: { ...wait, code: { form: 'closed' } },
    long: { ...wait, code: { form: 'long' } },
    nearEnd: { ...wait, nearEnd: true },
    noResend: { ...wait, resend: { ...wait.resend, left: 0, waitSeconds: 0 } },
    textInstead: { ...wait, other: byText },
    closedTextInstead: { ...wait, code: { form: 'closed' }, other: byText },
    second: { ...wait, after: 'sms' },
    afterPasskey: { ...wait, after: 'passkey' },
    text,
    textQueued: { ...text, message: { state: 'queued' } },
    textDelivered: { ...text, message: { state: 'delivered', at, domain: '' } },
    lateText: { ...text, message: { state: 'deferred', nextAt, domain: '' } },
    lateTextForGood: { ...text, message: { state: 'deferred', nextAt: null, domain: '' }, other: byEmail },
    textUnreachable: { ...text, message: { state: 'refused', why: 'unreachable', domain: '' }, retry },
    textOptedOut: { ...text, message: { state: 'refused', why: 'opted_out', domain: '' }, retry },
    textNoBudget: { ...text, message: { state: 'refused', why: 'no_budget', domain: '' } },
    textNoMoreBudget: { ...text, message: { state: 'refused', why: 'no_budget', domain: '' }, earlier: true },
    backLater: { ...wait, message: { state: 'refused', why: 'rejected', domain }, earlier: true },
    textWrong: { ...text, code: { form: 'short', triesLeft: 4 }, resend: { ...wait.resend, waitSeconds: 0 } },
    textLastTry: { ...text, code: { form: 'long', triesLeft: 1 } },
    textLong: { ...text, code: { form: 'long' } },
    textLongQueued: { ...text, code: { form: 'long' }, message: { state: 'queued' } },
    textClosed: { ...text, code: { form: 'closed' } },
    textNearEnd: { ...text, nearEnd: true },
    textNoResend: { ...text, resend: { ...wait.resend, left: 0, waitSeconds: 0 } },
    textSecond: { ...text, after: 'email' },
    untold,
    untoldWrong: { ...untold, code: { form: 'short', triesLeft: 4 } },
    untoldLong: { ...untold, code: { form: 'long' } },
    untoldClosed: { ...untold, code: { form: 'closed' } },
    untoldNearEnd: { ...untold, nearEnd: true },
    untoldNoResend: { ...untold, resend: { ...wait.resend, left: 0, waitSeconds: 0 } },
  },
  'last-digits': {
    first: { app, form, error: null, back: form },
    wrong: { app, form, error: 'digits_invalid', back: form },
    closed: { app, form, error: 'texts_closed', back: form },
  },
  'proof-of-work': {
    first: { app, challenge: '{"algorithm":"SHA-256"}', form, waitSeconds: 60, early: false, restart: form },
    early: { app, challenge: '{"algorithm":"SHA-256"}', form, waitSeconds: 45, early: true, restart: form },
    waited: { app, challenge: '{"algorithm":"SHA-256"}', form, waitSeconds: 0, early: false, restart: form },
  },
  second: {
    first: { app, masked: maskedNumber, form, value: '', error: null, restart: form },
    wrong: { app, masked: maskedNumber, form, value: 'maria@', error: 'address_invalid', restart: form },
  },
  ...secondFactorPages,
  ...rescuePages,
  ...passkeyPages,
  ...accountPages,
  ...consoleClientPages,
  ...consolePeoplePages,
  ...consoleLogPages,
  'attempt-ended': {
    email: { app, channel: 'email', masked, again: form, restart: form },
    text: { app, channel: 'sms', masked: maskedNumber, again: form, restart: form },
  },
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
  'rescue-wait': { only: { app, until: nextAt, now: at, leave: form, restart: form } },
  'account-switch': { only: { app, other: 'jonas.lindqvist@fabrikam.example', masked, goOn: form, keep: form } },
  consent: {
    full: {
      app: quietApp,
      madeBy: 'Ledgerly GmbH',
      own: false,
      address,
      initials: 'MA',
      can: ['See your name', 'See your email address', 'Read your orders and invoices at Northwind Trading'],
      offline: true,
      form,
      other: form,
    },
    own: { app, madeBy: null, own: true, address, initials: 'M', can: ['Read the audit log'], offline: false, form, other: form },
    least: { app, madeBy: null, own: false, address, initials: 'M', can: [], offline: false, form, other: form },
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
          id: 'm3',
          channel: 'sms',
          subject: null,
          text: 'Northwind Trading: 730226 is your code, good for 10 minutes.\n\n@id.northwind.example #730226',
          to: '+4915112345647',
          at: later,
          locale: 'en',
          code: '730226',
          link: null,
        },
        {
          id: 'm2',
          channel: 'email',
          text: null,
          subject: 'Sign in to Northwind Trading',
          to: address,
          at: later,
          locale: 'en',
          code: '482913',
          link: 'http://localhost:3000/sign-in/u1/link/t1',
          htmlUrl: '/dev/inbox/m2.html',
          textUrl: '/dev/inbox/m2.txt',
        },
        {
          id: 'm1',
          channel: 'email',
          subject: 'Your sign-in to Ledgerly',
          text: null,
          to: 'jonas@fabrikam.example',
          at,
          locale: 'de',
          code: null,
          link: null,
        },
      ],
      empty: form,
    },
    empty: { messages: [], empty: form },
  },
  start: { both: { demoUrl: 'http://127.0.0.1:3001/', inboxUrl: '/dev/inbox' }, bare: { demoUrl: null, inboxUrl: null } },
}

/** Names of views/assets as a server would publish them. */
export const assets: Record<string, string> = {
  'tokens.css': '/assets/tokens-1.css',
  'app.css': '/assets/app-1.css',
  'house.css': '/assets/house-1.css',
  'console.css': '/assets/console-1.css',
  'favicon.svg': '/assets/favicon-1.svg',
  'wait.js': '/assets/wait-1.js',
  'work.js': '/assets/work-1.js',
  'codes.js': '/assets/codes-1.js',
  'passkey-field.js': '/assets/passkey-field-1.js',
  'passkey.js': '/assets/passkey-1.js',
  'webauthn.js': '/assets/webauthn-1.js',
}
