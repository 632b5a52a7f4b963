import type { RescueBanner, RescueViews } from '../../src/text/index.ts'

const app = { name: 'Northwind Trading', letter: 'N', url: 'https://app.northwind.example/' }
const form = { action: '/sign-in/u1/rescue/begin', csrf: 'csrf-token' }
const startedAt = new Date('2026-11-22T14:08:30Z')
const opensAt = new Date('2026-11-24T14:08:30Z')
const lapsesAt = new Date('2026-11-25T14:08:30Z')
const now = new Date('2026-11-22T14:09:00Z')
const urls = { backUrl: '/sign-in/u1', helpUrl: '/sign-in/u1/help' }
const wait = { unit: 'hours', count: 48 } as const
const authenticator = { kind: 'totp', detail: 'Pixel 8', lastUsedAt: startedAt } as const
const recovery = { kind: 'recovery', detail: null, lastUsedAt: null, left: 9 } as const
const ways = { methods: [authenticator, recovery], form }
const masked = '+49 •••• 47'

const begin: RescueViews['rescue'] = {
  ...{ app, state: 'now', wait, knownWait: null, window: { unit: 'hours', count: 24 }, channel: 'sms', masked: '', until: null },
  ...{ codes: null, form, ways: null, ...urls },
}
const started: RescueViews['rescue-started'] = {
  ...{
    app,
    startedBy: 'person',
    startedAt,
    opensAt,
    lapsesAt,
    now,
    next: 'wait',
    prove: null,
    stop: form,
    backUrl: urls.backUrl,
  },
}
const told: RescueViews['account-notice-rescue'] = {
  ...{ startedBy: 'person', device: 'Chrome on Linux', startedAt, opensAt, lapsesAt, ready: false },
  ...{ lock: { unit: 'days', count: 14 }, stop: form, notMe: form },
}

/** A rescue that waits, as pages of whoever is signed in tell of it. */
export const rescueBanner: RescueBanner = {
  ...{ startedBy: 'person', device: 'Chrome on Linux', startedAt, opensAt, lapsesAt, ready: false, stop: form, notMe: form },
}

/** Every page of a rescue in each of its shapes. */
export const rescuePages: { [N in keyof RescueViews]: Record<string, RescueViews[N]> } = {
  rescue: {
    now: begin,
    codes: { ...begin, codes: { left: 9, form } },
    lastCode: { ...begin, codes: { left: 1, form }, knownWait: { unit: 'hours', count: 1 } },
    days: { ...begin, wait: { unit: 'days', count: 7 }, window: { unit: 'days', count: 3 }, ways },
    address: { ...begin, state: 'address', wait: null, form: null },
    again: { ...begin, state: 'again', wait: null, form: null },
    phone: { ...begin, state: 'prove', wait: null, masked },
    email: { ...begin, state: 'prove', wait: null, channel: 'email', masked: 'm•••a@fabrikam.example', codes: { left: 2, form } },
    locked: { ...begin, state: 'locked', wait: null, form: null, until: opensAt },
  },
  'rescue-started': {
    waits: started,
    byAdmin: { ...started, startedBy: 'administrator' },
    later: { ...started, now: opensAt },
    prove: { ...started, now: opensAt, next: 'prove', prove: form },
    signIn: { ...started, now: opensAt, next: 'sign_in' },
  },
  'rescue-ready': {
    ways: { app, until: lapsesAt, now: opensAt, form, stop: form, ways },
    none: { app, until: lapsesAt, now: lapsesAt, form, stop: form, ways: null },
  },
  'account-notice-rescue': {
    waits: told,
    ready: { ...told, ready: true },
    byAdmin: { ...told, startedBy: 'administrator', lock: { unit: 'hours', count: 36 } },
  },
  'account-rescue-stopped': {
    stopped: { notMe: false, until: null, signInUrl: '/account' },
    notMe: { notMe: true, until: lapsesAt, signInUrl: '/account' },
  },
}
