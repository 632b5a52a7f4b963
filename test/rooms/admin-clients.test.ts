import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { kindOf } from '../../src/clients/index.ts'
import { type ClientStage, clientStage, faultOf, START, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'

afterAll(closeAll)

describe('an application from a template', () => {
  let stage: ClientStage
  beforeAll(async () => {
    stage = await clientStage()
  })

  test('R-171 a web app gets an id that reads like its name, PKCE, and a secret of 256 bits that is kept as a hash alone', async () => {
    const { client, secret } = await stage.perform('clients.create', WEB_APP)
    expect(client).toMatchObject({ client_id: 'team-wiki', kind: 'web', source: 'console', disabled: false })
    expect(client.fields).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      require_pkce: true,
      profile_claims_in_id_token: true,
      refresh_token: 'offline_access',
      first_party: false,
    })
    expect(Buffer.from(secret?.secret ?? '', 'base64url')).toHaveLength(32)
    const hint = secret?.secret.slice(-4)
    expect(client.secrets).toEqual([expect.objectContaining({ secret_id: secret?.secret_id, hint, made_by: 'person-1' })])
    const everything = [await stage.ask('select * from client'), await stage.ask('select * from audit_entry')]
    everything.push([await stage.perform('clients.get', { client_id: 'team-wiki' })])
    expect(JSON.stringify(everything)).not.toContain(secret?.secret)
    const stored = await stage.clients.find('team-wiki')
    expect(stored && stage.clients.secretMatches(stored, secret?.secret ?? '')).toBe(true)
    expect((await stage.told()).at(-1)).toMatchObject({ event: 'client.created', client_id: 'team-wiki', actor_id: 'person-1' })
  })

  test("one's own web app stays signed in without asking for it", async () => {
    const { client } = await stage.perform('clients.create', { ...WEB_APP, client_name: 'Shop', first_party: true })
    expect(client.fields.refresh_token).toBe('always')
  })

  test('a single-page app is public, has PKCE, and its scripts may read from where people come back to', async () => {
    const { client, secret } = await stage.perform('clients.create', {
      template: 'spa',
      client_name: 'Board',
      redirect_uris: ['https://board.example/back', 'https://board.example/silent', 'https://board-2.example/back'],
    })
    expect(secret).toBeNull()
    expect(client).toMatchObject({ kind: 'spa', secrets: [] })
    expect(client.fields).toMatchObject({
      token_endpoint_auth_method: 'none',
      require_pkce: true,
      refresh_token: 'offline_access',
      cors_origins: ['https://board.example', 'https://board-2.example'],
    })
  })

  test('a native app is public, and comes back to loopback, to a scheme of its own or to a claimed https address', async () => {
    const { client, secret } = await stage.perform('clients.create', {
      template: 'native',
      client_name: 'Scanner',
      redirect_uris: ['http://127.0.0.1/callback', 'com.example.scanner:/callback', 'https://scanner.example/callback'],
    })
    expect(secret).toBeNull()
    expect(client).toMatchObject({ kind: 'native', fields: { application_type: 'native', token_endpoint_auth_method: 'none' } })
  })

  test('a machine gets tokens for itself alone, and nobody is sent back to it', async () => {
    const { client, secret } = await stage.perform('clients.create', { template: 'machine', client_name: 'Nightly import' })
    expect(secret).not.toBeNull()
    expect(client.fields).toMatchObject({ grant_types: ['client_credentials'], redirect_uris: [], refresh_token: 'never' })
    const fault = await faultOf(
      stage.perform('clients.create', { template: 'machine', client_name: 'M', redirect_uris: ['https://m.example/'] }),
    )
    expect(fault?.faults).toEqual([{ field: 'redirect_uris', words: 'is of no use without the grant authorization_code' }])
  })

  test('what is given stands above the template, and the list knows the kind as the rules do', async () => {
    const { client } = await stage.perform('clients.create', {
      ...WEB_APP,
      client_id: 'public-web',
      token_endpoint_auth_method: 'none',
    })
    expect(client).toMatchObject({ client_id: 'public-web', kind: 'spa' })
    for (const kind of ['web', 'spa', 'native', 'machine'] as const) {
      const { items } = await stage.perform('clients.list', { kind })
      expect(items.length).toBeGreaterThan(0)
      for (const { client_id } of items) {
        const found = await stage.clients.find(client_id)
        expect(found && kindOf(found)).toBe(kind)
      }
    }
  })

  test('R-163, R-175 every fault is told at once, by its field and with the reason in words, and nothing is written', async () => {
    const before = await stage.told()
    const fault = await faultOf(
      stage.perform('clients.create', {
        ...WEB_APP,
        client_name: 'Bad',
        redirect_uris: ['http://bad.example/cb', 'https://*.bad.example/cb', 'javascript:alert(1)', 'https://bad.example/#x'],
        client_uri: 'http://bad.example',
        scope: 'openid everything',
        resources: ['https://unknown.example'],
        jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] },
      }),
    )
    expect(fault?.code).toBe('invalid_input')
    expect(fault?.faults.map(({ field }) => field).sort()).toEqual([
      'client_uri',
      'jwks.keys[0]',
      'redirect_uris[0]',
      'redirect_uris[1]',
      'redirect_uris[2]',
      'redirect_uris[3]',
      'resources[0]',
      'scope',
    ])
    expect(fault?.faults.find(({ field }) => field === 'redirect_uris[0]')?.words).toContain('must be https')
    expect(await stage.told()).toEqual(before)
    expect(await stage.clients.find('bad')).toBeNull()
  })

  test('R-175 what is no field of a registration is refused, not dropped', async () => {
    for (const extra of ['source', 'secrets', 'expires_at', 'client_secret', 'secret_hashes', 'policy']) {
      await expect(stage.perform('clients.create', { ...WEB_APP, [extra]: 'x' } as never)).rejects.toThrow(/unrecognized/i)
    }
  })

  test('a dry run tells what would be, and neither writes nor hands out a secret', async () => {
    const { client, secret } = await stage.perform('clients.create', { ...WEB_APP, client_name: 'Only asked', dry_run: true })
    expect(client).toMatchObject({ client_id: 'only-asked', secrets: [] })
    expect(secret).toBeNull()
    expect(await stage.clients.find('only-asked')).toBeNull()
  })

  test('an application made in the console can be born switched off, and with a secret that ends', async () => {
    const { client, secret } = await stage.perform('clients.create', {
      ...WEB_APP,
      client_name: 'Later',
      disabled: true,
      secret_expires_in_days: 30,
    })
    expect(client.disabled).toBe(true)
    expect(secret?.expires_at).toBe('2030-01-31T12:00:00.000Z')
    expect(client.secret_ends_at).toBe(secret?.expires_at)
  })
})

describe('the id of an application', () => {
  let stage: ClientStage
  beforeAll(async () => {
    stage = await clientStage()
  })
  const idFor = async (name: string) =>
    (await stage.perform('clients.create', { ...WEB_APP, client_name: name })).client.client_id

  test('follows the name, and another follows where it is taken', async () => {
    expect(await idFor('Bücher & Zeit')).toBe('bucher-zeit')
    expect(await idFor('Bücher & Zeit')).toMatch(/^bucher-zeit-[a-z2-9]{5}$/)
    expect(await idFor('日本')).toMatch(/^app-[a-z2-9]{5}$/)
    expect(await idFor('-- The -- Long '.repeat(6))).toMatch(/^the-long(-[a-z]+)*$/)
  })

  test('R-040 never looks like the id of a person, and is never that of a built-in client', async () => {
    expect(await idFor('abcdefghijklmnopqrstuv')).toMatch(/^abcdefghijklmnopqrstuv-[a-z2-9]{5}$/)
    expect(await idFor('abcdefghijklmnop')).toBe('abcdefghijklmnop')
    expect(await idFor('Abcdefghijklmnop')).toMatch(/^abcdefghijklmnop-[a-z2-9]{5}x$/) // with five more it would be 22
    for (const name of ['Account', 'Console', 'Doorward CLI']) {
      expect(await idFor(name)).toMatch(/^(account|console|doorward-cli)-[a-z2-9]{5}$/)
    }
  })

  test('is needed where there is no name', async () => {
    const { client_name: _, ...nameless } = WEB_APP
    const fault = await faultOf(stage.perform('clients.create', nameless))
    expect(fault?.faults).toEqual([{ field: 'client_name', words: 'is needed: people read it when they sign in' }])
    const { client } = await stage.perform('clients.create', { ...nameless, client_id: 'nameless' })
    expect(client.client_name).toBe('nameless')
  })

  test('that is given is one application in a race, and of one name all get their own', async () => {
    const one = await Promise.all(
      Array.from({ length: 5 }, () => faultOf(stage.perform('clients.create', { ...WEB_APP, client_id: 'raced' }))),
    )
    expect(one.filter((fault) => fault === null)).toHaveLength(1)
    expect(one.flatMap((fault) => fault?.code ?? [])).toEqual(['conflict', 'conflict', 'conflict', 'conflict'])
    const ids = await Promise.all(Array.from({ length: 5 }, () => idFor('All at once')))
    expect(new Set(ids).size).toBe(5)
  })
})

describe('the list of applications', () => {
  let stage: ClientStage
  beforeAll(async () => {
    stage = await clientStage()
    for (const name of ['beta', 'Alpha', 'gamma', 'Beta', 'delta']) {
      await stage.perform('clients.create', {
        ...WEB_APP,
        client_name: name,
        redirect_uris: [`https://${name.toLowerCase()}.example/callback`],
      })
    }
    await stage.perform('clients.try', { client_id: 'gamma', redirect_uri: 'http://127.0.0.1:3999/callback' })
    await stage.perform('clients.disable', { client_id: 'delta' })
  })
  const names = async (input: Parameters<typeof stage.perform<'clients.list'>>[1]) =>
    (await stage.perform('clients.list', input)).items.map(({ client_name }) => client_name)

  test('R-176 is by name whatever the case, page by page, without copies to try, and each stands there once', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await stage.perform('clients.list', { limit: 2, ...(cursor ? { cursor } : {}) })
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map(({ client_name }) => client_name))
      cursor = page.next ?? undefined
    } while (cursor)
    expect(seen.map((name) => name.toLowerCase())).toEqual(['alpha', 'beta', 'beta', 'delta', 'gamma'])
    expect(new Set(seen).size).toBe(5)
  })

  test('R-176 a cursor of another filter is refused', async () => {
    const { next } = await stage.perform('clients.list', { limit: 2 })
    const fault = await faultOf(stage.perform('clients.list', { limit: 2, q: 'a', cursor: next ?? '' }))
    expect(fault?.code).toBe('invalid_input')
  })

  test('is searched by part of name, id and redirect address; what a pattern would be is only text', async () => {
    expect(await names({ q: 'ALPH' })).toEqual(['Alpha'])
    expect(await names({ q: 'gamma.example' })).toEqual(['gamma'])
    for (const q of ['%', '_', "'", '\\', '%alpha', '\u0000%', '\ud800x']) expect(await names({ q })).toEqual([])
    expect(await names({ q: ' \u0000 ' })).toHaveLength(5) // nothing is asked for
    expect(await names({ state: 'off' })).toEqual(['delta'])
    expect(await names({ state: 'on' })).toHaveLength(4)
    expect(await names({ source: 'file' })).toEqual([])
  })

  test('says when each was last used: a sign-in or a token since it is registered, and nothing else', async () => {
    const note = (event: string, at: Date) =>
      stage.ask('insert into audit_entry (at, event, client_id, account_id) values ($1, $2, $3, $4)', [at, event, 'alpha', 'p'])
    const used = async () => (await stage.perform('clients.list', { q: 'alpha' })).items[0]?.last_used_at
    expect(await used()).toBeNull()
    await note('sign_in.completed', new Date('2029-01-01T00:00:00Z')) // of somebody who had the id before
    await note('client.changed', new Date('2030-01-05T00:00:00Z'))
    await note('sign_in.started', new Date('2030-01-05T00:00:00Z'))
    expect(await used()).toBeNull()
    await note('token.issued', new Date('2030-01-02T00:00:00Z'))
    await note('sign_in.completed', new Date('2030-01-03T00:00:00Z'))
    expect(await used()).toBe('2030-01-03T00:00:00.000Z')
    expect((await stage.perform('clients.get', { client_id: 'alpha' })).last_used_at).toBe('2030-01-03T00:00:00.000Z')
  })
})

test('what would break is counted: people of 30 days, consents, refresh tokens that are good', async () => {
  const stage = await clientStage()
  await stage.perform('clients.create', { ...WEB_APP, client_id: 'wiki' })
  await stage.perform('clients.create', { ...WEB_APP, client_id: 'other' })
  const day = 24 * 3600 * 1000
  for (const [account, client, daysAgo] of [
    ['a', 'wiki', 1],
    ['a', 'wiki', 2],
    ['b', 'wiki', 29],
    ['c', 'wiki', 31],
    ['d', 'other', 1],
  ] as const) {
    const at = new Date(START.getTime() - daysAgo * day)
    await stage.ask(`insert into audit_entry (at, event, client_id, account_id) values ($1, 'sign_in.completed', $2, $3)`, [
      at,
      client,
      account,
    ])
  }
  await stage.ask(`insert into account (id, created_at) values ('a', now()), ('b', now())`)
  await stage.ask(
    `insert into consent (account_id, client_id, granted_at, updated_at) values ('a', 'wiki', now(), now()), ('b', 'other', now(), now())`,
  )
  await stage.ask(
    `insert into oidc_record (model, id, payload, consumed_at, expires_at) values
      ('RefreshToken', '1', '{"clientId":"wiki"}', null, $1), ('RefreshToken', '2', '{"clientId":"wiki"}', $1, $1),
      ('RefreshToken', '3', '{"clientId":"wiki"}', null, $2), ('RefreshToken', '4', '{"clientId":"other"}', null, $1),
      ('AccessToken', '5', '{"clientId":"wiki"}', null, $1)`,
    [new Date(START.getTime() + day), START],
  )
  expect(await stage.perform('clients.impact', { client_id: 'wiki' })).toEqual({
    people_30_days: 2,
    consents: 1,
    refresh_tokens: 1,
    last_used_at: null,
  })
})

test('what is not there, is built in or is a copy to try is not found, whatever the id looks like', async () => {
  const stage = await clientStage()
  await stage.perform('clients.create', { ...WEB_APP, client_id: 'wiki' })
  const { client_id: copy } = await stage.perform('clients.try', { client_id: 'wiki', redirect_uri: 'http://127.0.0.1:1/x' })
  for (const client_id of ['nobody', 'account', 'console', 'doorward-cli', copy, '\u0000', 'é', "' or 1=1 --"]) {
    for (const name of [
      'clients.get',
      'clients.impact',
      'clients.snippets',
      'clients.disable',
      'clients.enable',
      'clients.delete',
    ] as const) {
      expect((await faultOf(stage.perform(name, { client_id })))?.code).toBe('not_found')
    }
    expect((await faultOf(stage.perform('clients.update', { client_id, fields: {} })))?.code).toBe('not_found')
    expect((await faultOf(stage.perform('clients.add-secret', { client_id })))?.code).toBe('not_found')
  }
})
