import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type OperationName, type OperationSpec, operations, ROLES, type Role } from '../../src/admin/index.ts'
import { ALL_SCOPES, callApi, createAdministrator, machineToken, personToken, startAdminStage } from '../support/admin.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
/** Tokens by role (or `machine`), with every scope, and with all but one. */
const tokens = new Map<string, string>()

const WHO = [...ROLES, 'machine'] as const
type Who = (typeof WHO)[number]
const scopesUsed = [...new Set(Object.values(operations).map(({ scope }) => scope))]

beforeAll(async () => {
  stage = await startAdminStage()
  for (const role of ROLES) {
    const administrator = await createAdministrator(stage, `${role}@example.org`, role as Role)
    tokens.set(role, await personToken(stage, administrator))
    for (const scope of scopesUsed) tokens.set(`${role} ${scope}`, await personToken(stage, administrator, without(scope)))
  }
  tokens.set('machine', await machineToken(stage.service))
  for (const scope of scopesUsed) tokens.set(`machine ${scope}`, await machineToken(stage.service, without(scope)))
})
afterAll(() => stage.stop())

const without = (scope: string) => ALL_SCOPES.filter((one) => one !== scope).join(' ')

/** Asks with input that leads to nothing: whoever may is told that it is not there, or not right. */
async function statusFor(spec: OperationSpec, token: string | null): Promise<number> {
  const path = spec.path.replaceAll(/\{\w+\}/g, '0')
  const body = spec.method === 'GET' ? {} : { body: {} }
  return (await callApi(stage.service, token, spec.method, path, body)).status
}

describe.each(Object.entries(operations) as [OperationName, OperationSpec][])('R-175 %s', (_, spec) => {
  test('is for nobody without a token', async () => {
    expect(await statusFor(spec, null)).toBe(401)
  })

  test.each(WHO)('for %s is as the matrix says', async (who: Who) => {
    const may = who === 'machine' || spec.roles.includes(who)
    const status = await statusFor(spec, tokens.get(who) ?? null)
    expect({ who, refused: [401, 403].includes(status), failed: status >= 500 }).toEqual({ who, refused: !may, failed: false })
    expect(await statusFor(spec, tokens.get(`${who} ${spec.scope}`) ?? null)).toBe(403)
  })
})
