import { join } from 'node:path'
import type { OutputOf } from '../../src/admin/index.ts'
import { type ClientKind, type ConsoleClientViews, createText, type FieldView } from '../../src/text/index.ts'
import { type ClientSection, fieldsIn, newFields } from '../../src/web/console/screens/client-fields.ts'
import { clientRow } from '../../src/web/console/screens/client-rows.ts'
import { changeRow, fieldViews, type Typed, typedOf } from '../../src/web/console/screens/form.ts'
import { tryView } from '../../src/web/console/screens/try-view.ts'
import { before, earlier, form, long, march, now, shell, soon } from './text-console-rows.ts'

const text = createText({ viewsDir: join(import.meta.dirname, '../../views'), assets: {} })
const say = (key: string) => text.say(`console.${key}`, {}, 'en')

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
const summaries: Summary[] = [
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
const client = clientRow(northwind, now)

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

function sectionFields(section: ClientSection, typed?: Typed, faults: { field: string; words: string }[] = []): FieldView[] {
  const specs = fieldsIn(section, 'web')
  return fieldViews(specs, typed ?? typedOf(fields, specs), { say, faults, more })
}

const factsOf = (names: readonly [string, string, boolean?][]) =>
  names.map(([name, value, mono = false]) => ({ label: say(`field.${name}.label`), value: { text: value }, mono }))

const page: ConsoleClientViews['console-client'] = {
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
const locked = page.sections.map((section) => ({ ...section, editUrl: null }))
const specs = fieldsIn('addresses', 'web')
const changes = [
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
const edit: ConsoleClientViews['console-client-edit'] = {
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
const section = (name: ClientSection) => ({ ...edit, section: { name, fields: sectionFields(name) } })

const newForm = (
  kind: ClientKind,
  faults: { field: string; words: string }[] = [],
): ConsoleClientViews['console-client-new-form'] => ({
  shell: shell('clients'),
  kind,
  fields: fieldViews(newFields(kind), { first_party: 'on' }, { say, more, faults }),
  faults: [],
  key: 'key-1',
  form,
  backUrl: '/admin/new-client',
})
const made: ConsoleClientViews['console-client-secret'] = {
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
const confirm: ConsoleClientViews['console-client-confirm'] = {
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
const orders = { id: 'https://orders.northwind.example', name: 'Orders', source: 'console' as const }
const run = {
  sessionId: 's',
  original: { id: 'northwind-web', name: 'Northwind Trading' },
  copy: { id: 'try-x', secret: 's' },
  idTokenAlg: 'ES256',
  state: 'st',
  nonce: 'no',
  verifier: 've',
  parameters: {
    client_id: 'try-5hFq0aC1d2E3f4G5h6I7j8',
    redirect_uri: 'https://id.northwind.example/admin/try/callback',
    response_type: 'code',
    scope: 'openid profile email',
    state: 'Zx0b1c2d3e4f5g6h7i8j9k',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  },
}
const acrNames = ['urn:doorward:acr:1', 'urn:doorward:acr:2', 'urn:doorward:acr:3'] as const
const seconds = Math.floor(now.getTime() / 1000)
const claims = {
  ...{ sub: 'kq3f0Vb2c9aXoQeJ8mZlYt', iss: 'https://id.northwind.example', aud: 'try-x', iat: seconds, exp: seconds + 600 },
  ...{ auth_time: seconds - 60, acr: 'urn:doorward:acr:2', amr: ['email_code', 'otp', 'mfa'], nonce: 'no', sid: 'k1' },
  ...{ name: '<b>Jonas</b>', email: 'jonas@fabrikam.example', email_verified: true, address: { country: 'DE' } },
}
const tried = tryView(
  {
    answer: { code: 'x'.repeat(43), state: run.parameters.state, iss: 'https://id.northwind.example' },
    token: {
      type: 'bearer',
      expiresIn: 300,
      scope: 'openid profile email',
      accessTokenLength: 43,
      idTokenAlg: 'ES256',
      kid: 'k-2026',
    },
    claims,
    userinfo: { sub: claims.sub, name: 'Jonas Kern', email: 'jonas@fabrikam.example' },
    problem: null,
  },
  run,
  { acrNames, say },
)
const refused = tryView(
  { answer: { error: 'access_denied', state: 'st' }, token: null, claims: null, userinfo: null, problem: 'access_denied' },
  run,
  { acrNames, say },
)
const row = ({ id, name, letter, url }: typeof client) => ({ id, name, letter, url })

/** Every page of clients and APIs in the shapes that it takes. */
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
