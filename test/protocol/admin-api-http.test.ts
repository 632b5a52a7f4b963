import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { apiOf, callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
let token: string

beforeAll(async () => {
  stage = await startAdminStage()
  token = await machineToken(stage.service)
})
afterAll(() => stage.stop())

type Call = Parameters<typeof callApi>[4]
const call = (method: string, path: string, more: Call = {}) => callApi(stage.service, token, method, path, more)
const get = (path: string, headers: Record<string, string> = {}) => call('GET', path, { headers })
const codeOf = ({ body }: { body: Record<string, unknown> }) => String(body.type).split('/').at(-1)

async function newClient(more: Record<string, unknown> = {}) {
  const body = { template: 'web', client_name: 'Wiki', redirect_uris: ['https://wiki.example.org/callback'], ...more }
  const answer = await call('POST', '/clients', { body })
  const { client } = answer.body as { client: { client_id: string; version: string } }
  return { answer, ...client }
}

test('201 says where what was made stands, for as long as it does; what is only tried stands nowhere', async () => {
  const api = { id: 'https://api.example.org/stock?x=1', name: 'Stock', scopes: { 'stock:read': 'See the stock' } }
  const client = await newClient()
  const secret = await call('POST', `/clients/${client.client_id}/secrets`, { body: {} })
  const invitation = await call('POST', '/invitations', { body: { address: 'new@example.org' } })
  const made = [client.answer, secret, invitation, await call('POST', '/resource-servers', { body: api })]
  const paths = made.map(({ status, headers }) => {
    expect([status, headers.location]).toEqual([201, expect.stringContaining(`${apiOf(stage.service)}/`)])
    return String(headers.location).slice(apiOf(stage.service).length)
  })
  expect(paths[1]).toBe(`${paths[0]}/secrets/${secret.body.secret_id}`)
  expect(await get(paths[0] ?? '')).toMatchObject({ status: 200, body: { client_id: client.client_id } })
  expect(await get(paths[3] ?? '')).toMatchObject({ status: 200, body: { id: api.id } })
  for (const path of paths.reverse()) expect((await call('DELETE', path)).status).toBe(200)
  const { answer } = await newClient({ dry_run: true })
  expect([answer.status, answer.headers.location]).toEqual([200, undefined])
})

describe('what can be asked', () => {
  test('unknown paths are 404, known ones with another method 405 with those that are allowed', async () => {
    expect(codeOf(await get('/nothing'))).toBe('not_found')
    expect(codeOf(await get('/clients/'))).toBe('not_found')
    expect(codeOf(await get('/Clients'))).toBe('not_found')
    const answer = await call('PUT', '/clients')
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, POST, HEAD, OPTIONS' } })
    expect(codeOf(answer)).toBe('method_not_allowed')
  })

  test('OPTIONS names methods, and lets no other origin in', async () => {
    const answer = await call('OPTIONS', '/clients/x', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' },
    })
    expect(answer).toMatchObject({ status: 204, headers: { allow: 'GET, PATCH, DELETE, HEAD, OPTIONS' } })
    const read = await get('/clients', { origin: 'https://evil.example' })
    for (const headers of [answer.headers, read.headers]) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('HEAD is GET without a body', async () => {
    const [head, got] = [await call('HEAD', '/clients/robot'), await get('/clients/robot')]
    expect(head).toMatchObject({ status: 200, text: '', headers: { etag: got.headers.etag } })
  })

  test('nothing is cached, and no cookie is set', async () => {
    const answer = await get('/clients')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('R-017 a parameter that comes twice is refused, and so is one that nobody knows', async () => {
    expect(await get('/clients?limit=1&limit=2')).toMatchObject({ status: 400 })
    expect(await get('/clients?role=admin')).toMatchObject({
      status: 422,
      body: { faults: [{ field: 'role', words: 'is not known here' }] },
    })
    expect(await get('/clients?__proto__=x')).toMatchObject({ status: 422, body: { faults: [{ field: '__proto__' }] } })
    expect(await get('/clients/robot?client_id=other')).toMatchObject({ status: 422 })
    expect(await call('POST', '/clients?template=web')).toMatchObject({ status: 400 })
  })

  test('R-141 a part of the path is decoded once; what cannot be decoded is refused', async () => {
    expect(codeOf(await get('/clients/%2572obot'))).toBe('not_found')
    expect((await get('/clients/%72obot')).status).toBe(200)
    expect(codeOf(await get('/clients/%zz'))).toBe('bad_request')
    expect(codeOf(await get('/clients/%00'))).toBe('invalid_input')
    const api = { id: 'https://api.example.org/orders?x=1', name: 'Orders', scopes: { 'orders:read': 'See orders' } }
    expect((await call('POST', '/resource-servers', { body: api })).status).toBe(201)
    expect(await get(`/resource-servers/${encodeURIComponent(api.id)}`)).toMatchObject({ status: 200, body: { name: 'Orders' } })
  })

  test.each([
    ['a form', 'template=web', 'application/x-www-form-urlencoded', 415],
    ['text', '{}', 'text/plain', 415],
    ['no type at all', '{}', '', 415],
    ['broken JSON', '{"template":', 'application/json', 400],
    ['a list', '[]', 'application/json', 400],
    ['a text', '"x"', 'application/json', 400],
    ['a prototype', '{"__proto__": {"template": "web"}}', 'application/json', 400],
    ['too much', JSON.stringify({ client_name: 'x'.repeat(1_100_000) }), 'application/json', 413],
  ])('a body that is %s is refused', async (_, raw, type, status) => {
    expect((await call('POST', '/clients', { raw, headers: { 'content-type': type } })).status).toBe(status)
  })

  test('a compressed body is refused unread', async () => {
    const headers = { 'content-encoding': 'gzip' }
    expect(await call('POST', '/clients', { body: {}, headers })).toMatchObject({ status: 415 })
  })

  test('R-180 every problem names its kind, which is described, and a reference', async () => {
    const answer = await get('/clients/nobody')
    const { type, instance } = answer.body
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(instance).toMatch(/^DW-/)
    expect(answer.headers['x-request-id']).toBe(instance)
    const described = await send(String(type))
    expect(JSON.parse(described.text)).toMatchObject({ type, status: 404 })
  })
})

describe('R-175 mass assignment', () => {
  test.each([{ source: 'file' }, { secrets: [] }, { role: 'admin' }, { policy: {} }, { disabledAt: null }, { id: 'console' }])(
    '%j is refused, and nothing is registered',
    async (more) => {
      const { answer } = await newClient(more).catch(() => ({ answer: null }))
      expect(answer ?? { status: 422 }).toMatchObject({ status: 422 })
    },
  )

  test('a person is not given a role by anything but its own operation', async () => {
    await stage.signIn('bo@example.org')
    const [row] = await query<{ id: string }>(stage.service.databaseUrl, 'select id from account')
    const body = { profile: { name: 'Bo' }, role: 'admin' }
    expect(await call('PATCH', `/accounts/${row?.id}`, { body })).toMatchObject({ status: 422 })
    expect(await query(stage.service.databaseUrl, 'select role from account')).toEqual([{ role: null }])
  })
})

describe('versions', () => {
  test('what is shown has an ETag, and is not shown again to whoever has it', async () => {
    const { client_id, version } = await newClient()
    const shown = await get(`/clients/${client_id}`)
    expect(shown.headers.etag).toBe(`"${version}"`)
    const again = await get(`/clients/${client_id}`, { 'if-none-match': `"x", W/"${version}"` })
    expect(again).toMatchObject({ status: 304, text: '' })
    expect((await get(`/clients/${client_id}`, { 'if-none-match': '"x"' })).status).toBe(200)
  })

  test('of two who change at once by what they have seen one is told to look again', async () => {
    const { client_id, version } = await newClient()
    const change = (client_name: string) =>
      call('PATCH', `/clients/${client_id}`, { body: { fields: { client_name } }, headers: { 'if-match': `"${version}"` } })
    const answers = await Promise.all([change('One'), change('Two')])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412])
    const winner = answers.find(({ status }) => status === 200)
    expect(winner?.headers.etag).not.toBe(`"${version}"`)
    expect((await get(`/clients/${client_id}`)).headers.etag).toBe(winner?.headers.etag)
  })

  test('one of several versions will do, a weak one never, and * asks for no more than that it is there', async () => {
    const { client_id, version } = await newClient()
    const change = (ifMatch: string) =>
      call('PATCH', `/clients/${client_id}`, { body: { fields: {} }, headers: { 'if-match': ifMatch } })
    expect((await change(`W/"${version}"`)).status).toBe(412)
    expect((await change(version)).status).toBe(400)
    expect((await change('*')).status).toBe(200)
    expect((await change(`"x", "${version}"`)).status).toBe(200)
  })
})

describe('Idempotency-Key', () => {
  test('ten at once register one application, and all are told its secret', async () => {
    const body = { template: 'web', client_name: 'Once', redirect_uris: ['https://once.example.org/callback'] }
    const headers = { 'idempotency-key': randomUUID() }
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('POST', '/clients', { body, headers })))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 201, body: { secret: { secret: expect.any(String) } } })
    const found = await get('/clients?q=Once')
    expect(found.body.items).toHaveLength(1)
  })

  test('the same key with another request is refused, and nothing is done', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const invite = (address: string) => call('POST', '/invitations', { body: { address }, headers })
    expect((await invite('one@example.org')).status).toBe(201)
    expect(codeOf(await invite('two@example.org'))).toBe('idempotency_mismatch')
    const { rows } = {
      rows: await query(stage.service.databaseUrl, `select 1 from invitation where canonical = 'two@example.org'`),
    }
    expect(rows).toEqual([])
  })

  test('reading takes no key', async () => {
    expect((await get('/clients', { 'idempotency-key': 'x' })).status).toBe(400)
  })
})

describe('R-176 lists', () => {
  test('lead from page to page by Link, as JSON or by lines, and every item comes once', async () => {
    const names = ['Page A', 'Page B', 'Page C']
    for (const client_name of names) await newClient({ client_name })
    const seen: string[] = []
    let next: string | null = '/clients?q=Page&limit=2'
    while (next !== null) {
      const answer: Awaited<ReturnType<typeof get>> = await get(next, { accept: 'application/x-ndjson' })
      expect(answer.headers['content-type']).toContain('application/x-ndjson')
      seen.push(
        ...answer.text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line).client_name),
      )
      const [, link] = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link ?? '')) ?? []
      next = link ? link.replace(apiOf(stage.service), '') : null
    }
    expect(seen).toEqual(names)
  })

  test('a cursor of another list, another filter, or of nobody is refused, and no SQL hears of it', async () => {
    const { next } = (await get('/clients?limit=1')).body
    for (const path of [
      `/clients?state=on&cursor=${next}`,
      `/accounts?cursor=${next}`,
      `/clients?cursor=${String(next).slice(0, -1)}${String(next).endsWith('x') ? 'y' : 'x'}`,
      `/clients?cursor=${encodeURIComponent("'; drop table client; --")}`,
      `/audit?cursor=${Buffer.from('["x"]').toString('base64url')}.x`,
      '/audit-chain/verify?cursor=x',
      '/clients?cursor=%00',
      '/clients?cursor=',
      `/accounts?cursor=${'x'.repeat(1001)}`,
    ]) {
      expect(await get(path)).toMatchObject({ status: 400, body: { faults: [{ field: 'cursor' }] } })
    }
    expect(stage.service.output()).not.toContain('a request failed')
  })

  test.each(['0', '201', '-1', 'x', '1e9', ''])('a page of %s is refused', async (limit) => {
    expect((await get(`/clients?limit=${limit}`)).status).toBe(422)
  })
})

test("R-175 other people's ids lead nowhere: nothing is told, nothing fails", async () => {
  const ids = ['nobody', '..', "'", '%25', 'a%0ab', '%F0%9F%92%A9', 'x'.repeat(90)]
  for (const id of ids) {
    for (const path of [`/clients/${id}`, `/accounts/${id}`, `/messages/${id}`, `/resource-servers/${id}`]) {
      const answer = await get(path)
      expect([404, 422]).toContain(answer.status)
    }
  }
  expect(stage.service.output()).not.toContain('a request failed')
})
