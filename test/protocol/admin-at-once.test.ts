import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { apiOf, callApi, createAdministrator, machineToken, personToken, startAdminStage } from '../support/admin.ts'
import type { Stage } from '../support/stage.ts'

const TIMES = 10
// Of those who wait for each other in a circle the database lets one go after a second, and then the next.
const QUICK_MS = 2500

let stage: Stage
let robot: string

beforeAll(async () => {
  stage = await startAdminStage()
  robot = await machineToken(stage.service)
}, 60_000)
afterAll(() => stage.stop())

const call = (token: string, method: string, path: string, body: object = {}) =>
  callApi(stage.service, token, method, path, { body })
const times = <T>(work: (index: number) => Promise<T>) => Promise.all(Array.from({ length: TIMES }, (_, index) => work(index)))
async function inTime<T>(work: Promise<T>): Promise<T> {
  const begin = performance.now()
  const result = await work
  expect(performance.now() - begin).toBeLessThan(QUICK_MS)
  return result
}

describe('F-09 nobody waits for the other in a circle', () => {
  test('when a machine changes its own registration many times at once', async () => {
    const fields = { template: 'machine', client_id: 'selfie', client_name: 'Selfie' }
    const powers = { resources: [apiOf(stage.service)], admin_scopes: ['clients:write', 'clients:read'] }
    const made = await call(robot, 'POST', '/clients', { ...fields, ...powers })
    const { secret } = made.body.secret as { secret: string }
    const token = await machineToken(stage.service, 'clients:write clients:read', { id: 'selfie', secret })
    const change = (index: number) => call(token, 'PATCH', '/clients/selfie', { fields: { client_name: `Name ${index}` } })
    const answers = await inTime(times(change))
    expect(answers.map(({ status }) => status)).toEqual(Array(TIMES).fill(200))
  })

  test('when two who administer end the access of each other', async () => {
    const people = [await createAdministrator(stage, 'ada@example.org'), await createAdministrator(stage, 'bob@example.org')]
    const tokens = [await personToken(stage, people[0] as never), await personToken(stage, people[1] as never)]
    const end = (index: number) => {
      const [token = '', other] = [tokens[index % 2], people[(index + 1) % 2]]
      return call(token, 'POST', `/accounts/${other?.accountId}/end-sessions`)
    }
    const answers = await inTime(times(end))
    const sides = [0, 1].map((side) => new Set(answers.filter((_, index) => index % 2 === side).map(({ status }) => status)))
    expect(sides.map((side) => [...side]).sort()).toEqual([[200], [401]])
  })
})
