import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ClientStage, clientStage, faultOf, START, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'

afterAll(closeAll)

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
    expect(fault?.code).toBe('bad_request')
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
    const asks = 'insert into client_network (client_id, network, last_at) values ($1, $2, $3)'
    await stage.ask(asks, ['alpha', 'somewhere', new Date('2030-01-04T00:00:00Z')]) // for tokens that leave no row
    expect(await used()).toBe('2030-01-04T00:00:00.000Z')
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
    `insert into oidc_record (model, id, account_id, payload, consumed_at, expires_at) values
      ('Grant', '0', 'a', '{"clientId":"wiki"}', null, $1),
      ('RefreshToken', '1', 'a', '{"clientId":"wiki"}', null, $1), ('RefreshToken', '2', 'a', '{"clientId":"wiki"}', $1, $1),
      ('RefreshToken', '3', 'a', '{"clientId":"wiki"}', null, $2), ('RefreshToken', '4', 'a', '{"clientId":"other"}', null, $1),
      ('AccessToken', '5', 'a', '{"clientId":"wiki"}', null, $1)`,
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
    for (const name of ['clients.get', 'clients.impact', 'clients.snippets', 'clients.disable', 'clients.enable'] as const) {
      expect((await faultOf(stage.perform(name, { client_id })))?.code).toBe('not_found')
    }
    expect((await faultOf(stage.perform('clients.update', { client_id, fields: {} })))?.code).toBe('not_found')
    const gone = await faultOf(stage.perform('clients.delete', { client_id }))
    expect(gone?.code).toBe(client_id === copy ? undefined : 'not_found') // whoever tried may end the copy before its time
    expect((await faultOf(stage.perform('clients.add-secret', { client_id })))?.code).toBe('not_found')
  }
})
