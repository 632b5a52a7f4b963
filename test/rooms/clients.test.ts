import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLog, createMetrics, hashOf, newId } from '../../src/base/index.ts'
import { type Client, type ClientStore, type ClientsFile, createClients, readClientsFile } from '../../src/clients/index.ts'
import { createClientStore } from '../../src/store/clients.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase, query } from '../support/database.ts'

const SECRET = 'one-secret-of-at-least-32-characters'
const NEXT_SECRET = 'the-next-secret-which-is-long-enough'
const ENV = { APP_SECRET: SECRET, NEXT_SECRET, SHORT: SECRET.slice(0, 31), EXACT: SECRET.slice(0, 32), EMPTY: '' }
const WEB = { client_id: 'shop', client_secret_env: 'APP_SECRET', redirect_uris: ['https://shop.example/callback'] }
const PUBLIC = { ...WEB, client_secret_env: undefined, token_endpoint_auth_method: 'none' }
const NATIVE = { ...PUBLIC, application_type: 'native' }
const API = { id: 'https://api.example', name: 'Orders', scopes: { 'orders:read': 'See your orders' } }

type Entry = Record<string, unknown>

// JSON is YAML, so entries can be written as objects.
function read(clients: Entry[], options: { apis?: Entry[]; trial?: boolean; files?: (path: string) => string } = {}) {
  const text = JSON.stringify({ clients, ...(options.apis ? { resource_servers: options.apis } : {}) })
  const readSecretFile = options.files ?? (() => Promise.reject(new Error('none')) as never)
  return readClientsFile(text, { env: ENV, readSecretFile, trial: options.trial ?? false })
}

function fileOf(...args: Parameters<typeof read>): ClientsFile {
  const result = read(...args)
  if (!result.ok) throw new Error(result.faults.join('\n'))
  return result.file
}

function clientOf(entry: Entry, options: Parameters<typeof read>[1] = {}): Client {
  return fileOf([entry], options).clients[0] as Client
}

function faults(entry: Entry, options: Parameters<typeof read>[1] = {}): string[] {
  const result = read([entry], options)
  return result.ok ? [] : result.faults
}

describe('a web application', () => {
  test('gets safe defaults', () => {
    expect(clientOf(WEB)).toEqual({
      id: 'shop',
      metadata: {
        client_name: 'shop',
        redirect_uris: ['https://shop.example/callback'],
        post_logout_redirect_uris: [],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
        id_token_signed_response_alg: 'ES256',
        scope: 'openid profile email offline_access',
      },
      policy: {
        firstParty: false,
        requirePkce: true,
        refreshToken: 'offline_access',
        profileClaimsInIdToken: false,
        corsOrigins: [],
        resources: [],
        madeBy: null,
      },
      secretHashes: [hashOf(SECRET)],
    })
  })

  test('is described in YAML by the names of OpenID Connect', () => {
    const text = `
      clients:
        - client_id: shop # a comment
          client_name: Shop
          client_secret_env: APP_SECRET
          redirect_uris: [https://shop.example/callback]
          backchannel_logout_uri: https://shop.example/logout
          first_party: true
          refresh_token: always
          made_by: Example Ltd
          resources: [https://api.example]
      resource_servers:
        - id: https://api.example
          scopes: { "orders:read": See your orders }
          access_token_ttl: 2m`
    const result = readClientsFile(text, { env: ENV, readSecretFile: () => '' })
    expect(result).toMatchObject({
      ok: true,
      file: {
        clients: [
          { metadata: { client_name: 'Shop' }, policy: { firstParty: true, refreshToken: 'always', madeBy: 'Example Ltd' } },
        ],
        resourceServers: [{ id: 'https://api.example', tokenFormat: 'jwt', signingAlg: 'ES256', accessTokenTtlSeconds: 120 }],
      },
    })
  })

  test('R-012 that never gets refresh tokens has neither the grant nor the scope', () => {
    const { metadata, policy } = clientOf({ ...WEB, refresh_token: 'never' })
    expect(metadata).toMatchObject({ grant_types: ['authorization_code'], scope: 'openid profile email' })
    expect(policy.refreshToken).toBe('never')
    expect(faults({ ...WEB, refresh_token: 'never', grant_types: ['authorization_code', 'refresh_token'] })).toHaveLength(1)
  })

  test('R-011 cannot register implicit or password grants, nor other response types', () => {
    for (const bad of [
      { grant_types: ['implicit'] },
      { grant_types: ['password'] },
      { response_types: ['token'] },
      { response_types: ['id_token'] },
    ]) {
      expect(faults({ ...WEB, ...bad })).toHaveLength(1)
    }
  })

  test('a machine needs no redirect and takes no response type', () => {
    const machine = {
      client_id: 'job',
      client_secret_env: 'APP_SECRET',
      grant_types: ['client_credentials'],
      resources: [API.id],
    }
    expect(clientOf(machine, { apis: [API] }).metadata).toMatchObject({ response_types: [], redirect_uris: [] })
    expect(faults({ ...machine, token_endpoint_auth_method: 'none', client_secret_env: undefined }, { apis: [API] })).toEqual([
      expect.stringContaining('clients[0].grant_types'),
    ])
    expect(faults({ ...WEB, redirect_uris: [] })).toEqual(['clients[0].redirect_uris: must name at least one URI'])
  })

  test('R-006 a public client cannot switch PKCE off, a confidential one can', () => {
    expect(faults({ ...PUBLIC, require_pkce: false })).toEqual([expect.stringContaining('clients[0].require_pkce')])
    expect(clientOf({ ...WEB, require_pkce: false }).policy.requirePkce).toBe(false)
  })
})

describe('R-163 redirects', () => {
  const both = ['redirect_uris', 'post_logout_redirect_uris'] as const
  const judge = (base: Entry, uri: string, trial = false): string[] =>
    both.flatMap((key) =>
      faults({ ...base, [key]: [uri] }, { trial }).map((line) =>
        line.replace(/^clients\[0\]\.(post_logout_)?redirect_uris\[0\]: /, ''),
      ),
    )

  test.each([
    'https://shop.example',
    'https://shop.example/cb',
    'https://shop.example:8443/cb?x=1',
    'https://xn--bcher-kva.example/cb',
  ])('R-163 %s is taken for everybody', (uri) => expect([...judge(WEB, uri), ...judge(NATIVE, uri)]).toEqual([]))

  test.each(['http://127.0.0.1/cb', 'http://[::1]:8080/cb', 'http://localhost:3001/cb'])(
    'R-163 %s is for native clients and trial mode',
    (uri) => {
      expect(judge(NATIVE, uri)).toEqual([])
      expect(judge(WEB, uri, true)).toEqual([])
      expect(judge(WEB, uri)).toEqual(Array(2).fill(expect.stringContaining('must be https')))
    },
  )

  test.each(['com.example.app:/cb', 'com.example.app://cb/x'])(
    'R-163 the private-use scheme of %s is for native clients',
    (uri) => {
      expect(judge(NATIVE, uri)).toEqual([])
      expect(judge(WEB, uri, true)).toEqual(Array(2).fill(expect.stringContaining('native')))
    },
  )

  test.each([
    ['javascript:alert(1)', 'javascript:'],
    ['JavaScript:alert(1)', 'javascript:'],
    ['data:text/html,x', 'data:'],
    ['file:///etc/passwd', 'file:'],
    ['vbscript:x', 'vbscript:'],
    ['blob:https://shop.example/1', 'blob:'],
    ['about:blank', 'about:'],
    ['view-source:https://shop.example/', 'view-source:'],
    ['https://shop.example/cb#x', 'fragment'],
    ['https://shop.example/cb#', 'fragment'],
    ['com.example.app:/cb#x', 'fragment'],
    ['https://user@shop.example/cb', 'user name'],
    ['https://user:pw@shop.example/cb', 'user name'],
    ['https://@shop.example/cb', 'user name'],
    ['https://:@shop.example/cb', 'user name'],
    ['https://*.shop.example/cb', 'wildcard'],
    ['https://shop.example/*', 'wildcard'],
    ['myapp:/cb', 'needs a dot'],
    ['myapp://cb', 'needs a dot'],
    ['ftp://shop.example/cb', 'needs a dot'],
    ['http://shop.example/cb', 'must be https'],
    ['http://127.0.0.1.evil.example/cb', 'must be https'],
    ['http://localhost.evil.example/cb', 'must be https'],
    ['http://10.0.0.1/cb', 'must be https'],
    ['http://2130706433/cb', 'normal form'],
    ['http://0x7f.1/cb', 'normal form'],
    ['https://SHOP.example/cb', 'write https://shop.example/cb'],
    ['https://shop.example:443/cb', 'write https://shop.example/cb'],
    ['https://shop.example/a/../cb', 'write https://shop.example/cb'],
    ['https://shop.example/%2e%2e/cb', 'write https://shop.example/cb'],
    ['https:shop.example/cb', 'normal form'],
    ['https:\\\\shop.example/cb', 'backslash'],
    ['https://shop.example\\@evil.example/', 'backslash'],
    [' https://shop.example/cb', 'white space'],
    ['https://shop.example/c b', 'white space'],
    ['java\nscript:alert(1)', 'white space'],
    ['https://shop.example/\u0000', 'white space'],
    ['https://bücher.example/cb', 'percent-encoded'],
    ['/cb', 'no absolute URI'],
    ['//shop.example/cb', 'no absolute URI'],
    ['', 'no absolute URI'],
    [`https://shop.example/${'x'.repeat(2000)}`, 'longer'],
  ])('R-163 %j is refused for everybody, with the reason', (uri, reason) => {
    for (const base of [WEB, NATIVE]) {
      for (const trial of [false, true]) expect(judge(base, uri, trial)).toEqual(Array(2).fill(expect.stringContaining(reason)))
    }
  })

  test('R-163 a native client claims no https on loopback', () => {
    expect(judge(NATIVE, 'https://localhost/cb')).toHaveLength(2)
  })

  test('R-163 pages and endpoints of a client are https, or loopback in trial mode', () => {
    for (const key of ['client_uri', 'policy_uri', 'tos_uri', 'backchannel_logout_uri', 'jwks_uri', 'initiate_login_uri']) {
      expect(faults({ ...WEB, [key]: 'https://shop.example/x' })).toEqual([])
      for (const bad of [
        'http://shop.example/x',
        'javascript:alert(1)',
        'data:,x',
        'com.example.app:/x',
        'https://u@shop.example/',
        'http://127.0.0.1/x',
      ]) {
        expect([key, bad, faults({ ...WEB, [key]: bad })]).toEqual([key, bad, [expect.stringContaining(`clients[0].${key}: `)]])
      }
    }
    expect(faults({ ...WEB, client_uri: 'http://127.0.0.1:3001/' }, { trial: true })).toEqual([])
  })

  test('R-046 origins of scripts are exact origins', () => {
    expect(clientOf({ ...PUBLIC, cors_origins: ['https://shop.example'] }).policy.corsOrigins).toEqual(['https://shop.example'])
    for (const bad of [
      'null',
      '*',
      'https://shop.example/',
      'https://*.shop.example',
      'http://shop.example',
      'https://shop.example/x',
      'com.example.app:/',
    ]) {
      expect([bad, faults({ ...PUBLIC, cors_origins: [bad] })]).toEqual([
        bad,
        [expect.stringContaining('clients[0].cors_origins[0]: ')],
      ])
    }
  })
})

describe('secrets', () => {
  test('R-170 are stored as a hash only, from the environment or a file', () => {
    expect(clientOf(WEB).secretHashes).toEqual([hashOf(SECRET)])
    const fromFile = { ...WEB, client_secret_env: undefined, client_secret_file: '/run/secrets/shop' }
    const client = clientOf(fromFile, { files: (path) => (path === '/run/secrets/shop' ? `${SECRET}\n` : '') })
    expect(client.secretHashes).toEqual([hashOf(SECRET)])
    expect(JSON.stringify(client)).not.toContain(SECRET)
  })

  test('R-171 two may overlap while one is changed; both match, nothing else does', () => {
    const client = clientOf({ ...WEB, client_secret_env: ['NEXT_SECRET', 'APP_SECRET'] })
    const { secretMatches } = createClients({
      store: {} as ClientStore,
      clock: { now: () => new Date(0) },
      log: createLog('silent'),
    })
    expect(
      [SECRET, NEXT_SECRET, `${SECRET}x`, SECRET.slice(1), '', hashOf(SECRET)].map((text) => secretMatches(client, text)),
    ).toEqual([true, true, false, false, false, false])
    expect(secretMatches({ ...client, secretHashes: [] }, '')).toBe(false)
  })

  test('a secret in the file itself is a fault that does not repeat it', () => {
    const lines = faults({ ...WEB, client_secret: SECRET })
    expect(lines).toEqual([expect.stringMatching(/^clients\[0\]\.client_secret: write no secret into this file/)])
    expect(lines.join()).not.toContain(SECRET)
  })

  test('are at least 32 characters, and there', () => {
    expect(faults({ ...WEB, client_secret_env: 'EXACT' })).toEqual([])
    expect(faults({ ...WEB, client_secret_env: 'SHORT' })).toEqual([expect.stringContaining('shorter than 32')])
    expect(faults({ ...WEB, client_secret_env: 'EMPTY' })).toEqual([expect.stringContaining('EMPTY is not set')])
    expect(faults({ ...WEB, client_secret_env: 'toString' })).toHaveLength(1)
    expect(faults({ ...WEB, client_secret_env: undefined })).toEqual([
      expect.stringContaining('is needed for client_secret_basic'),
    ])
    const missing = { ...WEB, client_secret_env: undefined, client_secret_file: '/nowhere' }
    const files = (): string => {
      throw new Error('ENOENT')
    }
    expect(faults(missing, { files })).toEqual([expect.stringContaining('/nowhere cannot be read')])
  })

  test('are not for public clients, nor for those that sign', () => {
    expect(faults({ ...WEB, token_endpoint_auth_method: 'none' })).toHaveLength(1)
    const signing = { ...PUBLIC, token_endpoint_auth_method: 'private_key_jwt' }
    expect(faults({ ...signing, jwks_uri: 'https://shop.example/jwks' })).toEqual([])
    expect(faults(signing)).toEqual([expect.stringContaining('either jwks or jwks_uri')])
    expect(faults({ ...WEB, token_endpoint_auth_method: 'client_secret_jwt' })).toHaveLength(1)
    expect(faults({ ...signing, jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'secret' }] } })).toEqual([
      'clients[0].jwks.keys[0]: holds a private or symmetric key',
    ])
  })
})

describe('the file', () => {
  test('R-040 no client id can be taken for the id of a person', () => {
    for (let count = 0; count < 50; count += 1) expect(faults({ ...WEB, client_id: newId() })).toHaveLength(1)
    expect(faults({ ...WEB, client_id: 'a'.repeat(21) })).toEqual([])
    expect(faults({ ...WEB, client_id: 'a'.repeat(23) })).toEqual([])
    expect(faults({ ...WEB, client_id: `${'a'.repeat(21)}.` })).toEqual([])
  })

  test.each(['', 'a b', 'a"b', 'ä', 'a\n', 'a'.repeat(201)])('refuses the client id %j', (id) => {
    expect(faults({ ...WEB, client_id: id })).toEqual([expect.stringContaining('clients[0].client_id')])
  })

  test('unknown keys are faults, everywhere and by place', () => {
    const text = JSON.stringify({
      clients: [WEB, { ...WEB, client_id: 'b', redirect_uri: 'x' }],
      resource_servers: [{ ...API, scope: 'x' }],
      extra: 1,
    })
    expect(readClientsFile(text, { env: ENV, readSecretFile: () => '' })).toEqual({ ok: false, faults: ['extra: unknown key'] })
    expect(read([WEB, { ...WEB, client_id: 'b', redirect_uri: 'x' }], { apis: [{ ...API, scope: 'x' }] })).toEqual({
      ok: false,
      faults: ['resource_servers[0].scope: unknown key', 'clients[1].redirect_uri: unknown key'],
    })
  })

  test.each(['__proto__', 'constructor', 'prototype'])('R-139 the key %s is refused at any depth', (key) => {
    const inside = `clients:\n  - client_id: a\n    ${key}: {first_party: true}\n`
    const scopes = `clients: []\nresource_servers:\n  - id: https://api.example\n    scopes: {${key}: x}\n`
    for (const text of [`${key}: 1\n`, inside, scopes]) {
      expect(readClientsFile(text, { env: ENV, readSecretFile: () => '' })).toEqual({
        ok: false,
        faults: [expect.stringContaining('not allowed')],
      })
    }
  })

  test.each([
    '',
    'clients: []',
    'clients:',
    '- 1',
    'clients: [',
    'a: 1\na: 2',
    'clients: []\n---\nclients: []',
    'clients: &a [*a]',
    '!!js/function x',
  ])('that says %j is refused', (text) =>
    expect(readClientsFile(text, { env: ENV, readSecretFile: () => '' })).toMatchObject({ ok: false }),
  )

  test('an id used twice and a resource nobody declared are faults', () => {
    expect(read([WEB, WEB])).toEqual({ ok: false, faults: ['clients[1].client_id: is used twice'] })
    expect(faults({ ...WEB, resources: [API.id] })).toEqual(['clients[0].resources[0]: is not listed under resource_servers'])
    expect(faults(WEB, { apis: [API, API] })).toEqual([expect.stringContaining('is used twice')])
  })

  test('R-138 names hold no control and no direction characters', () => {
    for (const name of ['a\nb', 'a\u202eb', 'a\u0000', 'x'.repeat(101)])
      expect(faults({ ...WEB, client_name: name })).toHaveLength(1)
    expect(clientOf({ ...WEB, client_name: 'Bücher & “Mehr” <b>' }).metadata.client_name).toBe('Bücher & “Mehr” <b>')
  })

  test('a JWT lives at most five minutes, an opaque token a day', () => {
    const ttl = (value: string, format: string): string[] =>
      faults(WEB, { apis: [{ ...API, token_format: format, access_token_ttl: value }] })
    expect([ttl('30s', 'jwt'), ttl('300s', 'jwt'), ttl('1d', 'opaque')].flat()).toEqual([])
    for (const [value, format] of [
      ['29s', 'jwt'],
      ['301s', 'jwt'],
      ['86401s', 'opaque'],
      ['soon', 'jwt'],
    ] as const)
      expect(ttl(value, format)).toHaveLength(1)
  })

  test.each(['api', '/api', 'https://api.example/#x', 'https://u@api.example', 'javascript:x'])(
    'R-025 %s is no resource indicator',
    (id) => {
      expect(faults(WEB, { apis: [{ ...API, id }] })).toEqual([expect.stringContaining('resource_servers[0].id: ')])
    },
  )

  test('an API cannot redefine scopes of OpenID Connect', () => {
    for (const scope of ['openid', 'email', 'offline_access', 'a b', 'a"b']) {
      expect(faults(WEB, { apis: [{ ...API, scopes: { [scope]: 'x' } }] })).toHaveLength(1)
    }
  })
})

describe('in the database', () => {
  let url: string
  let db: Database
  let at = new Date('2030-01-01T00:00:00Z')
  const clock = { now: () => at }
  const log = createLog('silent')

  beforeAll(async () => {
    url = await freshDatabase()
    db = openDatabase({ url, poolSize: 5, log, metrics: createMetrics(), clock })
  })
  afterAll(() => db.close())

  const roomOn = (store: ClientStore = createClientStore(db)) => createClients({ store, clock, log })
  const file = fileOf(
    [
      { ...WEB, resources: [API.id] },
      { ...PUBLIC, client_id: 'spa' },
    ],
    { apis: [API] },
  )

  test('a file applied twice changes nothing the second time', async () => {
    const room = roomOn()
    expect(await db.transact((tx) => room.apply(tx, file, 'file'))).toEqual({ created: 3, updated: 0, removed: 0 })
    const before = await query(url, 'select * from client order by id')
    at = new Date('2030-01-02T00:00:00Z')
    expect(await db.transact((tx) => room.apply(tx, file, 'file'))).toEqual({ created: 0, updated: 0, removed: 0 })
    expect(await query(url, 'select * from client order by id')).toEqual(before)
    expect(await room.find('shop')).toEqual(file.clients[0])
    expect(await room.resourceServers()).toEqual(file.resourceServers)
    expect(await room.resourceServer(API.id)).toEqual(file.resourceServers[0])
    expect(await room.resourceServer(`${API.id}/`)).toBeNull()
  })

  test('two processes that apply it at once make it once', async () => {
    const other = fileOf([{ ...WEB, client_id: 'raced' }])
    const applied = await Promise.all([roomOn(), roomOn()].map((room) => db.transact((tx) => room.apply(tx, other, 'file'))))
    expect(applied.map(({ created }) => created).sort()).toEqual([0, 1])
  })

  test('what changed is updated, what left is removed, and a roll-back leaves everything', async () => {
    const room = roomOn()
    await db.transact((tx) => room.apply(tx, file, 'file'))
    const next = fileOf([{ ...WEB, client_name: 'Shop', resources: [API.id] }], { apis: [API] })
    const failing = db.transact(async (tx) => {
      await room.apply(tx, next, 'file')
      throw new Error('later work failed')
    })
    await expect(failing).rejects.toThrow('later work failed')
    expect((await room.find('shop'))?.metadata.client_name).toBe('shop')
    expect(await db.transact((tx) => room.apply(tx, next, 'file'))).toEqual({ created: 0, updated: 1, removed: 1 })
    expect((await room.find('shop'))?.metadata.client_name).toBe('Shop')
    expect(await room.find('spa')).toBeNull()
  })

  test('R-172 the demo of a trial does not outlive a clients file', async () => {
    const room = roomOn()
    await db.transact((tx) => room.apply(tx, fileOf([{ ...WEB, client_id: 'demo' }]), 'trial'))
    expect(await room.find('demo')).not.toBeNull()
    await db.transact((tx) => room.apply(tx, file, 'file'))
    expect(await room.find('demo')).toBeNull()
    expect(await query(url, `select id from client where source = 'trial'`)).toEqual([])
  })

  test('R-170 the tables hold no secret', async () => {
    expect(JSON.stringify(await query(url, 'select * from client'))).not.toContain(SECRET)
  })

  test('is asked once in five seconds, also for what is not there, and never for what cannot be', async () => {
    const asked: string[] = []
    const real = createClientStore(db)
    const findClient = (id: string) => {
      asked.push(id)
      return real.findClient(id)
    }
    const room = roomOn({ ...real, findClient })
    for (const id of ['shop', 'nobody', 'shop', 'nobody', '', 'x y', 'é', 'x'.repeat(201)]) await room.find(id)
    expect(asked).toEqual(['shop', 'nobody'])
    at = new Date(at.getTime() + 4999)
    await room.find('shop')
    expect(asked).toHaveLength(2)
    at = new Date(at.getTime() + 1)
    await room.find('shop')
    expect(asked).toHaveLength(3)
    room.forget()
    await room.find('shop')
    expect(asked).toHaveLength(4)
  })

  test('a flood of unknown ids does not push out the clients that exist', async () => {
    const asked: string[] = []
    const store = {
      ...createClientStore(db),
      findClient: async (id: string) => {
        asked.push(id)
        return id === 'shop' ? (file.clients[0] as Client) : null
      },
    }
    const room = roomOn(store)
    await room.find('shop')
    for (let count = 0; count < 2000; count += 1) await room.find(`unknown-${count}`)
    asked.length = 0
    await room.find('shop')
    expect(asked).toEqual([])
    await room.find('unknown-0')
    expect(asked).toEqual(['unknown-0'])
  })
})
