import { describe, expect, test } from '@jest/globals'
import { createLog, createSecrets, newSecret } from '../../src/base/index.ts'
import {
  accountClientSecret,
  adminApi,
  type ClientStore,
  consoleClientSecret,
  createClients,
  ownClients,
  readClientsFile,
} from '../../src/clients/index.ts'
import { clientOf, ENV, type Entry, faults, WEB } from './clients-samples.ts'

const ISSUER = 'https://id.fabrikam.example'
const API = adminApi({ issuer: ISSUER, scopes: { 'clients:read': 'See applications', 'audit:read': 'Read the log' } })
const refused = () => Promise.reject(new Error('asked the store'))

/** One instance, whose store must not be asked. */
function instance(secrets = createSecrets([newSecret()])) {
  const own = ownClients({ issuer: ISSUER, secrets })
  const store = { findClient: refused, listResourceServers: async () => [] } as unknown as ClientStore
  return {
    secrets,
    clients: createClients({ store, own, ownApis: [API], clock: { now: () => new Date(0) }, log: createLog('silent') }),
  }
}

describe('the client of the account page', () => {
  test('R-012 is an ordinary one that may do no more than it must', async () => {
    expect(await instance().clients.find('account')).toMatchObject({
      id: 'account',
      metadata: {
        client_name: 'Your account',
        redirect_uris: [`${ISSUER}/account/callback`],
        post_logout_redirect_uris: [`${ISSUER}/account/signed-out`],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
        scope: 'openid',
      },
      policy: { firstParty: true, requirePkce: true, refreshToken: 'never', resources: [], introspects: [], secondFactor: null },
    })
  })

  test('R-171 takes the secret that follows from any of SECRETS, and no other', async () => {
    const [next, old] = [newSecret(), newSecret()]
    const { clients, secrets } = instance(createSecrets([next, old]))
    const client = await clients.find('account')
    if (!client) throw new Error('it is not there')
    for (const from of [[next], [old], [next, old]])
      expect(clients.secretMatches(client, accountClientSecret(createSecrets(from)))).toBe(true)
    expect(clients.secretMatches(client, accountClientSecret(createSecrets([newSecret()])))).toBe(false)
    expect(clients.secretMatches(client, secrets.hmac('trial-client', 'account').toString('base64url'))).toBe(false)
    expect(JSON.stringify(client)).not.toContain(accountClientSecret(secrets))
  })

  test('stands in no table: every instance knows its own, and others are looked up', async () => {
    const { clients } = instance()
    expect((await clients.find('account'))?.secrets).not.toEqual((await instance().clients.find('account'))?.secrets)
    await expect(clients.find('shop')).rejects.toThrow('asked the store')
  })

  test('its id cannot be declared by a clients file', () => {
    expect(faults({ ...WEB, client_id: 'account' })).toEqual([
      'clients[0].client_id: is the id of a client that is built in: choose another',
    ])
    for (const id of ['Account', 'accounts', 'account:x']) expect(clientOf({ ...WEB, client_id: id }).id).toBe(id)
  })
})

describe('the console and the command line', () => {
  test('R-012 are clients that need a second factor and keep nothing', async () => {
    const { clients } = instance()
    expect(await clients.find('console')).toMatchObject({
      metadata: {
        redirect_uris: [`${ISSUER}/admin/callback`],
        post_logout_redirect_uris: [`${ISSUER}/admin/signed-out`],
        token_endpoint_auth_method: 'client_secret_basic',
        scope: 'openid',
      },
      policy: { firstParty: true, requirePkce: true, refreshToken: 'never', resources: [], secondFactor: 'required' },
    })
    expect(await clients.find('doorward-cli')).toMatchObject({
      metadata: {
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      policy: { requirePkce: true, refreshToken: 'never', resources: [API.id], secondFactor: 'required' },
      secrets: [],
    })
  })

  test('R-171 the secret of one page is not that of another', async () => {
    const { clients, secrets } = instance()
    const [account, console] = [await clients.find('account'), await clients.find('console')]
    if (!account || !console) throw new Error('they are not there')
    const matching = [account, console].map((client) =>
      [accountClientSecret(secrets), consoleClientSecret(secrets)].map((secret) => clients.secretMatches(client, secret)),
    )
    expect(matching).toEqual([
      [true, false],
      [false, true],
    ])
  })

  test.each(['console', 'doorward-cli'])('the id %s cannot be declared by a clients file', (client_id) => {
    expect(faults({ ...WEB, client_id })).toEqual([
      'clients[0].client_id: is the id of a client that is built in: choose another',
    ])
  })
})

describe('R-175 the admin API', () => {
  const read = (entry: Entry, apis: Entry[] = []) =>
    readClientsFile(JSON.stringify({ clients: [{ ...WEB, ...entry }], resource_servers: apis }), {
      ...{ env: ENV, readSecretFile: () => '', adminApi: API },
    })
  const faultsOf = (...args: Parameters<typeof read>) => {
    const result = read(...args)
    return result.ok ? [] : result.faults
  }
  const machine = { grant_types: ['client_credentials'], redirect_uris: undefined, resources: [API.id] }

  test('is a resource server that every instance knows and no table holds', async () => {
    expect(await instance().clients.resourceServer(`${ISSUER}/admin/api/v1`)).toMatchObject({
      ...{ tokenFormat: 'jwt', accessTokenTtlSeconds: 300, name: 'Administration' },
      scopes: { 'clients:read': 'See applications' },
    })
  })

  test('is named by clients like any other, and declared by no file', () => {
    expect(faultsOf({ resources: [API.id] })).toEqual([])
    expect(faultsOf({ introspects: [`${API.id}/`] })).toEqual([expect.stringContaining('is not listed')])
    expect(faultsOf({}, [{ id: API.id, scopes: { 'everything:write': 'All' }, token_format: 'opaque' }])).toEqual([
      expect.stringContaining('which is built in'),
    ])
  })

  test('gives machines the scopes that their registration lists, which must be some of its own', () => {
    expect(faultsOf({ ...machine, admin_scopes: ['clients:read', 'audit:read'] })).toEqual([])
    for (const bad of ['clients:write', '', 'toString', '__proto__'])
      expect(faultsOf({ ...machine, admin_scopes: [bad] })).toEqual(['clients[0].admin_scopes[0]: is no scope of the admin API'])
    expect(faultsOf({ ...machine, resources: [], admin_scopes: ['audit:read'] })).toEqual([
      expect.stringContaining('in resources'),
    ])
    expect(faultsOf({ resources: [API.id], admin_scopes: ['audit:read'] })).toEqual([expect.stringContaining('for machines')])
    expect(
      faults({ ...WEB, grant_types: ['client_credentials'], redirect_uris: undefined, admin_scopes: ['audit:read'] }),
    ).toEqual([expect.stringContaining('is no scope')])
  })
})
