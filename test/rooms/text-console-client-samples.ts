import type { ConsoleClientViews } from '../../src/text/index.ts'
import { clientRow } from '../../src/web/console/screens/client-rows.ts'
import { fieldViews } from '../../src/web/console/screens/form.ts'
import {
  changes,
  client,
  confirm,
  edit,
  locked,
  made,
  newForm,
  page,
  say,
  section,
  sectionFields,
  summaries,
} from './text-console-client-parts.ts'
import { form, now, shell, soon } from './text-console-rows.ts'

import { orders, refused, row, tried } from './text-console-try-parts.ts'

export const consoleClientPages: { [N in keyof ConsoleClientViews]: Record<string, ConsoleClientViews[N]> } = {
  'console-clients': {
    full: {
      shell: shell('clients', { said: { key: 'client.said.deleted', values: { name: 'Old app' } } }),
      find: { url: '/admin/clients', q: '', kind: '', state: '' },
      clients: summaries.map((one) => clientRow(one, now)),
      filtered: false,
      newUrl: '/admin/new-client',
      pager: { nextUrl: '/admin/clients?cursor=x', firstUrl: '/admin/clients' },
      drift: [],
      waiting: [{ id: 'ledgerly', words: 'LEDGERLY_SECRET is not set.' }],
      fileFaults: [],
    },
    empty: {
      shell: shell('clients'),
      find: { url: '/admin/clients', q: '', kind: '', state: '' },
      clients: [],
      filtered: false,
      newUrl: '/admin/new-client',
      pager: { nextUrl: null, firstUrl: null },
      drift: [{ id: 'northwind-web', url: '/admin/clients/northwind-web' }],
      waiting: [],
      fileFaults: [],
    },
    nothing: {
      shell: shell('clients', { role: 'auditor' }),
      find: { url: '/admin/clients', q: 'zzz', kind: 'web', state: 'off' },
      clients: [],
      filtered: true,
      newUrl: null,
      pager: { nextUrl: null, firstUrl: null },
      drift: [],
      waiting: [],
      fileFaults: ['clients[2].redirect_uris[0]: must be https'],
    },
  },
  'console-client': {
    full: page,
    off: {
      ...page,
      client: { ...client, state: { kind: 'off', at: null } },
      warnings: [],
      secrets: [],
      tryUrl: null,
      newSecretUrl: null,
    },
    declared: {
      ...page,
      client: { ...client, source: 'file' },
      sections: locked,
      drift: changes,
      secrets: page.secrets.map((one) => ({ ...one, hint: '', retireUrl: null })),
      newSecretUrl: null,
      switchUrl: null,
      deleteUrl: null,
    },
  },
  'console-client-edit': {
    addresses: edit,
    wrong: {
      ...edit,
      section: {
        name: 'addresses',
        fields: sectionFields('addresses', undefined, [
          { field: 'redirect_uris[1]', words: 'a star is not allowed: write each address out' },
        ]),
      },
      faults: ['This application can act in the admin API: you lack audit:read.'],
    },
    meanwhile: { ...edit, meanwhile: true, differing: changes },
    details: section('details'),
    rules: section('rules'),
    tokens: section('tokens'),
    proof: section('proof'),
  },
  'console-client-look': {
    full: {
      shell: shell('clients'),
      client,
      changes,
      warnings: ['PKCE is not required: a code that leaks on its way back can be used by whoever finds it.'],
      carried: [
        { name: 'version', value: { text: 'v1' } },
        { name: 'redirect_uris', value: { text: 'https://a.example/cb\nhttps://b.example/cb' } },
      ],
      form,
      againUrl: '/admin/clients/n/edit/addresses',
      backUrl: '/admin/clients/n',
    },
  },
  'console-client-new': {
    full: {
      shell: shell('clients'),
      templates: (['web', 'spa', 'native', 'machine'] as const).map((kind) => ({ kind, url: `/admin/new-client/${kind}` })),
      apiUrl: '/admin/new-api',
      backUrl: '/admin/clients',
    },
  },
  'console-client-new-form': {
    web: newForm('web'),
    wrong: newForm('web', [
      { field: 'client_name', words: 'is needed: people read it when they sign in' },
      { field: 'redirect_uris[0]', words: 'must be https, or http on this machine' },
    ]),
    machine: newForm('machine'),
  },
  'console-client-secret': {
    client: made,
    public: { ...made, secret: null, warnings: ['PKCE is not required.'] },
    secret: { ...made, made: 'secret', secret: { value: made.secret?.value ?? '', expiresAt: soon }, tryUrl: null },
  },
  'console-secret-new': {
    full: {
      shell: shell('clients'),
      client,
      fields: fieldViews(
        [
          { name: 'expires_in_days', type: 'choice', options: ['', '90', '180', '365'] },
          { name: 'retire_others_in_hours', type: 'choice', options: ['', '24', '168', '720', '0'] },
        ],
        { expires_in_days: '', retire_others_in_hours: '168' },
        { say },
      ),
      faults: [],
      key: 'k',
      form,
      backUrl: '/admin/clients/n',
    },
  },
  'console-client-confirm': {
    delete: confirm,
    disable: { ...confirm, question: 'disable' },
    enable: { ...confirm, question: 'enable', facts: [] },
    retire: { ...confirm, question: 'retire', subject: 'x9Qe', facts: [{ key: 'last_secret', count: 1 }], lastUsedAt: null },
    api: { ...confirm, question: 'delete_api', subject: 'Orders', facts: [{ key: 'clients', count: 2 }], lastUsedAt: null },
    try: { ...confirm, question: 'try', facts: [], lastUsedAt: null },
  },
  'console-apis': {
    full: {
      shell: shell('apis'),
      apis: [
        { ...orders, url: '/admin/apis/x', scopes: 3, clients: 2 },
        {
          id: 'https://id.northwind.example/admin/api/v1',
          name: 'Administration',
          source: 'built-in',
          url: '/admin/apis/y',
          scopes: 10,
          clients: 0,
        },
      ],
      newUrl: '/admin/new-api',
    },
  },
  'console-api': {
    full: {
      shell: shell('apis'),
      api: orders,
      facts: [
        { label: 'Access tokens', value: { text: 'JWT' }, mono: false },
        { label: 'They live for', value: { text: '5m' }, mono: true },
      ],
      scopes: [{ name: 'orders:read', words: 'See your orders' }],
      clients: [{ id: 'northwind-web', url: '/admin/clients/northwind-web' }],
      editUrl: '/admin/apis/x/edit',
      deleteUrl: '/admin/apis/x/delete',
    },
    declared: {
      shell: shell('apis'),
      api: { ...orders, source: 'file' },
      facts: [],
      scopes: [],
      clients: [],
      editUrl: null,
      deleteUrl: null,
    },
  },
  'console-api-edit': {
    new: {
      shell: shell('apis'),
      api: null,
      fields: fieldViews(
        [
          { name: 'id', type: 'line', mono: true },
          { name: 'name', type: 'line' },
          { name: 'scopes', type: 'lines', rows: 5 },
          { name: 'token_format', type: 'choice', options: ['jwt', 'opaque'] },
        ],
        { token_format: 'jwt' },
        {
          say: (key) => say(key.replace(/^field\./, 'api.field.')),
          faults: [{ field: 'id', words: 'must be an https address' }],
        },
      ),
      faults: [],
      meanwhile: null,
      key: 'k',
      version: '',
      form,
      backUrl: '/admin/apis',
    },
    meanwhile: {
      shell: shell('apis'),
      api: orders,
      fields: [],
      faults: ['It is used.'],
      meanwhile: [{ name: 'name', label: 'Name', before: { text: 'Orders' }, after: { text: 'Orders API' } }],
      key: '',
      version: 'v2',
      form,
      backUrl: '/admin/apis/x',
    },
  },
  'console-search': {
    full: {
      shell: shell(null, { search: { url: '/admin/search', query: 'north' } }),
      query: 'north',
      clients: { found: summaries.slice(0, 2).map((one) => row(clientRow(one, now))), moreUrl: '/admin/clients?q=north' },
      people: {
        found: [{ id: 'a1', name: 'Maria Northwood', detail: 'maria@fabrikam.example', initials: 'MN', url: '/admin/people/a1' }],
        moreUrl: null,
      },
    },
    nothing: {
      shell: shell(null, { role: 'support' }),
      query: '<b>zzz</b>',
      clients: null,
      people: { found: [], moreUrl: null },
    },
    asked: { shell: shell(null), query: '', clients: null, people: null },
  },
  'console-try': {
    done: {
      shell: shell('clients'),
      client: { name: 'Northwind Trading', url: '/admin/clients/n' },
      ...tried,
      againUrl: '/admin/clients/n/try',
    },
    refused: {
      shell: shell('clients'),
      client: { name: 'Northwind Trading', url: '/admin/clients/n' },
      ...refused,
      againUrl: null,
    },
  },
  'console-refused': { full: { name: 'maria@fabrikam.example', signOut: form, other: form, accountUrl: '/account' } },
  'console-fault': {
    forbidden: { shell: shell(null, { role: 'support' }), kind: 'forbidden', words: '', backUrl: '/admin' },
    gone: { shell: shell(null), kind: 'not_found', words: 'There is no such application.', backUrl: '/admin' },
    no_page: { shell: shell(null), kind: 'no_page', words: '', backUrl: '/admin/clients?q=shop' },
    other: {
      shell: shell('clients', { fault: 'It is declared in the clients file: change it there.' }),
      kind: 'other',
      words: 'It is used.',
      backUrl: '/admin',
    },
  },
  'console-first': { full: { name: 'maria@fabrikam.example', claim: form, other: form } },
  'console-first-over': { closed: { state: 'closed', goOnUrl: '/admin' }, ended: { state: 'ended', goOnUrl: '/admin' } },
  'console-signed-out': { full: { goOnUrl: '/admin' } },
}
