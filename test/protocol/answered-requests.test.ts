import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, authorizeUrl, newSecret, newVerifier } from './protocol.ts'

const REQUESTS = 400
const BYTES_MAX = 9000

const machine: App = { id: 'machine', secret: newSecret(), redirectUri: '' }

let stage: Stage

beforeAll(async () => {
  stage = await startStage({
    env: {
      LIMITS: GENEROUS_LIMITS,
      MACHINE_SECRET: machine.secret ?? '',
    },
    program: tellingOfCollections,
    clients: [{ client_id: machine.id, client_secret_env: 'MACHINE_SECRET', grant_types: ['client_credentials'] }],
  })
})
afterAll(() => stage.stop())

// With little room for what is new there are many.
function tellingOfCollections(env: Readonly<Record<string, string>>): ChildProcess {
  const args = ['--trace-gc-nvp', '--max-semi-space-size=1', join(import.meta.dirname, '../../src/main.ts')]
  return spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Bytes that each request leaves behind for a full collection, over many requests one after the other. */
async function leftBehindBy(request: () => Promise<void>): Promise<number> {
  const repeat = async (times: number) => {
    for (let time = 0; time < times; time++) await request()
  }
  await repeat(REQUESTS)
  const before = stage.service.output().length
  await repeat(REQUESTS)
  const lines = stage.service.output().slice(before).split('\n')
  const promoted = lines.flatMap((line) => (/ gc=s .* promoted=(\d+)/.exec(line) ?? []).slice(1).map(Number))
  expect(promoted.length).toBeGreaterThan(2)
  return promoted.reduce((sum, bytes) => sum + bytes, 0) / REQUESTS
}

describe('a request that has been answered', () => {
  test('leaves next to nothing in memory, at the endpoints of the protocol', async () => {
    const bytes = await leftBehindBy(async () => {
      const { status } = await ask(stage.service, '/token', machine, { grant_type: 'client_credentials' })
      expect(status).toBe(200)
    })
    expect(bytes).toBeLessThan(BYTES_MAX)
  })

  test('nor at the screens', async () => {
    const visitor = createVisitor(stage.service)
    const { url } = await visitor.open(authorizeUrl(stage.service, appOf(stage), newVerifier()))
    const bytes = await leftBehindBy(async () => {
      expect((await visitor.open(url)).status).toBe(200)
    })
    expect(bytes).toBeLessThan(BYTES_MAX)
  })
})
