import { join } from 'node:path'
import { type ConsoleLogViews, createText } from '../../src/text/index.ts'
import { choicesOf } from '../../src/web/console/screens/choices.ts'
import { completionPlot, handOverPlot, methodsPlot, type Stats, spendPlot } from '../../src/web/console/screens/plots.ts'
import { cards, failureRows } from '../../src/web/console/screens/start.ts'
import { createWords } from '../../src/web/console/screens/words.ts'
import { before, earlier, form, long, march, message, messages, now, shell, soon, statsOf } from './text-console-rows.ts'

const words = createWords(createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} }), 'en')
function startOf(stats: Stats): ConsoleLogViews['console-start'] {
  return {
    shell: shell('start'),
    action: '/admin',
    spans: [
      { value: '14', key: 'fortnight', chosen: stats.days.length === 14 },
      { value: '90', key: 'quarter', chosen: stats.days.length === 90 },
    ],
    notices: [],
    idle: false,
    stats: cards(stats, stats.days.length, words),
    methods: methodsPlot(stats, words),
    completion: completionPlot(stats, words),
    handOver: handOverPlot(stats, words),
    spend: spendPlot(stats, words),
    failures: failureRows(stats, words),
    countedTo: now,
  }
}

const start = startOf(statsOf(14))

const messageList = {
  shell: shell('messages'),
  action: '/admin/messages',
  to: '',
  fault: null,
  channels: choicesOf(['email', 'sms'], undefined),
  states: choicesOf(['queued', 'sending', 'deferred', 'handed_over', 'refused', 'expired'], 'deferred'),
  messages,
  moreUrl: '/admin/messages?cursor=x',
  filtered: false,
}
const line = {
  url: '/admin/audit/entries/1204',
  at: '2026-11-21 14:01:05.018',
  event: 'sign_in.completed',
  warn: false,
  person: { id: 'qJ3vXh0Q…', url: '/admin/people/qJ3vXh0QmYp1b7Tz9cVw2A' },
  actor: null,
  client: { id: 'northwind-web', url: '/admin/clients/northwind-web' },
  ip: '198.51.100.24',
  detail: 'amr: email_link, level: 1',
}
const audit = {
  shell: shell('audit'),
  action: '/admin/audit',
  filter: { person: '', client: '', actor: '', event: '', from: '', to: '' },
  fault: null,
  groups: ['account.*', 'client.*', 'sign_in.*'],
  lines: [
    line,
    { ...line, event: 'sign_in.code_wrong', warn: true, detail: 'method: email, tries: 2' },
    {
      ...line,
      event: 'client.secret_added',
      person: null,
      actor: { id: 'Zk81mPp0…', url: '/admin/people/x' },
      detail: 'secretId: 7Kfh2',
    },
    { ...line, event: 'service.started', person: null, client: null, ip: '', detail: 'version: 0.4.0' },
  ],
  moreUrl: '/admin/audit?cursor=x',
  chain: { rows: '1,204', waiting: '3', headAt: earlier },
  verifyUrl: '/admin/audit/verify',
  exportUrl: '/admin/audit/export',
  filtered: false,
}
const verified = {
  shell: shell('audit'),
  checked: '1,204',
  rows: '1,204',
  waiting: 3,
  share: 100,
  broken: null,
  head: '9f2c6c0f5a0c3dd1d4ab7b1c6a2c7e3e6c1d5f1f8b0a4c9d2e7f6a5b4c3d2e1f',
  onUrl: null,
  backUrl: '/admin/audit',
}
const oneMessage = {
  shell: shell('messages'),
  message,
  tries: 1,
  route: 'smtp-1',
  reason: null,
  suppressed: null,
  retry: null,
  liftUrl: null,
  toUrl: '/admin/messages?to=maria',
  backUrl: '/admin/messages',
}

const keys: ConsoleLogViews['console-keys'] = {
  shell: shell('keys'),
  keys: [
    { kid: 'nX0p7aQ2t1', alg: 'ES256', state: 'next', createdAt: now, activatedAt: null, publishedUntil: null },
    { kid: 'f8vM2kWz0c', alg: 'ES256', state: 'current', createdAt: march, activatedAt: before, publishedUntil: null },
    { kid: 'a1R5tYq8uE', alg: 'RS256', state: 'previous', createdAt: march, activatedAt: march, publishedUntil: soon },
  ],
  source: 'service',
  everyDays: 90,
  waits: {
    publishedAt: before,
    activateBy: soon,
    seen: 3,
    active: 5,
    waiting: [
      { name: long, fetchedAt: march },
      { name: 'Northwind', fetchedAt: null },
    ],
  },
  rotateUrl: null,
  activateUrl: '/admin/keys/activate',
  leakedUrl: '/admin/keys/leaked',
}

export const consoleLogPages: { [N in keyof ConsoleLogViews]: Record<string, ConsoleLogViews[N]> } = {
  'console-start': {
    fortnight: start,
    quarter: startOf(statsOf(90)),
    troubled: {
      ...startOf(statsOf(14, { texts: false })),
      notices: [
        {
          heading: 'One client waits for its secret.',
          words: 'The clients file names a secret that is not there yet.',
          url: '/admin/clients',
          go: 'See clients',
        },
        { heading: 'Email was slow on 20 Nov.', words: 'The slowest 5% waited up to 2 min.', url: null, go: 'See messages' },
      ],
      failures: [],
    },
    idle: { ...start, idle: true, countedTo: null },
  },
  'console-messages': {
    full: messageList,
    none: { ...messageList, messages: [], moreUrl: null },
    wrong: { ...messageList, to: 'maria', fault: 'Type an address in full.', messages: [], moreUrl: null, filtered: true },
  },
  'console-message': {
    handed: oneMessage,
    late: {
      ...oneMessage,
      message: { ...message, standing: 'deferred', at: soon },
      tries: 3,
      reason: 'smtp_451',
      suppressed: { reason: 'bounced', since: before },
      retry: form,
      liftUrl: '/admin/messages/m/lift',
    },
  },
  'console-lift': { email: { shell: shell('messages'), address: long, reason: 'complained', form, backUrl: '/admin/messages' } },
  'console-keys': {
    full: keys,
    quiet: { ...keys, waits: null, rotateUrl: '/admin/keys/rotate', activateUrl: null },
    file: {
      ...keys,
      keys: keys.keys.map((key) => ({ ...key, createdAt: null, activatedAt: null })),
      ...{ source: 'file', everyDays: null, waits: null, rotateUrl: null, activateUrl: null, leakedUrl: null },
    },
    auditor: { ...keys, everyDays: null, waits: null, rotateUrl: null, activateUrl: null, leakedUrl: null },
  },
  'console-keys-confirm': {
    rotate: { shell: shell('keys'), question: 'rotate', form, backUrl: '/admin/keys' },
    activate: { shell: shell('keys'), question: 'activate', form, backUrl: '/admin/keys' },
    leaked: { shell: shell('keys'), question: 'leaked', form, backUrl: '/admin/keys' },
  },
  'console-audit': {
    full: audit,
    none: { ...audit, lines: [], filtered: true, moreUrl: null, chain: { rows: '0', waiting: '0', headAt: null } },
    wrong: {
      ...audit,
      lines: [],
      fault: 'from: not a moment',
      filter: { ...audit.filter, person: 'maria@fabrikam.example', from: '2026-11-01' },
    },
  },
  'console-audit-entry': {
    full: {
      shell: shell('audit'),
      entry: {
        ...line,
        id: '1204',
        request: 'DW-7K3M-9QXF',
        attempt: 'Zb0c6wRkq1TtqfL3Zp9w1g',
        chain: { place: '1,198', hash: verified.head },
        device: 'Firefox on Windows',
        help: 'Somebody signed in.',
      },
      detail: [
        { name: 'amr', value: 'email_link' },
        { name: 'level', value: '1' },
      ],
      backUrl: '/admin/audit',
    },
    bare: {
      shell: shell('audit'),
      entry: {
        ...line,
        person: null,
        actor: { id: 'local', url: null },
        client: null,
        ip: '',
        id: '7',
        request: null,
        attempt: null,
        chain: null,
        device: null,
        help: null,
      },
      detail: [],
      backUrl: '/admin/audit',
    },
  },
  'console-audit-verify': {
    whole: verified,
    soFar: { ...verified, checked: '400,000', rows: '1,000,000', share: 40, onUrl: '/admin/audit/verify?cursor=x' },
    broken: {
      ...verified,
      share: 12,
      broken: {
        id: '1201',
        place: '1,198',
        words: 'This row was changed after it was written.',
        url: '/admin/audit/entries/1201',
      },
    },
    removed: { ...verified, share: 12, broken: { id: null, place: '1,198', words: 'A row was removed here.', url: null } },
  },
}
