import type { Views } from '../../src/text/index.ts'

const app = { name: 'Northwind Trading', letter: 'N', url: 'https://app.northwind.example/' }
const form = { action: '/sign-in/u1/leave', csrf: 'csrf-token' }
const at = new Date('2026-11-21T14:02:11Z')
const passkey = { action: '/sign-in/u1/passkey', csrf: 'csrf-token', optionsUrl: '/sign-in/u1/passkey/options' }
const identify: Views['identify'] = {
  ...{ app, form, value: '', texts: false, error: null, signUp: 'possible' },
  passkey: { ...passkey, refused: false },
}
const second: Views['passkey'] = {
  ...{ app, form: passkey, label: 'Touch ID on MacBook', refused: false, other: form, remember: { days: 30 }, restart: form },
  ...{ without: null, cancel: form, rescue: null },
}
const offer: Views['passkey-offer'] = { app, form: passkey, answer: form, after: 'email', refused: false }
const enrol: Views['enrol'] = {
  ...{ app, why: 'policy', apps: true, form, passkey, refused: false, restart: form, cancel: form },
}

/** The first page where a passkey may be used. */
export const passkeyIdentify: Record<string, Views['identify']> = {
  passkey: identify,
  passkeyRefused: { ...identify, passkey: { ...passkey, refused: true } },
}

/** The page of setting up a second proof, where a passkey may be one. */
export const passkeyEnrol: Record<string, Views['enrol']> = {
  both: enrol,
  passkeyOnly: { ...enrol, why: 'acr', apps: false },
  passkeyRefused: { ...enrol, refused: true },
}

/** Every page of a passkey in each of its shapes. */
export const passkeyPages: { [N in 'passkey' | 'passkey-offer']: Record<string, Views[N]> } = {
  passkey: {
    named: second,
    refused: { ...second, label: null, refused: true, remember: null },
    only: { ...second, other: null, without: form, rescue: { state: 'start', at: null, url: '/sign-in/u1/rescue', stop: null } },
    ready: { ...second, rescue: { state: 'ready', at, url: '/sign-in/u1/rescue', stop: form } },
  },
  'passkey-offer': {
    afterEmail: offer,
    afterText: { ...offer, after: 'sms' },
    refused: { ...offer, refused: true },
  },
}
