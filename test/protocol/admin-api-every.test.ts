import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type OperationName, type OperationSpec, operations } from '../../src/admin/index.ts'
import { createSecrets, type EmailAddress } from '../../src/base/index.ts'
import { addressKey } from '../../src/factors/index.ts'
import { callApi, createAdministrator, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { createVisitor, formWith } from '../support/person.ts'
import type { Stage } from '../support/stage.ts'

type Answer = Record<string, unknown>

let stage: Stage
let token: string
const succeeded = new Set<OperationName>()

beforeAll(async () => {
  stage = await startAdminStage()
  token = await machineToken(stage.service)
}, 60_000)
afterAll(() => stage.stop())

/** Does an operation over HTTP as its description says: what is in the path, the rest as query or body. */
async function does(name: OperationName, input: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  const spec: OperationSpec = operations[name]
  const rest = new Map(Object.entries(input))
  const path = spec.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => {
    const value = String(rest.get(field))
    rest.delete(field)
    return encodeURIComponent(value)
  })
  const left = Object.fromEntries(rest)
  const search = spec.method === 'GET' && rest.size > 0 ? `?${new URLSearchParams(left as Record<string, string>)}` : ''
  const answer = await callApi(stage.service, token, spec.method, `${path}${search}`, spec.method === 'GET' ? {} : { body: left })
  expect([name, answer.status, answer.status < 300 ? '' : answer.text]).toEqual([name, spec.status ?? 200, ''])
  succeeded.add(name)
  return answer.body as Answer
}

const items = (answer: Answer) => answer.items as Answer[]
const run = (sql: string, values: unknown[]) => query(stage.service.databaseUrl, sql, values)

test('R-171 an application is registered, looked at, changed, tried, switched off and on, and deleted', async () => {
  const redirect_uris = ['https://harbour.example/callback']
  const { client } = (await does('clients.create', { template: 'web', client_name: 'Harbour', redirect_uris })) as {
    client: Answer
  }
  const { client_id } = client
  const one = { client_id }
  const [first] = client.secrets as Answer[]
  expect(items(await does('clients.list', { q: 'harb' }))).toMatchObject([one])
  await does('clients.update', { ...one, fields: { client_name: 'Harbour pilot' } })
  expect(await does('clients.get', one)).toMatchObject({ client_name: 'Harbour pilot' })
  await does('clients.impact', one)
  expect(items(await does('clients.snippets', one)).length).toBeGreaterThan(5)
  await does('clients.add-secret', one)
  await does('clients.retire-secret', { ...one, secret_id: first?.secret_id })
  await does('clients.try', { ...one, redirect_uri: `${stage.service.issuer}/admin/try/callback` })
  expect(await does('clients.disable', one)).toMatchObject({ disabled: true })
  expect(await does('clients.enable', one)).toMatchObject({ disabled: false })
  await does('clients.delete', one)
  await does('clients-file.show')
})

test('an API is registered, looked at, changed and deleted', async () => {
  const id = 'https://orders.example/api?v=1'
  await does('resource-servers.create', { id, name: 'Orders', scopes: { 'orders:read': 'See your orders' } })
  await does('resource-servers.update', { id, name: 'Orders and more' })
  expect(await does('resource-servers.get', { id })).toMatchObject({ name: 'Orders and more' })
  expect(items(await does('resource-servers.list')).map((server) => server.id)).toContain(id)
  await does('resource-servers.delete', { id })
})

test('a person is found, helped, suspended, given and taken a role, exported and deleted', async () => {
  const { accountId: account_id } = await createAdministrator(stage, 'maria@fabrikam.example', null)
  const one = { account_id }
  expect(items(await does('accounts.list', { q: 'maria@' }))).toMatchObject([one])
  const person = await does('accounts.get', one)
  expect(items(await does('accounts.activity', one)).length).toBeGreaterThan(2)
  expect(items(await does('accounts.messages', one)).length).toBeGreaterThan(0)
  expect(await does('accounts.update', { ...one, profile: { name: 'Maria Alvarez' } })).toMatchObject({ name: 'Maria Alvarez' })
  await does('administrators.grant', { ...one, role: 'auditor' })
  expect(items(await does('administrators.list'))).toMatchObject([{ ...one, role: 'auditor' }])
  await does('administrators.revoke', one)
  const [{ client_id } = {}] = person.apps as Answer[]
  await does('accounts.revoke-app', { ...one, client_id })
  await does('accounts.end-sessions', one)
  await does('accounts.start-rescue', { ...one, opens_in_minutes: 120 })
  await does('accounts.shorten-rescue', one)
  await does('accounts.cancel-rescue', one)
  const [{ authenticator_id } = {}] = person.authenticators as Answer[]
  await does('accounts.remove-authenticator', { ...one, authenticator_id })
  expect(await does('accounts.suspend', one)).toMatchObject({ state: 'suspended' })
  expect(await does('accounts.resume', one)).toMatchObject({ state: 'active' })
  await does('accounts.export-one', one)
  await does('accounts.close', one)
  await does('accounts.keep', one)
})

test('people are invited, imported and exported', async () => {
  const { invitation_id } = await does('invitations.create', { address: 'new@fabrikam.example' })
  expect(items(await does('invitations.list'))).toMatchObject([{ invitation_id, address: 'new@fabrikam.example' }])
  await does('invitations.delete', { invitation_id })
  const { results } = await does('accounts.import', { accounts: [{ sub: 'legacy-1', email: 'legacy@fabrikam.example' }] })
  expect(results).toMatchObject([{ outcome: 'created', account_id: 'legacy-1' }])
  expect(items(await does('accounts.export')).map(({ sub }) => sub)).toContain('legacy-1')
})

test('a message that was put off goes again, and an address takes messages again', async () => {
  const address = 'late@fabrikam.example'
  stage.mailbox.setBehaviour({ code: 451, message: 'later' })
  const visitor = createVisitor(stage.service)
  const form = formWith(await visitor.open(await stage.authorizeUrl(visitor)), 'identifier')
  if (!form) throw new Error('no sign-in')
  await visitor.submit(form, { identifier: address })
  let late: Answer | undefined
  for (const deadline = Date.now() + 20_000; !late && Date.now() < deadline; )
    late = items(await does('messages.list', { to: address, state: 'deferred' }))[0]
  stage.mailbox.setBehaviour('accept')
  const { message_id } = late ?? {}
  expect(await does('messages.get', { message_id })).toMatchObject({ to: address, can_retry: true })
  await does('messages.retry', { message_id })
  await stage.mailbox.next(address)
  const key = addressKey(createSecrets([stage.service.env.SECRETS ?? '']), address as EmailAddress)
  await run(`insert into suppression (target_key, channel, reason, created_at) values ($1, 'email', 'bounced', now())`, [key])
  expect(await does('suppressions.get', { address })).toMatchObject({ reason: 'bounced' })
  await does('suppressions.lift', { address })
  expect(await does('suppressions.get', { address })).toMatchObject({ reason: null })
})

test('the audit log is read, exported and checked; keys, counts and oneself are seen', async () => {
  const [entry] = items(await does('audit.list', { event: 'client.*' }))
  expect(await does('audit.get', { entry_id: entry?.entry_id })).toEqual(entry)
  expect(items(await does('audit.export')).length).toBeGreaterThan(10)
  await does('audit.chain')
  expect(await does('audit.verify')).toMatchObject({ broken: null })
  expect(items(await does('keys.list')).map(({ state }) => state)).toContain('current')
  expect((await does('keys.rotate')).published).toMatchObject([{ state: 'next' }, { state: 'next' }])
  await does('stats.show', { days: 14 })
  expect(await does('me.show')).toMatchObject({ kind: 'client' })
})

test('new signing keys are published, and sign once caches have them', async () => {
  await stage.moveClock(340)
  token = await machineToken(stage.service)
  expect((await does('keys.activate')).activated).toHaveLength(2)
})

test('R-175 no operation is left out of what is done here over HTTP', () => {
  expect([...succeeded].sort()).toEqual(Object.keys(operations).sort())
})
