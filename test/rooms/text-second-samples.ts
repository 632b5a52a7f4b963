import { encode } from 'uqr'
import type { ViewName, Views } from '../../src/text/index.ts'
import { passkeyEnrol } from './text-passkey-samples.ts'

const app = { name: 'Northwind Trading', letter: 'N', url: 'https://app.northwind.example/' }
const form = { action: '/sign-in/u1/answer', csrf: 'csrf-token' }
const at = new Date('2026-11-21T14:02:11Z')
const masked = 'm•••a@fabrikam.example'
const maskedNumber = '+49 •••• 47'

const begin = { state: 'start', at: null, url: '/sign-in/u1/rescue', stop: null } as const
const waiting = { state: 'waiting', at, url: '/sign-in/u1/rescue', stop: form } as const
const ready = { state: 'ready', at, url: '/sign-in/u1/rescue', stop: form } as const
const authenticator = { kind: 'totp', detail: 'Pixel 8', lastUsedAt: at } as const
const passkeyWay = { kind: 'passkey', detail: 'Touch ID on MacBook', lastUsedAt: at } as const
const textTo = { kind: 'sms', detail: maskedNumber, lastUsedAt: null } as const
const mailTo = { kind: 'email', detail: masked, lastUsedAt: null } as const
const recovery = { kind: 'recovery', detail: null, lastUsedAt: null, left: 9 } as const
const factorCode: Views['factor-code'] = {
  app,
  kind: 'totp',
  label: 'Pixel 8',
  form,
  closed: false,
  other: form,
  remember: { days: 30 },
  restart: form,
  cancel: null,
  rescue: null,
}
const recoveryCode: Views['factor-code'] = { ...factorCode, kind: 'recovery', label: null, remember: null }
const totpEnrol: Views['totp-enrol'] = {
  app,
  qr: drawn('otpauth://totp/Doorward:maria%40fabrikam.example?secret=K5XW6ZDTNBQXE3DJMNSWY3DFMQ4TQNZW&issuer=Doorward'),
  key: 'K5XW 6ZDT NBQX E3DJ MNSW Y3DF MQ4T QNZW',
  name: 'Authenticator',
  form,
  error: null,
  back: form,
}
const codes = ['7KQF', 'R4TN', '3VPA', 'XH9D', 'C2WK', 'N8JY', '6EMX', 'D5RB', 'PA7C', 'H3YG'].map(
  (group) => `${group}-M2XD-8WHC-J6YE-5BQM`,
)
const recoveryCodes: Views['recovery-codes'] = {
  app,

  codes,
  downloadUrl: '/sign-in/u1/codes.txt',
  form,
}

type SecondFactorPage = Extract<ViewName, 'second-factor' | 'factor-code' | 'enrol' | 'totp-enrol' | 'recovery-codes'>

/** Every page of a second factor in each of its shapes. */
export const secondFactorPages: { [N in SecondFactorPage]: Record<string, Views[N]> } = {
  'second-factor': {
    all: { app, first: 'email', methods: [authenticator, textTo, recovery], form, restart: form, cancel: null, rescue: null },
    afterText: { app, first: 'sms', methods: [mailTo], form, restart: form, cancel: null, rescue: null },
    afterPasskey: { app, first: 'passkey', methods: [mailTo, passkeyWay], form, restart: form, cancel: null, rescue: null },
    session: {
      app,
      first: null,
      methods: [
        { ...authenticator, detail: null, lastUsedAt: null },
        { ...textTo, detail: null },
        { ...mailTo, detail: null },
        { ...recovery, lastUsedAt: at, left: 1 },
      ],
      form,
      restart: form,
      cancel: null,
      rescue: null,
    },
    cancel: { app, first: 'email', methods: [authenticator], form, restart: form, cancel: form, rescue: null },
    without: { app, first: 'email', methods: [authenticator], form, restart: form, without: form, cancel: form, rescue: null },
    rescue: { app, first: 'email', methods: [authenticator], form, restart: form, cancel: form, rescue: begin },
    rescueWaits: { app, first: 'email', methods: [authenticator], form, restart: form, cancel: null, rescue: waiting },
    rescueReady: { app, first: 'email', methods: [authenticator], form, restart: form, cancel: null, rescue: ready },
    spent: {
      app,
      first: 'email',
      methods: [authenticator, { ...recovery, left: 0 }],
      form,
      restart: form,
      cancel: null,
      rescue: null,
    },
  },
  'factor-code': {
    first: factorCode,
    unnamed: { ...factorCode, label: null, remember: null },
    only: { ...factorCode, other: null, remember: { days: 1 } },
    wrong: { ...factorCode, triesLeft: 4 },
    lastTry: { ...factorCode, triesLeft: 1 },
    closed: { ...factorCode, closed: true },
    closedOnly: { ...factorCode, triesLeft: 0, closed: true, other: null },
    recovery: recoveryCode,
    cancel: { ...factorCode, cancel: form },
    cancelClosed: { ...factorCode, closed: true, cancel: form },
    without: { ...factorCode, without: form },
    withoutClosed: { ...factorCode, closed: true, other: null, without: form },
    rescue: { ...factorCode, rescue: begin },
    rescueOnly: { ...factorCode, other: null, rescue: begin },
    rescueClosed: { ...factorCode, closed: true, other: null, rescue: begin },
    rescueWaits: { ...factorCode, rescue: waiting },
    rescueStopped: { ...factorCode, rescue: { ...begin, state: 'stopped' } },
    rescueReady: { ...factorCode, closed: true, rescue: ready },
    recoveryRemember: { ...recoveryCode, remember: { days: 30 } },
    recoveryWrong: { ...recoveryCode, triesLeft: 2 },
    recoveryClosed: { ...recoveryCode, closed: true },
  },
  enrol: {
    policy: { app, why: 'policy', apps: true, passkey: null, refused: false, form, restart: form, cancel: null },
    acr: { app, why: 'acr', apps: true, passkey: null, refused: false, form, restart: form, cancel: form },
    ...passkeyEnrol,
    rescue: { app, why: 'rescue', apps: true, passkey: null, refused: false, form, restart: form, cancel: form },
  },
  'totp-enrol': {
    first: totpEnrol,
    wrong: { ...totpEnrol, error: 'code_wrong' },
    account: { ...totpEnrol, app: null },
    unnamed: { ...totpEnrol, name: '' },
  },
  'recovery-codes': {
    first: recoveryCodes,
    account: { ...recoveryCodes, app: null, downloadUrl: null },
    noFile: { app, codes, form },
  },
}

/** A stroke for each run of dark modules. */
export function drawn(uri: string): { size: number; path: string } {
  const { size, data } = encode(uri, { ecc: 'M', border: 0 })
  const rows = data.map((row) => row.map((dark) => (dark ? '#' : ' ')).join(''))
  const runs = rows.flatMap((row, y) => [...row.matchAll(/#+/g)].map((run) => `M${run.index} ${y}h${run[0].length}`))
  return { size, path: runs.join('') }
}
