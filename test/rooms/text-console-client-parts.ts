import { join } from 'node:path'
import type { OutputOf } from '../../src/admin/index.ts'
import { type ClientKind, type ConsoleClientViews, createText, type FieldView } from '../../src/text/index.ts'
import { type ClientSection, fieldsIn, newFields } from '../../src/web/console/screens/client-fields.ts'
import { clientRow } from '../../src/web/console/screens/client-rows.ts'
import { changeRow, fieldViews, type Typed, typedOf } from '../../src/web/console/screens/form.ts'
import { before, earlier, form, long, march, now, shell, soon } from './text-console-rows.ts'

const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })
export const say = (key: string) => text.say(`console.${key}`, {}, 'en')

type Summary = OutputOf<'clients.list'>['items'][number]

const northwind: Summary = {
  client_id: 'northwind-web',
  client_name: 'Northwind Trading',
  kind: 'web',
  source: 'console',
  first_party: true,
  second_factor: 'required',
  disabled: false,
  secret_ends_at: soon.toISOString(),
  last_used_at: earlier.toISOString(),
}
export const summaries: Summary[] = [
  northwind,
  { ...northwind, client_id: 'northwind-ios', client_name: 'Northwind for iPhone', kind: 'native', secret_ends_at: null },
  {
    ...northwind,
    client_id: 'warehouse-sync',
    client_name: 'Warehouse sync',
    kind: 'machine',
    source: 'file',
    secret_ends_at: null,
  },
  {
    ...northwind,
    client_id: 'ledgerly',
    client_name: 'Ledgerly',
    first_party: false,
    second_factor: null,
    secret_ends_at: before.toISOString(),
  },
  {
    ...northwind,
    client_id: 'harbour-pilot',
    client_name: 'Harbour pilot',
    kind: 'spa',
    disabled: true,
    last_used_at: march.toISOString(),
  },
  {
    ...northwind,
    client_id: long,
    client_name: `An app with a very long name ${'for everybody '.repeat(4)}`,
    last_used_at: null,
  },
]
export const client = clientRow(northwind, now)

const fields: Record<string, unknown> = {
  client_name: 'Northwind Trading',
  client_uri: 'https://northwind.example',
  redirect_uris: ['https://app.northwind.example/callback', 'https://app.northwind.example/*'],
  post_logout_redirect_uris: ['https://northwind.example/bye'],
  first_party: true,
  second_factor: 'required',
  require_pkce: true,
  scope: 'openid profile email',
  refresh_token: 'always',
  id_token_signed_response_alg: 'ES256',
  resources: ['https://orders.northwind.example'],
  token_endpoint_auth_method: 'client_secret_basic',
  profile_claims_in_id_token: true,
}
const apis = [
  { value: 'https://orders.northwind.example', label: 'Orders', hint: 'https://orders.northwind.example' },
  { value: 'http://localhost:8080/admin/api/v1', label: 'Administration', hint: 'http://localhost:8080/admin/api/v1' },
]
const more = { resources: apis, introspects: apis, admin_scopes: [] }

export function sectionFields(
  section: ClientSection,
  typed?: Typed,
  faults: { field: string; words: string }[] = [],
): FieldView[] {
  const specs = fieldsIn(section, 'web')
  return fieldViews(specs, typed ?? typedOf(fields, specs), { say, faults, more })
}

const factsOf = (names: readonly [string, string, boolean?][]) =>
  names.map(([name, value, mono = false]) => ({ label: say(`field.${name}.label`), value: { text: value }, mono }))

export const page: ConsoleClientViews['console-client'] = {
  shell: shell('clients'),
  client,
  sections: [
    {
      name: 'details',
      facts: factsOf([
        ['client_name', 'Northwind Trading'],
        ['client_uri', 'https://northwind.example', true],
      ]),
      editUrl: '/admin/clients/n/edit/details',
    },
    {
      name: 'addresses',
      facts: factsOf([
        ['redirect_uris', 'https://app.northwind.example/callback\nhttps://staging.northwind.example/callback', true],
        ['post_logout_redirect_uris', 'https://northwind.example/bye', true],
      ]),
      editUrl: '/admin/clients/n/edit/addresses',
    },
    {
      name: 'rules',
      facts: factsOf([
        ['first_party', 'Yes'],
        ['second_factor', 'Required'],
        ['require_pkce', 'Yes'],
      ]),
      editUrl: '/admin/clients/n/edit/rules',
    },
    {
      name: 'tokens',
      facts: factsOf([
        ['scope', 'openid\nprofile\nemail'],
        ['profile_claims_in_id_token', 'Yes'],
        ['refresh_token', 'At every sign-in'],
        ['id_token_signed_response_alg', 'ES256'],
        ['resources', 'https://orders.northwind.example', true],
      ]),
      editUrl: '/admin/clients/n/edit/tokens',
    },
    {
      name: 'proof',
      facts: factsOf([['token_endpoint_auth_method', 'Secret, in a header']]),
      editUrl: '/admin/clients/n/edit/proof',
    },
  ],
  contacts: [
    { kind: 'jwks', failures: 0, okAt: now, failedAt: null, why: 'other', status: '' },
    { kind: 'logout', failures: 7, okAt: null, failedAt: now, why: 'status', status: '503' },
  ],
  warnings: ['A redirect address is plain http: whoever listens on that machine can take the sign-in for themselves.'],
  drift: [],
  usesSecrets: true,
  secrets: [
    {
      id: 's1',
      hint: 'x9Qe',
      createdAt: before,
      expiresAt: null,
      soon: false,
      madeBy: 'a',
      retireUrl: '/admin/clients/n/secrets/s1/retire',
    },
    {
      id: 's2',
      hint: 'm4Tz',
      createdAt: march,
      expiresAt: soon,
      soon: true,
      madeBy: 'a',
      retireUrl: '/admin/clients/n/secrets/s2/retire',
    },
  ],
  newSecretUrl: '/admin/clients/n/new-secret',
  snippets: ['openid-client', 'Auth.js', 'Spring Boot'].map((library) => ({
    library,
    language: 'JavaScript',
    body: {
      text: "import * as client from 'openid-client'\n\nconst config = await client.discovery(\n  new URL('https://id.northwind.example'),\n  'northwind-web',\n  process.env.CLIENT_SECRET,\n)",
    },
  })),
  people: 1204,
  createdAt: march,
  updatedAt: earlier,
  tryUrl: '/admin/clients/n/try',
  switchUrl: '/admin/clients/n/disable',
  deleteUrl: '/admin/clients/n/delete',
  auditUrl: '/admin/audit?client=n',
}
export const locked = page.sections.map((section) => ({ ...section, editUrl: null }))
const specs = fieldsIn('addresses', 'web')
export const changes = [
  changeRow(
    {
      field: 'redirect_uris',
      before: ['https://app.northwind.example/callback'],
      after: ['https://app.northwind.example/callback', 'http://localhost:3000/callback'],
    },
    specs,
    say,
  ),
  changeRow({ field: 'require_pkce', before: true, after: false }, fieldsIn('rules', 'web'), say),
]
export const edit: ConsoleClientViews['console-client-edit'] = {
  shell: shell('clients'),
  client,
  section: { name: 'addresses', fields: sectionFields('addresses') },
  faults: [],
  meanwhile: false,
  differing: [],
  version: 'v1',
  form,
  backUrl: '/admin/clients/n',
}
export const section = (name: ClientSection) => ({ ...edit, section: { name, fields: sectionFields(name) } })

export const newForm = (
  kind: ClientKind,
  faults: { field: string; words: string }[] = [],
): ConsoleClientViews['console-client-new-form'] => ({
  shell: shell('clients'),
  kind,
  fields: fieldViews(newFields(kind), {}, { say, more, faults }),
  faults: [],
  key: 'key-1',
  form,
  backUrl: '/admin/new-client',
})
export const made: ConsoleClientViews['console-client-secret'] = {
  shell: shell('clients'),
  made: 'client',
  client,
  secret: { value: 'q3fVb0k2c9aXoQeJ8mZlYt5nWd7hRs1uGp4iKe6yTxE', expiresAt: null },
  warnings: [],
  snippets: page.snippets,
  issuer: 'https://id.northwind.example',
  clientUrl: '/admin/clients/northwind-web',
  tryUrl: '/admin/clients/northwind-web/try',
}
export const confirm: ConsoleClientViews['console-client-confirm'] = {
  shell: shell('clients'),
  question: 'delete',
  subject: 'Northwind Trading',
  place: 'Northwind Trading',
  facts: [
    { key: 'people', count: 1204 },
    { key: 'refresh_tokens', count: 310 },
    { key: 'consents', count: 1 },
  ],
  lastUsedAt: earlier,
  form,
  backUrl: '/admin/clients/n',
}
