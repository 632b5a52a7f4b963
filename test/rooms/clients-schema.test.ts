import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { ADMIN_SCOPES } from '../../src/admin/index.ts'
import { adminApi, clientsFileSchema, fieldsOf, readClientsFile } from '../../src/clients/index.ts'
import { API, clientOf, type Entry, NATIVE, PUBLIC, SECRET, WEB } from './clients-samples.ts'

const DOCS = join(import.meta.dirname, '../../docs/clients-file.md')
const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync(DOCS, 'utf8'))?.[1] ?? ''
const adminOf = (issuer: string) => adminApi({ issuer, scopes: ADMIN_SCOPES })
const env = { WAREHOUSE_SECRET: SECRET, WAREHOUSE_SECRET_NEXT: `${SECRET}-next`, REPORT_SECRET: SECRET }
const surroundings = { env, readSecretFile: () => SECRET, adminApi: adminOf('https://id.shop.example') }

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(clientsFileSchema())
const valid = (file: unknown) => validate(JSON.parse(JSON.stringify(file)))

describe('the JSON Schema of the clients file', () => {
  test('takes the example of the documentation, which the reader takes as well', () => {
    expect({ valid: valid(parse(example)), errors: validate.errors }).toEqual({ valid: true, errors: null })
    const result = readClientsFile(example, surroundings)
    expect(result).toMatchObject({ ok: true })
    if (!result.ok) return
    expect(result.file.clients.map(({ id, waitsFor }) => [id, waitsFor])).toEqual(
      ['shop', 'warehouse', 'planner', 'nightly-report', 'old-shop', 'provisioning'].map((id) => [id, null]),
    )
  })

  test.each<Entry>([WEB, PUBLIC, NATIVE, { ...WEB, methods: null, access_token_ttl: 60 }])(
    'takes what the reader takes: %j',
    (entry) => {
      expect(valid({ clients: [entry], resource_servers: [API] })).toBe(true)
      const { id, metadata, policy } = clientOf(entry)
      const { client_id: _id, ...fields } = fieldsOf({ id, metadata, policy, disabledAt: null })
      expect(valid({ clients: [{ client_id: id, ...fields }] })).toBe(true)
    },
  )

  test.each<[string, unknown]>([
    ['a key that does not exist', { clients: [{ ...WEB, redirect_uri: 'x' }] }],
    ['a secret', { clients: [{ ...WEB, client_secret: SECRET }] }],
    ['a client without an id', { clients: [{ ...WEB, client_id: undefined }] }],
    ['an unknown method', { clients: [{ ...WEB, methods: ['passkey'] }] }],
    ['no clients', { clients: [] }],
    ['another top-level key', { clients: [WEB], users: [] }],
  ])('refuses %s, as the reader does', (_what, file) => {
    expect(valid(file)).toBe(false)
    expect(readClientsFile(JSON.stringify(file), surroundings).ok).toBe(false)
  })

  test('is published as it is, where the page on the file and its example say', () => {
    expect(example).toContain('$schema=./clients-file.schema.json')
    expect(JSON.parse(readFileSync(join(dirname(DOCS), 'clients-file.schema.json'), 'utf8'))).toEqual(clientsFileSchema())
  })

  test('says which version of JSON Schema it is', () => {
    expect(clientsFileSchema()).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' })
  })
})
