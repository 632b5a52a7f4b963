import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addSeconds } from '../../src/base/index.ts'
import { createSweep } from '../../src/store/index.ts'
import { type ClientStage, clientStage, faultOf, ISSUER, START, WEB_APP } from './admin-clients-stage.ts'
import { closeAll, silent } from './store-support.ts'

afterAll(closeAll)

let stage: ClientStage
const API = { id: 'https://api.example', name: 'Orders', scopes: { 'orders:read': 'See your orders' } }
const CALLBACK = `${ISSUER}/admin/try/callback`
beforeAll(async () => {
  stage = await clientStage()
  await stage.perform('resource-servers.create', API)
  await stage.perform('clients.create', {
    ...WEB_APP,
    client_id: 'wiki',
    ...{ second_factor: 'required', methods: ['email'], made_by: 'Example Ltd', policy_uri: 'https://wiki.example/privacy' },
    ...{ resources: [API.id], introspects: [API.id], cors_origins: ['https://wiki.example'], first_party: true },
    ...{ grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], logo_uri: 'https://wiki.example/logo.png' },
  })
})
const attempt = (redirect_uri: string, client_id = 'wiki') => stage.perform('clients.try', { client_id, redirect_uri })

describe('a copy to try a sign-in with', () => {
  test('looks and asks as the application does, and can do nothing else', async () => {
    const answer = await attempt(CALLBACK)
    expect(answer).toMatchObject({ redirect_uri: CALLBACK, scope: 'openid profile email phone offline_access' })
    const original = await stage.clients.find('wiki')
    const copy = await stage.clients.find(answer.client_id)
    expect(copy?.metadata).toMatchObject({
      client_name: 'Team wiki',
      policy_uri: 'https://wiki.example/privacy',
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const nothing = { refreshToken: 'never', corsOrigins: [], resources: [], introspects: [] }
    expect(copy?.policy).toEqual({ ...original?.policy, ...nothing })
    expect(copy?.policy).toMatchObject({ secondFactor: 'required', methods: ['email'], firstParty: true, madeBy: 'Example Ltd' })
    expect(copy && stage.clients.secretMatches(copy, answer.client_secret)).toBe(true)
    expect(copy?.secrets.some(({ id }) => original?.secrets.some((one) => one.id === id))).toBe(false)
    expect((await stage.told()).at(-1)).toMatchObject({ event: 'client.tried', client_id: 'wiki', actor_id: 'person-1' })
  })

  test('ends by itself after a quarter of an hour, and is swept away with what was agreed to for it', async () => {
    const answer = await attempt(CALLBACK)
    expect(answer.expires_at).toBe(addSeconds(START, 15 * 60).toISOString())
    const copy = await stage.clients.find(answer.client_id)
    expect([copy?.source, copy?.expiresAt?.toISOString(), copy?.secrets[0]?.expiresAt?.toISOString()]).toEqual([
      'try',
      answer.expires_at,
      answer.expires_at,
    ])
    await stage.ask(`insert into account (id, created_at) values ('a', now())`)
    await stage.ask(`insert into consent (account_id, client_id, granted_at, updated_at) values ('a', $1, now(), now())`, [
      answer.client_id,
    ])
    const sweepAt = (seconds: number) =>
      createSweep({ db: stage.db, clock: { now: () => addSeconds(START, seconds) }, log: silent })()
    expect(await sweepAt(15 * 60)).toEqual({})
    expect(await sweepAt(17 * 60)).toHaveProperty('client')
    expect(await stage.ask('select id from client')).toEqual([{ id: 'wiki' }])
    expect(await stage.ask('select 1 from consent')).toEqual([])
  })

  test('comes back to the console or to loopback by http, and nowhere else', async () => {
    for (const uri of ['http://127.0.0.1:3999/callback', 'http://[::1]:3999/callback', 'http://127.0.0.1/']) await attempt(uri)
    for (const uri of [
      `${ISSUER}/admin/try/callback?x=1`,
      `${ISSUER}/admin/callback`,
      'https://evil.example/callback',
      'https://wiki.example/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://localhost:3999/callback',
      'http://127.0.0.1:3999/callback#x',
      'http://user@127.0.0.1/callback',
      'http://127.1/callback',
      'javascript:alert(1)',
      '',
    ]) {
      expect([uri, (await faultOf(attempt(uri)))?.faults[0]?.field]).toEqual([uri, 'redirect_uri'])
    }
  })

  test('is not made of a machine, nor of what is switched off', async () => {
    await stage.perform('clients.create', { template: 'machine', client_id: 'robot' })
    expect((await faultOf(attempt(CALLBACK, 'robot')))?.detail).toBe('Nobody signs in to this application: it is a machine.')
    await stage.perform('clients.create', { ...WEB_APP, client_id: 'off', disabled: true })
    expect((await faultOf(attempt(CALLBACK, 'off')))?.code).toBe('conflict')
    expect((await faultOf(attempt(CALLBACK, 'nobody')))?.code).toBe('not_found')
    const { client_id } = await attempt(CALLBACK)
    expect((await faultOf(attempt(CALLBACK, client_id)))?.code).toBe('not_found')
  })
})

describe('an API', () => {
  const update = (id: string, more: object, options = {}) => stage.perform('resource-servers.update', { id, ...more }, options)

  test('is registered by its indicator with the defaults of the file, and shows which applications may use it', async () => {
    const found = await stage.perform('resource-servers.get', { id: API.id })
    expect(found).toMatchObject({
      ...API,
      token_format: 'jwt',
      signing_alg: 'ES256',
      access_token_ttl_seconds: 300,
      source: 'console',
    })
    expect(found.clients).toContain('wiki')
    expect((await stage.clients.resourceServer(API.id))?.name).toBe('Orders')
    const told = (await stage.told()).find(({ event }) => event === 'resource_server.created')
    expect(told).toMatchObject({ actor_id: 'person-1', detail: { resource: API.id } })
  })

  test('the API of administration is shown, and is nobody’s to change', async () => {
    const id = `${ISSUER}/admin/api/v1`
    const { items } = await stage.perform('resource-servers.list', {})
    expect(items.find((one) => one.id === id)).toMatchObject({ source: 'built-in', name: 'Administration' })
    await stage.perform('clients.create', { template: 'machine', client_id: 'a-robot', resources: [id] })
    expect(await stage.perform('resource-servers.get', { id })).toMatchObject({ source: 'built-in', clients: ['a-robot'] })
    expect((await faultOf(update(id, { name: 'Mine' })))?.code).toBe('conflict')
    expect((await faultOf(stage.perform('resource-servers.delete', { id })))?.code).toBe('conflict')
    for (const own of [id, `${ISSUER}/userinfo`, ISSUER]) {
      const fault = await faultOf(stage.perform('resource-servers.create', { id: own }))
      expect(fault?.faults).toEqual([{ field: 'id', words: 'must not be an address of this service' }])
    }
  })

  test('R-163 is judged as in the file, with all faults at once', async () => {
    const bad = { id: 'https://x.example/#y', scopes: { openid: 'x', 'a b': 'x' }, access_token_ttl: '1h' }
    const fault = await faultOf(stage.perform('resource-servers.create', bad))
    expect(fault?.faults.map(({ field }) => field).sort()).toEqual(['access_token_ttl', 'id', 'scopes.a b', 'scopes.openid'])
    expect((await faultOf(stage.perform('resource-servers.create', API)))?.code).toBe('conflict')
    const raced = { id: 'https://raced.example' }
    const outcomes = await Promise.all([1, 2, 3].map(() => faultOf(stage.perform('resource-servers.create', raced))))
    expect(outcomes.map((one) => one?.code ?? 'done').sort()).toEqual(['conflict', 'conflict', 'done'])
  })

  test('is changed by the fields that are named, with the version that was seen', async () => {
    const id = 'https://changed.example'
    const { version } = await stage.perform('resource-servers.create', {
      id,
      name: 'Before',
      token_format: 'opaque',
      access_token_ttl: '1h',
    })
    const [one, two] = await Promise.all([
      faultOf(update(id, { name: 'After' }, { ifMatch: version })),
      faultOf(update(id, { name: 'Else' }, { ifMatch: version })),
    ])
    expect([one?.code, two?.code].sort()).toEqual(['precondition_failed', undefined])
    const found = await stage.perform('resource-servers.get', { id })
    expect(found).toMatchObject({ token_format: 'opaque', access_token_ttl_seconds: 3600 })
    const said = (await stage.told()).filter(({ event }) => event === 'resource_server.changed')
    expect(said).toMatchObject([{ detail: { resource: id, change: 'name' } }])
    expect((await faultOf(update(id, { token_format: 'jwt' })))?.faults[0]?.field).toBe('access_token_ttl')
    expect((await faultOf(update('https://nobody.example', {})))?.code).toBe('not_found')
  })

  test('is deleted when no application names it any more, also where one begins to in that moment', async () => {
    const fault = await faultOf(stage.perform('resource-servers.delete', { id: API.id }))
    expect(fault?.detail).toMatch(/^Applications still use it: .*wiki.*\. Take it from them first\.$/)
    for (let round = 0; round < 5; round += 1) {
      const id = `https://short-${round}.example`
      await stage.perform('resource-servers.create', { id })
      const [deleted, made] = await Promise.all([
        faultOf(stage.perform('resource-servers.delete', { id })),
        faultOf(stage.perform('clients.create', { ...WEB_APP, client_id: `user-${round}`, resources: [id] })),
      ])
      expect([deleted?.code ?? 'done', made?.code ?? 'done'].sort()).toEqual(
        [deleted ? 'conflict' : 'done', made ? 'invalid_input' : 'done'].sort(),
      )
      expect([deleted, made].filter((one) => one === null)).toHaveLength(1)
    }
  })

  test('of the file is changed there alone', async () => {
    await stage.ask(
      `insert into resource_server (id, name, scopes, token_format, signing_alg, access_token_ttl_seconds, source, created_at, updated_at)
       values ('https://filed.example', 'Filed', '{}', 'jwt', 'ES256', 300, 'file', now(), now())`,
    )
    const id = 'https://filed.example'
    expect((await faultOf(update(id, { name: 'Mine' })))?.code).toBe('owned_by_file')
    expect((await faultOf(stage.perform('resource-servers.delete', { id })))?.code).toBe('owned_by_file')
  })
})
