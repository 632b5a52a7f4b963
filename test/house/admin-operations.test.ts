import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import {
  ADMIN_SCOPES,
  type OperationSpec,
  openApiDocument,
  openApiManual,
  operations,
  permissionsManual,
  ROLES,
} from '../../src/admin/index.ts'
import { examples } from '../../src/admin/openapi-examples.ts'

const ROOT = join(import.meta.dirname, '../..')
const all = Object.entries(operations) as [string, OperationSpec][]

describe('the catalogue of operations', () => {
  test('no two stand at one place', () => {
    const places = all.map(([, { method, path }]) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)
    expect(places.filter((place, at) => places.indexOf(place) !== at)).toEqual([])
  })

  test.each(all)('%s: its name, its path and its input go together', (name, { path, input, roles, scope, method }) => {
    expect(name).toMatch(/^[a-z-]+\.[a-z-]+$/)
    expect(path).toMatch(/^(?:\/(?:[a-z-]+|\{[a-z_]+\}))+$/)
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field)
    expect(Object.keys(input.shape)).toEqual(expect.arrayContaining(inPath))
    expect(roles).toContain('admin')
    expect(Object.keys(ADMIN_SCOPES)).toContain(scope)
    // an auditor reads, and a scope that reads changes nothing.
    if (method !== 'GET') expect(roles).not.toContain('auditor')
    expect(scope.endsWith(method === 'GET' ? ':read' : ':write')).toBe(true)
  })

  test('what is created stands where an operation finds it', () => {
    const located = all.filter(([, { location }]) => location)
    expect(located.map(([name]) => name)).toContain('clients.create')
    for (const [name, { location, status }] of located) {
      expect([name, status, all.some(([, { path }]) => path === location)]).toEqual([name, 201, true])
    }
  })

  test.each(all)('R-175 %s: members that it does not know are refused', (_, { input }) => {
    const result = input.safeParse({ 'nobody-knows-this': 1 })
    expect(result.error?.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []))).toEqual([
      'nobody-knows-this',
    ])
  })
})

describe('the OpenAPI document', () => {
  const document = openApiDocument('https://id.doorward.test') as {
    paths: Record<string, Record<string, { operationId: string }>>
  }

  test('obeys every recommended rule', async () => {
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: '/openapi.json', config })
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`)).toEqual([])
  })

  test('describes each operation, and no other', () => {
    const described = Object.values(document.paths).flatMap((place) => Object.values(place).map(({ operationId }) => operationId))
    expect(described.sort()).toEqual(Object.keys(operations).sort())
  })

  test.each(Object.entries(examples))('the example of %s is right', (name, example) => {
    const { path, input } = operations[name as keyof typeof operations] as OperationSpec
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, field]) => [field, 'x'])
    expect(input.safeParse({ ...Object.fromEntries(inPath), ...example }).error?.issues ?? []).toEqual([])
  })
})

describe('the pages made from it', () => {
  test('are up to date', () => {
    expect(readFileSync(join(ROOT, 'docs/admin-permissions.md'), 'utf8')).toBe(permissionsManual())
    expect(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8')).toBe(openApiManual())
  })

  test('the matrix has a row for each operation, with a yes for each role that may', () => {
    for (const [name, { roles }] of all) {
      const row = permissionsManual()
        .split('\n')
        .find((line) => line.startsWith(`| \`${name}\` |`))
      const cells = row
        ?.split('|')
        .slice(2, 2 + ROLES.length)
        .map((cell) => cell.trim())
      expect(cells).toEqual(ROLES.map((role) => (roles.includes(role) ? 'yes' : '–')))
    }
  })
})
