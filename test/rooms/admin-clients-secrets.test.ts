import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readClientsFile } from '../../src/clients/index.ts'
import { ADMIN, ADMIN_API, type ClientStage, clientStage, faultOf, machine, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'

afterAll(closeAll)

let stage: ClientStage
let count = 0
let client_id: string
let first: { secret_id: string; secret: string }
beforeAll(async () => {
  stage = await clientStage()
})
beforeEach(async () => {
  count += 1
  client_id = `app-${count}`
  const { secret } = await stage.perform('clients.create', { ...WEB_APP, client_id })
  if (!secret) throw new Error('no secret')
  first = secret
})
const get = () => stage.perform('clients.get', { client_id })
const add = (options: { expires_in_days?: number; retire_others_in_hours?: number } = {}) =>
  stage.perform('clients.add-secret', { client_id, ...options })
const retire = (secret_id: string) => stage.perform('clients.retire-secret', { client_id, secret_id })
async function matches(secret: string): Promise<boolean> {
  stage.clients.forget()
  const client = await stage.clients.find(client_id)
  return client !== null && stage.clients.secretMatches(client, secret)
}

describe('R-171 secrets of an application', () => {
  test('two overlap, each is shown once, and the old one ends when it is told to', async () => {
    const second = await add()
    expect(second.secret).not.toBe(first.secret)
    expect([await matches(first.secret), await matches(second.secret)]).toEqual([true, true])
    const shown = JSON.stringify(await get())
    expect(shown).not.toContain(second.secret)
    expect((await get()).secrets.map(({ hint }) => hint)).toEqual([first.secret.slice(-4), second.secret.slice(-4)])
    expect(await retire(first.secret_id)).toEqual({ done: true })
    expect([await matches(first.secret), await matches(second.secret)]).toEqual([false, true])
    const told = (await stage.told()).filter((row) => row.client_id === client_id)
    expect(told.slice(1)).toMatchObject([
      { event: 'client.secret_added', detail: { secretId: second.secret_id }, actor_id: 'person-1' },
      { event: 'client.secret_retired', detail: { secretId: first.secret_id }, actor_id: 'person-1' },
    ])
  })

  test('a third is refused until one ends, also of two that are made at once', async () => {
    const outcomes = await Promise.all([faultOf(add()), faultOf(add()), faultOf(add())])
    expect(outcomes.map((fault) => fault?.code ?? 'done').sort()).toEqual(['conflict', 'conflict', 'done'])
    expect(outcomes.find((fault) => fault)?.detail).toBe('Two secrets count already: end one of them first, or let both end now.')
    expect((await get()).secrets).toHaveLength(2)
    expect((await faultOf(add({ retire_others_in_hours: 1 })))?.code).toBe('conflict')
    await add({ retire_others_in_hours: 0 })
    expect((await get()).secrets).toHaveLength(1)
  })

  test('the one before ends at once, or at a time: until then both count, and then one', async () => {
    const second = await add({ retire_others_in_hours: 24 })
    expect([await matches(first.secret), await matches(second.secret)]).toEqual([true, true])
    stage.pass(24 * 3600 - 1)
    expect(await matches(first.secret)).toBe(true)
    stage.pass(1)
    expect([await matches(first.secret), await matches(second.secret)]).toEqual([false, true])
    const third = await add({ retire_others_in_hours: 0 })
    expect([await matches(second.secret), await matches(third.secret)]).toEqual([false, true])
  })

  test('an end never moves later: what was to end first does', async () => {
    const second = await add({ expires_in_days: 1, retire_others_in_hours: 0 })
    await add({ retire_others_in_hours: 48 })
    const kept = (await get()).secrets.find(({ secret_id }) => secret_id === second.secret_id)
    expect(kept?.expires_at).toBe(second.expires_at)
  })

  test('one that has ended is gone: it counts for nothing, is not shown and makes room', async () => {
    await add({ expires_in_days: 1, retire_others_in_hours: 0 })
    stage.pass(24 * 3600)
    expect((await get()).secrets).toEqual([])
    expect((await get()).warnings).toContain('It has no secret that counts: it gets no token until you make one.')
    await add()
    await add()
    expect((await get()).secrets).toHaveLength(2)
    const [row] = await stage.ask<{ secrets: unknown[] }>('select secrets from client where id = $1', [client_id])
    expect(row?.secrets).toHaveLength(2)
  })

  test('the last one stays, since the application would stop; of two that are retired at once one stays', async () => {
    const fault = await faultOf(retire(first.secret_id))
    expect([fault?.code, fault?.detail]).toEqual(['conflict', expect.stringContaining('make another first')])
    const second = await add()
    const outcomes = await Promise.all([first, second].map(({ secret_id }) => faultOf(retire(secret_id))))
    expect(outcomes.map((one) => one?.code ?? 'done').sort()).toEqual(['conflict', 'done'])
    expect((await get()).secrets).toHaveLength(1)
    expect((await faultOf(retire('nothing')))?.code).toBe('not_found')
  })

  test('one of another application is not found', async () => {
    const { secret } = await stage.perform('clients.create', { ...WEB_APP, client_id: `${client_id}-other` })
    await add()
    expect((await faultOf(retire(secret?.secret_id ?? '')))?.code).toBe('not_found')
  })

  test('an application that proves itself otherwise takes none', async () => {
    await stage.perform('clients.update', { client_id, fields: { token_endpoint_auth_method: 'none' } })
    expect((await faultOf(add()))?.detail).toBe('This application proves itself without a secret (none).')
    const keyed = { template: 'machine' as const, client_name: 'Keyed', token_endpoint_auth_method: 'private_key_jwt' as const }
    const jwks_uri = 'https://keyed.example/jwks'
    expect((await stage.perform('clients.create', { ...keyed, jwks_uri })).secret).toBeNull()
    const fault = await faultOf(stage.perform('clients.create', { ...keyed, jwks_uri, secret_expires_in_days: 1 }))
    expect(fault?.faults).toEqual([{ field: 'secret_expires_in_days', words: 'is of no use with private_key_jwt' }])
  })
})

describe('R-175 nobody gives what they do not have', () => {
  const ROBOT = { template: 'machine' as const, client_name: 'Robot', resources: [ADMIN_API.id] }
  const writer = machine('clients:read', 'clients:write')

  test('a machine with clients:write makes no machine with more, neither at once nor by a change', async () => {
    const more = { ...ROBOT, admin_scopes: ['clients:write', 'administrators:write'] }
    const fault = await faultOf(stage.perform('clients.create', more, { actor: writer }))
    expect([fault?.code, fault?.detail]).toEqual([
      'insufficient_scope',
      'This application can act in the admin API: you lack administrators:write.',
    ])
    const { client } = await stage.perform('clients.create', { ...ROBOT, admin_scopes: ['clients:write'] }, { actor: writer })
    const fields = { admin_scopes: ['clients:write', 'audit:read'] }
    const raised = stage.perform('clients.update', { client_id: client.client_id, fields }, { actor: writer })
    expect((await faultOf(raised))?.code).toBe('insufficient_scope')
    expect((await stage.perform('clients.get', { client_id: client.client_id })).fields.admin_scopes).toEqual(['clients:write'])
  })

  test('nor does it get hold of one: no secret, no key, no change and no switching on; ending it is free', async () => {
    const { client } = await stage.perform('clients.create', { ...ROBOT, admin_scopes: ['administrators:write'] })
    const id = { client_id: client.client_id }
    const as = { actor: writer }
    const jwks_uri = 'https://evil.example/jwks'
    const refused = [
      stage.perform('clients.add-secret', id, as),
      stage.perform('clients.update', { ...id, fields: { token_endpoint_auth_method: 'private_key_jwt', jwks_uri } }, as),
      stage.perform('clients.update', { ...id, fields: { admin_scopes: null } }, as),
    ]
    for (const work of refused) expect((await faultOf(work))?.code).toBe('insufficient_scope')
    await stage.perform('clients.disable', id, as)
    expect((await faultOf(stage.perform('clients.enable', id, as)))?.code).toBe('insufficient_scope')
    await stage.perform('clients.enable', id)
    await stage.perform('clients.delete', id, as)
  })

  test('nor does it lead the sign-in of an administrator to itself', async () => {
    const web = { ...WEB_APP, client_name: 'Tool', resources: [ADMIN_API.id] }
    expect((await faultOf(stage.perform('clients.create', web, { actor: writer })))?.code).toBe('insufficient_scope')
    const { client } = await stage.perform('clients.create', web)
    const redirected = { client_id: client.client_id, fields: { redirect_uris: ['https://evil.example/cb'] } }
    expect((await faultOf(stage.perform('clients.update', redirected, { actor: writer })))?.code).toBe('insufficient_scope')
    const granted = { client_id, fields: { resources: [ADMIN_API.id] } }
    expect((await faultOf(stage.perform('clients.update', granted, { actor: writer })))?.code).toBe('insufficient_scope')
    expect((await stage.perform('clients.update', granted, { actor: ADMIN })).changes).toHaveLength(1)
  })

  test('a copy to try has nothing of it', async () => {
    const { client } = await stage.perform('clients.create', { ...WEB_APP, client_name: 'Powerful', resources: [ADMIN_API.id] })
    const tried = { client_id: client.client_id, redirect_uri: 'http://127.0.0.1:3999/cb' }
    const { client_id: copy } = await stage.perform('clients.try', tried, { actor: writer })
    expect((await stage.clients.find(copy))?.policy.resources).toEqual([])
  })

  test('scopes that there are not, and those of people, are refused with words', async () => {
    const fault = await faultOf(stage.perform('clients.create', { ...ROBOT, admin_scopes: ['everything'] }))
    expect(fault?.faults).toEqual([{ field: 'admin_scopes[0]', words: 'is no scope of the admin API' }])
    const web = await faultOf(stage.perform('clients.update', { client_id, fields: { admin_scopes: ['audit:read'] } }))
    expect(web?.faults.map(({ field }) => field)).toContain('admin_scopes')
  })
})

describe('R-175 a machine that changes registrations', () => {
  const own = { kind: 'client', clientId: 'own', scopes: ADMIN.scopes, who: { actorId: 'own' } } as const
  const change = (fields: Record<string, unknown>, id = 'own') =>
    stage.perform('clients.update', { client_id: id, fields }, { actor: own })

  test('makes no secret for itself, and changes neither what it may nor what it proves itself by', async () => {
    const powers = { resources: [ADMIN_API.id], admin_scopes: ['clients:write'] }
    await stage.perform('clients.create', { template: 'machine', client_name: 'Own', client_id: 'own', ...powers })
    const secret = await faultOf(stage.perform('clients.add-secret', { client_id: 'own' }, { actor: own }))
    expect(secret).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('no secret for itself') })
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43), kid: 'a' }] }
    const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://a.example/keys' }
    for (const fields of [{ admin_scopes: ['clients:write', 'clients:read'] }, { resources: [], admin_scopes: [] }, keys])
      expect((await faultOf(change(fields)))?.code).toBe('forbidden')
    expect((await faultOf(change({ token_endpoint_auth_method: 'private_key_jwt', jwks })))?.code).not.toBeUndefined()
    expect((await stage.perform('clients.get', { client_id: 'own' })).secrets).toHaveLength(1)
    expect((await change({ client_name: 'Mine' })).client.client_name).toBe('Mine')
    await stage.perform('clients.add-secret', { client_id }, { actor: own })
  })
})

describe('R-171 tokens that a machine has for itself', () => {
  const left = () => stage.ask(`select from oidc_record where payload ->> 'clientId' = $1`, [client_id])
  beforeEach(async () => {
    const row = `('ClientCredentials', $1, jsonb_build_object('clientId', $1::text), '2031-01-01Z')`
    await stage.ask(`insert into oidc_record (model, id, payload, expires_at) values ${row}`, [client_id])
  })

  test('end when a secret is retired, and when another takes its place at once', async () => {
    await add({ retire_others_in_hours: 1 })
    expect(await left()).toHaveLength(1)
    await retire(first.secret_id)
    expect(await left()).toHaveLength(0)
  })

  test('end when one secret takes the place of all', async () => {
    await add({ retire_others_in_hours: 0 })
    expect(await left()).toHaveLength(0)
  })

  test('end with the secret that the clients file no longer names', async () => {
    const apply = (secret: string) => {
      const entry = { client_id, redirect_uris: ['https://a.example/cb'], client_secret_env: 'SECRET' }
      const options = { env: { SECRET: secret }, readSecretFile: () => '' } as never
      const result = readClientsFile(JSON.stringify({ clients: [entry] }), options)
      if (!result.ok) throw new Error(result.faults.join())
      return stage.db.transact((tx) => stage.clients.apply(tx, result.file, 'file'))
    }
    await apply(first.secret)
    expect(await left()).toHaveLength(1)
    await apply('another-secret-of-43-characters-for-the-file')
    expect(await left()).toHaveLength(0)
  })
})
