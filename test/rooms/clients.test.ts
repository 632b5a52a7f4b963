import { describe, expect, test } from '@jest/globals'
import { createLog, hashOf } from '../../src/base/index.ts'
import { type Client, type ClientStore, createClients, readClientsFile } from '../../src/clients/index.ts'
import { API, clientOf, ENV, faults, NEXT_SECRET, PUBLIC, SECRET, WEB } from './clients-samples.ts'

function storedOf(secrets: readonly string[]): Client {
  const { id, metadata, policy } = clientOf(WEB)
  const made = { createdAt: new Date(0), expiresAt: null, madeBy: 'file' }
  const kept = secrets.map((secret) => ({ ...made, id: secret.slice(0, 8), hash: hashOf(secret), hint: secret.slice(-4) }))
  return { id, metadata, policy, secrets: kept, source: 'file', disabledAt: null, expiresAt: null }
}

const roomAt = (now: Date) => createClients({ store: {} as ClientStore, clock: { now: () => now }, log: createLog('silent') })

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
        scope: 'openid profile email phone offline_access',
      },
      policy: {
        firstParty: false,
        introspects: [],
        requirePkce: true,
        refreshToken: 'offline_access',
        profileClaimsInIdToken: false,
        corsOrigins: [],
        resources: [],
        secondFactor: null,
        madeBy: null,
      },
      disabled: false,
      secrets: [{ hash: hashOf(SECRET), hint: 'ters' }],
      waitsFor: null,
    })
  })

  test.each(['off', 'optional', 'required'])('has a rule of its own about second factors: %s, in YAML without quotes', (rule) => {
    const yaml = `
      clients:
        - client_id: shop
          client_secret_env: APP_SECRET
          redirect_uris: [https://shop.example/callback]
          second_factor: ${rule}`
    const result = readClientsFile(yaml, { env: ENV, readSecretFile: () => '' })
    expect(result).toMatchObject({ ok: true, file: { clients: [{ policy: { secondFactor: rule } }] } })
  })

  test('has no rule about second factors that does not exist', () => {
    for (const bad of ['on', true, false, 1, '']) {
      expect(faults({ ...WEB, second_factor: bad })).toEqual([expect.stringMatching(/^clients\[0\]\.second_factor: /)])
    }
    expect(clientOf({ ...WEB, second_factor: null }).policy.secondFactor).toBeNull()
  })

  test('is described in YAML by the names of OpenID Connect', () => {
    const text = `
      clients:
        - client_id: shop # a comment
          client_name: Shop
          client_secret_env: APP_SECRET
          redirect_uris: [https://shop.example/callback]
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
    expect(metadata).toMatchObject({ grant_types: ['authorization_code'], scope: 'openid profile email phone' })
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

describe('secrets', () => {
  test('R-170 are stored as a hash only, from the environment or a file', () => {
    expect(clientOf(WEB).secrets).toEqual([{ hash: hashOf(SECRET), hint: SECRET.slice(-4) }])
    const fromFile = { ...WEB, client_secret_env: undefined, client_secret_file: '/run/secrets/shop' }
    const client = clientOf(fromFile, { files: (path) => (path === '/run/secrets/shop' ? `${SECRET}\n` : '') })
    expect(client.secrets).toEqual([{ hash: hashOf(SECRET), hint: SECRET.slice(-4) }])
    expect(JSON.stringify(client)).not.toContain(SECRET)
  })

  test('R-171 two may overlap while one is changed; both match, nothing else does', () => {
    const client = storedOf([NEXT_SECRET, SECRET])
    const { secretMatches } = roomAt(new Date(0))
    expect(
      [SECRET, NEXT_SECRET, `${SECRET}x`, SECRET.slice(1), '', hashOf(SECRET)].map((text) => secretMatches(client, text)),
    ).toEqual([true, true, false, false, false, false])
    expect(secretMatches({ ...client, secrets: [] }, '')).toBe(false)
  })

  test('R-171 one that ends is taken up to that moment and not at it, whatever the other does', () => {
    const end = new Date('2030-01-01T00:00:00Z')
    const [first, second] = storedOf([SECRET, NEXT_SECRET]).secrets
    if (!first || !second) throw new Error('two were made')
    const client = { ...storedOf([]), secrets: [{ ...first, expiresAt: end }, second] }
    const matching = (at: Date) => [SECRET, NEXT_SECRET].map((text) => roomAt(at).secretMatches(client, text))
    expect(matching(new Date(end.getTime() - 1))).toEqual([true, true])
    expect(matching(end)).toEqual([false, true])
  })

  test('a secret in the file itself is a fault that does not repeat it', () => {
    const lines = faults({ ...WEB, client_secret: SECRET })
    expect(lines).toEqual([expect.stringMatching(/^clients\[0\]\.client_secret: write no secret into this file/)])
    expect(lines.join()).not.toContain(SECRET)
  })

  test('are at least 32 characters, and there', () => {
    expect(faults({ ...WEB, client_secret_env: 'EXACT' })).toEqual([])
    expect(faults({ ...WEB, client_secret_env: 'SHORT' })).toEqual([expect.stringContaining('shorter than 32')])
    const three = { ...WEB, client_secret_env: ['APP_SECRET', 'NEXT_SECRET'], client_secret_file: '/third' }
    expect(faults(three, { files: () => SECRET })).toEqual([expect.stringContaining('more than two')])
  })

  test('one that is named and not there yet is waited for, and none is made up', () => {
    const waitsFor = (entry: Record<string, unknown>, files?: () => string) =>
      clientOf({ ...WEB, ...entry }, files ? { files } : {}).waitsFor
    expect(waitsFor({})).toBeNull()
    expect(waitsFor({ client_secret_env: 'EMPTY' })).toBe('the variable EMPTY is not set')
    expect(waitsFor({ client_secret_env: 'toString' })).toBe('the variable toString is not set')
    expect(waitsFor({ client_secret_env: ['APP_SECRET', 'EMPTY'] })).toBe('the variable EMPTY is not set')
    const missing = { client_secret_env: undefined, client_secret_file: '/nowhere' }
    const files = (): string => {
      throw new Error('ENOENT')
    }
    expect(waitsFor(missing, files)).toBe('the file /nowhere cannot be read')
    expect(waitsFor(missing, () => '\n')).toBe('the file /nowhere is empty')
    expect(clientOf({ ...WEB, client_secret_env: undefined })).toMatchObject({ secrets: null, waitsFor: null })
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

describe("an application's own lifetimes, methods and colour", () => {
  test('stand in its policy where they are given, and nowhere else', () => {
    expect(
      clientOf({
        ...WEB,
        methods: ['sms'],
        access_token_ttl: '90s',
        id_token_ttl: 600,
        refresh_token_ttl: '30d',
        color: '#1D4ED8',
        rescue_delay: '7d',
      }).policy,
    ).toMatchObject({
      ...{ methods: ['sms'], accessTokenTtlSeconds: 90, idTokenTtlSeconds: 600, refreshTokenTtlSeconds: 2_592_000 },
      ...{ color: '#1d4ed8', rescueDelaySeconds: 604_800 },
    })
    const nothing = {
      methods: null,
      access_token_ttl: null,
      id_token_ttl: null,
      refresh_token_ttl: null,
      color: null,
      rescue_delay: null,
    }
    expect(clientOf({ ...WEB, ...nothing })).toEqual(clientOf(WEB))
  })

  test.each([
    [{ methods: [] }, 'methods'],
    [{ methods: ['email', 'email'] }, 'methods'],
    [{ methods: ['passkey'] }, 'methods[0]'],
    [{ access_token_ttl: '29s' }, 'access_token_ttl'],
    [{ id_token_ttl: '5 minutes' }, 'id_token_ttl'],
    [{ refresh_token: 'never', refresh_token_ttl: '1d' }, 'refresh_token_ttl'],
    [{ rescue_delay: '59m' }, 'rescue_delay'],
    [{ rescue_delay: '91d' }, 'rescue_delay'],
    [{ rescue_delay: 'a week' }, 'rescue_delay'],
    [{ grant_types: ['client_credentials'], redirect_uris: [], rescue_delay: '7d' }, 'rescue_delay'],
    [{ color: 'red' }, 'color'],
    [{ color: '#12345' }, 'color'],
    [{ color: 'url(//x)' }, 'color'],
  ])('%j is refused', (more, place) => {
    expect(faults({ ...WEB, ...more })).toEqual([expect.stringContaining(`clients[0].${place}: `)])
  })

  test.each([
    {},
    { kty: 'EC', crv: 'P-256', x: 'x' },
    { kty: 'RSA', n: 1, e: 'AQAB' },
    { kty: 'oct' },
    { kty: 'toString' },
    { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 7 },
  ])('what the engine would not take is refused here: the key %j', (key) => {
    expect(faults({ ...WEB, jwks: { keys: [key] } })).toEqual([expect.stringContaining('jwks.keys[0]: is no public key')])
  })

  test('what the engine would not take is refused here: contacts that are no addresses, keys in two places', () => {
    expect(faults({ ...WEB, contacts: ['us@shop.example', 'us'] })).toEqual(['clients[0].contacts[1]: must be an email address'])
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }
    expect(faults({ ...WEB, jwks, jwks_uri: 'https://shop.example/jwks' })).toEqual([
      'clients[0].jwks_uri: stands beside jwks: keep one of them',
    ])
  })

  test('a lifetime is not above the one for all', () => {
    const ttlMaxSeconds = { access_token_ttl: 300, id_token_ttl: 300, refresh_token_ttl: 300 }
    const judged = (ttl: number) =>
      readClientsFile(JSON.stringify({ clients: [{ ...WEB, access_token_ttl: ttl, refresh_token_ttl: ttl }] }), {
        ...{ env: ENV, readSecretFile: () => '', ttlMaxSeconds },
      })
    expect(judged(300).ok).toBe(true)
    expect(judged(301)).toEqual({
      ok: false,
      faults: ['access_token_ttl', 'refresh_token_ttl'].map(
        (key) => `clients[0].${key}: must be 300s at most, as this service is set up`,
      ),
    })
  })
})
