import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { kindOf } from '../../src/clients/index.ts'
import { type ClientStage, clientStage, faultOf, WEB_APP } from './admin-clients-stage.ts'
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
