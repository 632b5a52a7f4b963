import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { operations } from '../../src/admin/index.ts'
import { readClientsFile } from '../../src/clients/index.ts'
import { type ClientStage, clientStage, faultOf, WEB_APP } from './admin-clients-stage.ts'
import { closeAll } from './store-support.ts'

afterAll(closeAll)

let stage: ClientStage
beforeAll(async () => {
  stage = await clientStage()
})
const register = (client_id: string) => faultOf(stage.perform('clients.create', { ...WEB_APP, client_id }))

function faultyFields(client_id: string): string[] {
  const read = operations['clients.create'].input.safeParse({ ...WEB_APP, client_id })
  return read.error?.issues.map(({ path }) => path.join('.')) ?? []
}

function declare(client_id: string): readonly string[] {
  const entry = { client_id, redirect_uris: ['https://wiki.example/callback'], token_endpoint_auth_method: 'none' }
  const result = readClientsFile(JSON.stringify({ clients: [entry] }), { env: {}, readSecretFile: () => '' } as never)
  return result.ok ? [] : result.faults
}

describe('R-040 the id of an application', () => {
  test('is never that of a person, nor of one who was erased', async () => {
    await stage.ask(`insert into account (id, state, profile, created_at) values ('carol', 'active', '{}', now())`)
    await stage.ask(`insert into audit_entry (at, event, account_id, detail) values (now(), 'account.erased', 'dave', '{}')`)
    for (const id of ['carol', 'dave'])
      expect(await register(id)).toMatchObject({ code: 'conflict', faults: [{ field: 'client_id' }] })
    const named = await stage.perform('clients.create', { ...WEB_APP, client_name: 'Carol' })
    expect(named.client.client_id).toMatch(/^carol-\w{5}$/)
    expect(await register('erin')).toBeNull()
  })

  test('is no name that the trail has for somebody else, in the file neither', async () => {
    for (const id of ['local', 'built-in', 'console']) {
      expect(faultyFields(id)).toEqual(['client_id'])
      expect(declare(id)).toEqual([expect.stringContaining('client_id')])
    }
  })

  test('is no step within an address', async () => {
    for (const id of ['.', '..', 'a/../b', './a', 'a/.']) {
      expect(faultyFields(id)).toEqual(['client_id'])
      expect(declare(id)).toEqual([expect.stringContaining('client_id')])
    }
    for (const id of ['...', '.a', 'a..b']) expect(declare(id)).toEqual([])
  })
})

test('R-040 no subject that is brought along and no API is a step within an address', async () => {
  const shape = operations['accounts.import'].input
  const isTaken = (sub: string) => shape.safeParse({ accounts: [{ sub, email: 'a@example.org' }] }).success
  expect(['.', '..', 'a/../b', 'a.b', '...'].map(isTaken)).toEqual([false, false, false, true, true])
  for (const id of ['.', '..', 'https://a.example/..', 'https://a.example/%2e%2e/b']) {
    const fault = await faultOf(stage.perform('resource-servers.create', { id, name: 'A', scopes: { read: 'Read' } }))
    expect(fault?.code).toBe('invalid_input')
  }
})
