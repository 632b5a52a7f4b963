import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createLog, createMetrics, hashOf } from '../../src/base/index.ts'
import { type Client, type Clients, createClients, fieldsOf, readRegistration } from '../../src/clients/index.ts'
import { createClientStore } from '../../src/store/clients.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase, query } from '../support/database.ts'
import { API, clientOf, type Entry, fileOf, NATIVE, NEXT_SECRET, PUBLIC, SECRET, WEB } from './clients-samples.ts'

const NOW = new Date('2030-01-01T00:00:00Z')

let url: string
let db: Database
let room: Clients
const log = createLog('silent')
const clock = { now: () => NOW }

beforeAll(async () => {
  url = await freshDatabase()
  db = openDatabase({ url, poolSize: 5, log, metrics: createMetrics(), clock })
})
afterAll(() => db.close())
beforeEach(async () => {
  await query(url, 'truncate client, resource_server, oidc_record cascade')
  room = createClients({ store: createClientStore(db), clock, log })
})

const apply = (entries: Entry[], apis?: Entry[]) =>
  db.transact((tx) => room.apply(tx, fileOf(entries, apis ? { apis } : {}), 'file'))
const plan = (entries: Entry[], apis?: Entry[]) => room.plan(fileOf(entries, apis ? { apis } : {}), 'file')
const stored = async (id: string): Promise<Client> => {
  room.forget()
  const found = await room.find(id)
  if (!found) throw new Error(`${id} is not there`)
  return found
}

/** As an administrator registers it. */
async function fromConsole(entry: Entry, secret: string | null): Promise<void> {
  const { id, metadata, policy } = clientOf(entry)
  const made = { id: 'first', hint: 'abcd', createdAt: NOW, expiresAt: null, madeBy: 'somebody' }
  const secrets = secret === null ? [] : [{ ...made, hash: hashOf(secret) }]
  const client = { id, metadata, policy, secrets, source: 'console' as const, disabledAt: null, expiresAt: null }
  await db.transact((tx) => createClientStore(db).save(tx, { clients: [client], resourceServers: [] }, NOW))
}

describe('a plan', () => {
  test('tells what apply does, by entry and by field, and changes nothing', async () => {
    await apply(
      [
        { ...WEB, resources: [API.id] },
        { ...PUBLIC, client_id: 'spa' },
      ],
      [API],
    )
    const next = [
      { ...WEB, client_name: 'Shop', resources: [API.id] },
      { ...PUBLIC, client_id: 'new' },
    ]
    const api = { ...API, scopes: {} }
    const entries = await plan(next, [api])
    expect(entries.map(({ id, action }) => [id, action])).toEqual([
      ['shop', 'change'],
      ['new', 'create'],
      ['spa', 'remove'],
      [API.id, 'change'],
    ])
    expect(entries[0]?.changes).toEqual([{ field: 'client_name', before: 'shop', after: 'Shop' }])
    expect(entries[1]?.changes).toContainEqual({ field: 'redirect_uris', before: null, after: WEB.redirect_uris })
    expect(entries[2]?.changes).toContainEqual({ field: 'token_endpoint_auth_method', before: 'none', after: null })
    expect(entries[3]?.changes).toEqual([{ field: 'scopes', before: API.scopes, after: {} }])
    expect((await stored('shop')).metadata.client_name).toBe('shop')
    expect(await apply(next, [api])).toMatchObject({ created: 1, updated: 2, removed: 1, waiting: [] })
    expect(await plan(next, [api])).toEqual([])
  })

  test('R-171 shows that a secret changes, and no more of it than its end', async () => {
    await apply([WEB])
    const entries = await plan([{ ...WEB, client_secret_env: 'NEXT_SECRET' }])
    expect(entries[0]?.changes).toEqual([{ field: 'secrets', before: ['…ters'], after: ['…ough'] }])
    for (const hidden of [SECRET, NEXT_SECRET, hashOf(SECRET), hashOf(NEXT_SECRET)])
      expect(JSON.stringify(entries)).not.toContain(hidden)
  })

  test('names each field as the file does: reading them makes the same client again', () => {
    const full = {
      ...NATIVE,
      ...{
        client_uri: 'https://shop.example',
        logo_uri: 'https://shop.example/l.png',
        contacts: ['us@shop.example'],
        default_max_age: 60,
      },
      ...{ first_party: true, methods: ['sms'], access_token_ttl: 90, id_token_ttl: '2h', refresh_token_ttl: '30d' },
      ...{
        color: '#A1b2C3',
        rescue_delay: '90m',
        second_factor: 'off',
        made_by: 'Fabrikam',
        cors_origins: ['https://shop.example'],
      },
    }
    const machine = { client_id: 'job', client_secret_env: 'APP_SECRET', grant_types: ['client_credentials'], disabled: true }
    for (const entry of [WEB, PUBLIC, full, machine, { ...WEB, refresh_token: 'never' }, { ...WEB, scope: 'openid' }]) {
      const { id, metadata, policy, disabled } = clientOf(entry)
      const fields = fieldsOf({ id, metadata, policy, disabledAt: disabled ? NOW : null })
      const rules = { trial: false, resources: new Set<string>(), adminApi: null, ttlMaxSeconds: null }
      const note = (key: string, words: string) => expect(`${key}: ${words}`).toBe('')
      expect(readRegistration({ ...fields, client_id: id }, rules, note)).toEqual({ id, metadata, policy, disabled })
    }
  })
})

describe('what was registered in the console', () => {
  test('stays where the file does not name it', async () => {
    await fromConsole({ ...WEB, client_id: 'by-hand' }, SECRET)
    expect(await apply([WEB])).toMatchObject({ created: 1, removed: 0 })
    expect((await stored('by-hand')).source).toBe('console')
  })

  test('is taken over where the file does, which the plan says; its secrets stay until the file names some', async () => {
    await fromConsole(WEB, SECRET)
    const unnamed = { ...WEB, client_secret_env: undefined, client_name: 'Shop' }
    expect(await plan([unnamed])).toMatchObject([
      {
        action: 'take-over',
        changes: [
          { field: 'client_name', before: 'shop', after: 'Shop' },
          { field: 'source', before: 'console', after: 'file' },
        ],
      },
    ])
    await apply([unnamed])
    const taken = await stored('shop')
    expect(taken).toMatchObject({ source: 'file', secrets: [{ id: 'first', madeBy: 'somebody' }] })
    expect(room.secretMatches(taken, SECRET)).toBe(true)
    await apply([{ ...WEB, client_secret_env: 'NEXT_SECRET' }])
    const named = await stored('shop')
    expect([SECRET, NEXT_SECRET].map((text) => room.secretMatches(named, text))).toEqual([false, true])
  })

  test('a resource server is taken over as well', async () => {
    const [server] = fileOf([WEB], { apis: [API] }).resourceServers
    if (!server) throw new Error('it declares one')
    const rows = { clients: [], resourceServers: [{ ...server, source: 'console' as const }] }
    await db.transact((tx) => createClientStore(db).save(tx, rows, NOW))
    expect(await plan([WEB], [API])).toContainEqual(expect.objectContaining({ id: API.id, action: 'take-over' }))
    expect(await plan([WEB])).not.toContainEqual(expect.objectContaining({ id: API.id }))
  })
})

describe('a secret that is not there yet', () => {
  const late = { ...WEB, client_secret_env: 'LATE', client_name: 'Later' }

  test('makes a new client wait, and nothing is made up for it', async () => {
    const waiting = [{ id: 'shop', words: 'the variable LATE is not set' }]
    expect(await apply([late])).toMatchObject({ created: 0, updated: 0, removed: 0, waiting })
    expect(await plan([late])).toEqual([{ kind: 'client', id: 'shop', action: 'wait', changes: [], words: waiting[0]?.words }])
    expect(await room.find('shop')).toBeNull()
  })

  test('leaves one that is there as it was, whoever registered it', async () => {
    await fromConsole(WEB, SECRET)
    await apply([late])
    expect(await stored('shop')).toMatchObject({ source: 'console', metadata: { client_name: 'shop' } })
    await apply([WEB])
    expect(await apply([late])).toMatchObject({ updated: 0, removed: 0 })
    const kept = await stored('shop')
    expect(kept.metadata.client_name).toBe('shop')
    expect(room.secretMatches(kept, SECRET)).toBe(true)
  })

  test('is missed too where none is named and the client has none', async () => {
    expect((await apply([{ ...WEB, client_secret_env: undefined }])).waiting).toEqual([
      { id: 'shop', words: expect.stringContaining('names no secret') },
    ])
  })
})

describe('a client that the file switches off', () => {
  const token = (id: string, clientId: string, model = 'RefreshToken') =>
    query(
      url,
      `insert into oidc_record (model, id, payload, account_id, expires_at)
       values ($1, $2, jsonb_build_object('clientId', $3::text), 'ada', $4)`,
      [model, id, clientId, new Date('2031-01-01T00:00:00Z')],
    )
  const tokens = async () => (await query<{ id: string }>(url, 'select id from oidc_record order by id')).map(({ id }) => id)

  test('loses its tokens, and nobody else does; so does one that the file holds no more', async () => {
    await apply([WEB, { ...PUBLIC, client_id: 'spa' }, { ...PUBLIC, client_id: 'gone' }])
    for (const [at, client] of ['shop', 'spa', 'gone'].entries()) {
      await token(`${at}`, client)
      await token(`${at}-grant`, client, 'Grant')
    }
    await apply([
      { ...WEB, disabled: true },
      { ...PUBLIC, client_id: 'spa' },
    ])
    expect((await stored('shop')).disabledAt).toEqual(NOW)
    expect(await tokens()).toEqual(['1', '1-grant'])
  })

  test('keeps the moment, and is on again when the file says so', async () => {
    await apply([{ ...WEB, disabled: true }])
    expect(await apply([{ ...WEB, disabled: true }])).toMatchObject({ updated: 0 })
    await apply([WEB])
    expect((await stored('shop')).disabledAt).toBeNull()
  })
})

describe('a row of the version before', () => {
  test('has secrets by their hashes, and a file that names the same ones changes nothing', async () => {
    await apply([WEB])
    await query(url, `update client set secrets = '[]'`)
    const client = await stored('shop')
    expect(client.secrets).toEqual([{ id: '1', hash: hashOf(SECRET), hint: '', createdAt: NOW, expiresAt: null, madeBy: 'file' }])
    expect(await apply([WEB])).toMatchObject({ updated: 0 })
  })

  test('and instances of that version know every secret that has not ended', async () => {
    await apply([{ ...WEB, client_secret_env: ['APP_SECRET', 'NEXT_SECRET'] }])
    const client = await stored('shop')
    const [first, second] = client.secrets
    if (!first || !second) throw new Error('it has two')
    const ended = { ...client, secrets: [{ ...first, expiresAt: NOW }, second] }
    await db.transact((tx) => createClientStore(db).save(tx, { clients: [ended], resourceServers: [] }, NOW))
    expect(await query(url, 'select secret_hashes from client')).toEqual([{ secret_hashes: [second.hash] }])
  })
})
