import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readClientsFile } from '../../src/clients/index.ts'
import { type ClientStage, clientStage, faultOf, WEB_APP } from './admin-clients-stage.ts'
import { closeAll, eventually } from './store-support.ts'

afterAll(closeAll)

let stage: ClientStage
let count = 0
let client_id: string
beforeAll(async () => {
  stage = await clientStage()
})
beforeEach(async () => {
  count += 1
  client_id = `wiki-${count}`
  await stage.perform('clients.create', { ...WEB_APP, client_id })
})
const get = () => stage.perform('clients.get', { client_id })
const change = (fields: Record<string, unknown>, options: { ifMatch?: string } = {}) =>
  stage.perform('clients.update', { client_id, fields }, options)
const events = async () => (await stage.told()).filter((row) => row.client_id === client_id).map(({ event }) => event)

function declared() {
  const redirect_uris = ['https://wiki.example/callback']
  const entry = { client_id, client_name: 'From the file', redirect_uris, token_endpoint_auth_method: 'none' }
  const result = readClientsFile(JSON.stringify({ clients: [entry] }), { env: {}, readSecretFile: () => '' } as never)
  if (!result.ok) throw new Error(result.faults.join())
  return result.file
}

/** Records of the engine: those of this client and of another, and what belongs to the person alone. */
async function grantTokens() {
  const rows = [client_id, `other-${client_id}`].flatMap((id) =>
    ['Grant', 'AuthorizationCode', 'AccessToken', 'RefreshToken', 'ClientCredentials', 'Session', 'Interaction'].map((model) => [
      model,
      `${model}-${id}`,
      JSON.stringify({ clientId: id }),
    ]),
  )
  for (const row of rows)
    await stage.ask(
      `insert into oidc_record (model, id, payload, account_id, expires_at) values ($1, $2, $3, 'ada', '2031-01-01')`,
      row,
    )
}
const livingTokens = async () =>
  (
    await stage.ask<{ id: string }>(`select model as id from oidc_record where payload ->> 'clientId' = $1 order by 1`, [
      client_id,
    ])
  ).map(({ id }) => id)

describe('changing an application', () => {
  test('R-175 writes the fields that are named and no other, tells each with before and after, and the trail has their names', async () => {
    const before = await get()
    stage.pass(60)
    const { client, changes } = await change({ client_name: 'Handbook', first_party: true })
    expect(changes).toEqual([
      { field: 'client_name', before: 'Team wiki', after: 'Handbook' },
      { field: 'first_party', before: false, after: true },
    ])
    expect(client.fields).toEqual({ ...before.fields, client_name: 'Handbook', first_party: true })
    expect(client).toEqual(await get())
    expect(client.version).not.toBe(before.version)
    expect([client.created_at, client.updated_at]).toEqual([
      before.created_at,
      new Date(Date.parse(before.created_at) + 60_000).toISOString(),
    ])
    expect((await stage.told()).at(-1)).toEqual({
      event: 'client.changed',
      client_id,
      actor_id: 'person-1',
      detail: { change: 'client_name, first_party' },
    })
    expect((await stage.clients.find(client_id))?.metadata.client_name).toBe('Handbook')
  })

  test('what changes nothing writes nothing', async () => {
    const before = await get()
    stage.pass(60)
    const { client, changes } = await change({ client_name: 'Team wiki' })
    expect([client, changes]).toEqual([before, []])
    expect(await events()).toEqual(['client.created'])
  })

  test('all that is shown can be sent back, and changes nothing', async () => {
    await change({
      ...{ methods: ['email'], color: '#1D4ED8', refresh_token_ttl: '90m', id_token_ttl: 3600, contacts: ['ops@wiki.example'] },
      ...{ logo_uri: 'https://wiki.example/logo.png', second_factor: 'required', made_by: 'Example Ltd', default_max_age: 60 },
    })
    const { fields } = await get()
    expect(fields).toMatchObject({ methods: ['email'], color: '#1d4ed8', refresh_token_ttl: '90m', id_token_ttl: '1h' })
    expect((await change(fields)).changes).toEqual([])
  })

  test('null takes a field back to its default', async () => {
    await change({ scope: 'openid', second_factor: 'required', require_pkce: false, client_uri: 'https://wiki.example' })
    const { client } = await change({ scope: null, second_factor: null, require_pkce: null, client_uri: null })
    expect(client.fields).toMatchObject({
      scope: 'openid profile email phone offline_access',
      second_factor: null,
      require_pkce: true,
    })
    expect(client.fields).not.toHaveProperty('client_uri')
  })

  test('of grants and refresh tokens the one that is named counts', async () => {
    expect((await change({ refresh_token: 'never' })).client.fields.grant_types).toEqual(['authorization_code'])
    expect((await change({ refresh_token: 'always' })).client.fields.grant_types).toEqual(['authorization_code', 'refresh_token'])
    expect((await change({ grant_types: ['authorization_code'] })).client.fields.refresh_token).toBe('never')
    const { client } = await change({ grant_types: ['authorization_code', 'refresh_token'] })
    expect(client.fields.refresh_token).toBe('offline_access')
    const fault = await faultOf(change({ grant_types: ['authorization_code'], refresh_token: 'always' }))
    expect(fault?.faults).toEqual([{ field: 'refresh_token', words: 'needs refresh_token among the grant_types' }])
  })

  test('a dry run tells changes and warnings, and changes nothing', async () => {
    const before = await get()
    const given = { require_pkce: false }
    const { client, changes } = await stage.perform('clients.update', { client_id, fields: given, dry_run: true })
    expect(changes).toEqual([{ field: 'require_pkce', before: true, after: false }])
    expect(client.warnings).toContain('PKCE is not required: a code that leaks on its way back can be used by whoever finds it.')
    expect(client.version).toBe(before.version)
    expect(await get()).toEqual(before)
    expect(await events()).toEqual(['client.created'])
  })

  test('R-175 what may not be written is refused by name, and the rest of the change with it', async () => {
    const given = JSON.parse(
      `{"client_id": "x", "disabled": true, "client_secret": "x", "source": "file", "secrets": [], "__proto__": {"a": 1}, "constructor": 1, "client_name": "New"}`,
    )
    const fault = await faultOf(change(given))
    expect(fault?.code).toBe('invalid_input')
    const fields = fault?.faults.map(({ field }) => field) ?? []
    expect(fields).toEqual(expect.arrayContaining(['client_id', 'disabled', 'client_secret', 'source', 'secrets', 'constructor']))
    expect(fields).not.toContain('client_name')
    expect((await get()).client_name).toBe('Team wiki')
  })

  test('R-163 the rules are those of a new registration', async () => {
    const fault = await faultOf(change({ redirect_uris: ['https://ok.example/cb', 'http://no.example/cb'] }))
    expect(fault?.faults).toEqual([{ field: 'redirect_uris[1]', words: 'must be https; plain http is for loopback only' }])
    expect((await faultOf(change({ redirect_uris: 'https://ok.example' })))?.faults[0]?.field).toBe('redirect_uris')
  })

  test('a secret ends with the method that needs it, and an application that has none says so', async () => {
    const { client } = await change({ token_endpoint_auth_method: 'none' })
    expect(client.secrets).toEqual([])
    expect(await stage.ask('select secrets, secret_hashes from client where id = $1', [client_id])).toEqual([
      { secrets: [], secret_hashes: [] },
    ])
    const back = await change({ token_endpoint_auth_method: 'client_secret_basic' })
    expect(back.client.warnings).toContain('It has no secret that counts: it gets no token until you make one.')
  })

  test('If-Match: of two who saw the same version one changes it, and the other is told', async () => {
    const { version } = await get()
    const outcomes = await Promise.all(
      ['One', 'Two', 'Three'].map((client_name) => faultOf(change({ client_name }, { ifMatch: version }))),
    )
    expect(outcomes.map((fault) => fault?.code ?? 'done').sort()).toEqual(['done', 'precondition_failed', 'precondition_failed'])
    for (const name of ['clients.disable', 'clients.enable', 'clients.delete', 'clients.add-secret'] as const) {
      const fault = await faultOf(stage.perform(name, { client_id }, { ifMatch: version }))
      expect(fault?.code).toBe('precondition_failed')
    }
    const retired = stage.perform('clients.retire-secret', { client_id, secret_id: 'x' }, { ifMatch: version })
    expect((await faultOf(retired))?.code).toBe('precondition_failed')
  })

  test('two changes of different fields at once both stand', async () => {
    await Promise.all([change({ client_name: 'One' }), change({ second_factor: 'required' }), change({ made_by: 'Example Ltd' })])
    expect((await get()).fields).toMatchObject({ client_name: 'One', second_factor: 'required', made_by: 'Example Ltd' })
  })
})

describe('what the clients file owns', () => {
  test('is changed there alone', async () => {
    await stage.db.transact((tx) => stage.clients.apply(tx, declared(), 'file'))
    expect(await get()).toMatchObject({ source: 'file', client_name: 'From the file' })
    const id = { client_id }
    const asked = [
      change({ client_name: 'Mine' }),
      stage.perform('clients.update', { ...id, fields: { client_name: 'Mine' }, dry_run: true }),
      stage.perform('clients.disable', id),
      stage.perform('clients.enable', id),
      stage.perform('clients.delete', id),
      stage.perform('clients.add-secret', id),
      stage.perform('clients.retire-secret', { ...id, secret_id: 'x' }),
    ]
    for (const work of asked) expect((await faultOf(work))?.code).toBe('owned_by_file')
    expect((await get()).client_name).toBe('From the file')
    expect((await faultOf(stage.perform('clients.create', { ...WEB_APP, ...id })))?.code).toBe('conflict')
  })

  test('is not changed by whoever asked while the file was being applied', async () => {
    let work: Promise<unknown> = Promise.resolve()
    await stage.db.transact(async (tx) => {
      await stage.clients.apply(tx, declared(), 'file')
      work = faultOf(change({ client_name: 'Mine' }))
      const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      await eventually(async () => (await stage.ask(waiting)).length > 0)
    })
    expect(await work).toMatchObject({ code: 'owned_by_file' })
    expect((await get()).client_name).toBe('From the file')
  })
})

describe('switching an application off', () => {
  test('ends its codes, tokens and grants, leaves sessions and other applications, and can be undone', async () => {
    await grantTokens()
    expect(await stage.perform('clients.disable', { client_id })).toMatchObject({ disabled: true })
    expect(await livingTokens()).toEqual(['Interaction', 'Session'])
    expect(await stage.ask(`select 1 from oidc_record where payload ->> 'clientId' = $1`, [`other-${client_id}`])).toHaveLength(7)
    expect((await stage.clients.find(client_id))?.disabledAt).toBeInstanceOf(Date)
    await stage.perform('clients.disable', { client_id })
    expect(await stage.perform('clients.enable', { client_id })).toMatchObject({ disabled: false })
    await stage.perform('clients.enable', { client_id })
    expect((await stage.clients.find(client_id))?.disabledAt).toBeNull()
    expect(await events()).toEqual(['client.created', 'client.disabled', 'client.enabled'])
  })
})

describe('deleting an application', () => {
  test('takes its consents and tokens with it, and tells the trail', async () => {
    await grantTokens()
    await stage.ask(`insert into account (id, created_at) values ('a', now())`)
    await stage.ask(`insert into consent (account_id, client_id, granted_at, updated_at) values ('a', $1, now(), now())`, [
      client_id,
    ])
    expect(await stage.perform('clients.delete', { client_id })).toEqual({ done: true })
    expect(await stage.clients.find(client_id)).toBeNull()
    expect(await livingTokens()).toEqual(['Interaction', 'Session'])
    expect(await stage.ask('select 1 from consent')).toEqual([])
    expect((await stage.told()).at(-1)).toMatchObject({ event: 'client.deleted', client_id, actor_id: 'person-1' })
    expect((await faultOf(stage.perform('clients.delete', { client_id })))?.code).toBe('not_found')
  })

  test('is undone with its transaction', async () => {
    await grantTokens()
    const failing = stage.perform('clients.delete', { client_id }, { meanwhile: () => Promise.reject(new Error('later')) })
    await expect(failing).rejects.toThrow('later')
    expect((await get()).client_id).toBe(client_id)
    expect(await livingTokens()).toHaveLength(7)
    expect(await events()).toEqual(['client.created'])
  })
})
