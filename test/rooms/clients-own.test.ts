import { describe, expect, test } from '@jest/globals'
import { createLog, createSecrets, newSecret } from '../../src/base/index.ts'
import { accountClientSecret, type ClientStore, createClients, ownClients } from '../../src/clients/index.ts'
import { clientOf, faults, WEB } from './clients-samples.ts'

const ISSUER = 'https://id.fabrikam.example'
const refused = () => Promise.reject(new Error('asked the store'))

/** One instance, whose store must not be asked. */
function instance(secrets = createSecrets([newSecret()])) {
  const own = ownClients({ issuer: ISSUER, secrets })
  const store = { findClient: refused } as unknown as ClientStore
  return { secrets, clients: createClients({ store, own, clock: { now: () => new Date(0) }, log: createLog('silent') }) }
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
