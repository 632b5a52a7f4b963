import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apiOf, callApi, machineToken, startAdminStage } from '../support/admin.ts'
import { send } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
let via: Stage['service']

beforeAll(async () => {
  const [port] = await freePorts(1)
  stage = await startAdminStage({ env: { ADMIN_PORT: String(port) } })
  via = Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(stage.service), port: { value: port } },
  ) as Stage['service']
})
afterAll(() => stage.stop())

test('R-175 with a port of its own the API is there, under the same name, and nothing else is', async () => {
  const token = await machineToken(stage.service)
  expect(await callApi(via, token, 'GET', '/me', { via })).toMatchObject({ status: 200, body: { kind: 'client' } })
  const { issuer } = stage.service
  for (const path of ['/authorize', '/account', '/.well-known/openid-configuration', '/jwks', '/admin']) {
    expect(await send(`${issuer}${path}`, { via })).toMatchObject({ status: 404 })
  }
})

test('R-175 and on the port for people it does not exist', async () => {
  for (const path of ['/me', '/openapi.json', '/problems/not_found']) {
    expect(await send(`${apiOf(stage.service)}${path}`)).toMatchObject({ status: 404 })
  }
})
