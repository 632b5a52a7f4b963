import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readClientsFile } from '../../src/clients/index.ts'
import { endClient } from '../../src/store/index.ts'
import { type ClientStage, clientStage, faultOf, START, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'

// More than one transaction ends, with a grant, two tokens and a consent each.
const PEOPLE = 500

afterAll(closeAll)

let stage: ClientStage
beforeAll(async () => {
  stage = await clientStage()
  await stage.ask(
    `insert into account (id, state, profile, created_at) select 'person-' || n, 'active', '{}', now() from generate_series(1, $1) n`,
    [PEOPLE],
  )
})
let client_id: string
let count = 0
beforeEach(async () => {
  count += 1
  client_id = `crowd-${count}`
  await stage.perform('clients.create', { ...WEB_APP, client_id })
  await agreed()
})

async function agreed() {
  await stage.ask(
    `insert into oidc_record (model, id, payload, grant_id, account_id, expires_at)
     select model, model || n || $1, jsonb_build_object('clientId', $1::text), $1 || n, 'person-' || n, '2031-01-01Z'
     from generate_series(1, $2) n, unnest(array['Grant', 'AccessToken', 'RefreshToken']) model`,
    [client_id, PEOPLE],
  )
  await stage.ask(
    `insert into consent (account_id, client_id, scopes, claims, granted_at, updated_at)
     select 'person-' || n, $1, '{}', '{}', now(), now() from generate_series(1, $2) n`,
    [client_id, PEOPLE],
  )
}
async function left(model: string) {
  const rows = await stage.ask(`select from oidc_record where model = $2 and payload ->> 'clientId' = $1`, [client_id, model])
  return rows.length
}
const consents = async () => (await stage.ask('select from consent where client_id = $1', [client_id])).length
const jobs = async () => (await stage.ask('select from graphile_worker.jobs where key = $1', [`end-client:${client_id}`])).length
const find = () => {
  stage.clients.forget()
  return stage.clients.find(client_id)
}
function apply(more: object | null) {
  const entry = { client_id, client_name: 'Crowd', redirect_uris: ['https://a.example/cb'], token_endpoint_auth_method: 'none' }
  const text = JSON.stringify({ clients: [more ? { ...entry, ...more } : { ...entry, client_id: 'other' }] })
  const result = readClientsFile(text, { env: {}, readSecretFile: () => '' } as never)
  if (!result.ok) throw new Error(result.faults.join())
  const { file } = result
  return stage.db.transact((tx) => stage.clients.apply(tx, file, 'file'))
}

describe('an application that very many people use', () => {
  test('is off at once, and its tokens end a bounded number at a time', async () => {
    await stage.perform('clients.disable', { client_id })
    expect((await find())?.disabledAt).toEqual(START)
    expect(await left('Grant')).toBe(PEOPLE - 200)
    expect(await jobs()).toBe(1)
    await endClient(stage.db, client_id)
    expect([await left('Grant'), await left('AccessToken'), await left('RefreshToken')]).toEqual([0, 0, 0])
    expect(await consents()).toBe(PEOPLE)
  })

  test('is not switched on again before all of them have ended, and the job leaves it alone then', async () => {
    await stage.perform('clients.disable', { client_id })
    expect((await faultOf(stage.perform('clients.enable', { client_id })))?.code).toBe('conflict')
    expect((await find())?.disabledAt).toEqual(START)
    await endClient(stage.db, client_id)
    await stage.perform('clients.enable', { client_id })
    await stage.ask('delete from consent where client_id = $1', [client_id])
    await agreed()
    await endClient(stage.db, client_id)
    expect(await left('Grant')).toBe(PEOPLE)
  })

  test('is gone at once when it is deleted, and its id is free when nothing of it is left', async () => {
    await stage.perform('clients.delete', { client_id })
    expect(await find()).toBeNull()
    expect((await faultOf(stage.perform('clients.get', { client_id })))?.code).toBe('not_found')
    expect(JSON.stringify(await stage.perform('clients.list', {}))).not.toContain(`"${client_id}"`)
    const again = () => stage.perform('clients.create', { ...WEB_APP, client_id })
    expect(await faultOf(again())).toMatchObject({ code: 'conflict', faults: [{ field: 'client_id' }] })
    expect((await stage.perform('clients.create', { ...WEB_APP, client_name: client_id })).client.client_id).not.toBe(client_id)
    await endClient(stage.db, client_id)
    expect(await stage.ask('select from client where id = $1', [client_id])).toEqual([])
    expect([await left('Grant'), await left('AccessToken'), await consents()]).toEqual([0, 0, 0])
    await again()
    expect(await find()).not.toBeNull()
  })

  test('waits in the clients file, to be switched on or registered anew, until nothing is left', async () => {
    await apply({})
    await apply({ disabled: true })
    expect(await apply({})).toMatchObject({
      updated: 0,
      waiting: [{ id: client_id, words: expect.stringContaining('being ended') }],
    })
    expect((await find())?.disabledAt).toEqual(START)
    await endClient(stage.db, client_id)
    expect(await apply({})).toMatchObject({ updated: 1, waiting: [] })
    await stage.ask('delete from consent where client_id = $1', [client_id])
    await agreed()
    expect(await apply(null)).toMatchObject({ created: 1, removed: 1 })
    expect(await find()).toBeNull()
    expect(await apply({ disabled: true })).toMatchObject({ created: 0, waiting: [{ id: client_id }] })
    await endClient(stage.db, client_id)
    expect(await apply({})).toMatchObject({ created: 1, waiting: [] })
    expect([await left('Grant'), await consents()]).toEqual([0, 0])
  })
})
