import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createVisitor } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { type App, appOf, ask, authorizeUrl, newSecret, newVerifier } from './protocol.ts'

const REQUESTS = 400
const BYTES_MAX = 9000
/** Of many at once, with the room for new objects that the image gives. */
const AT_ONCE = 8
const REQUESTS_AT_ONCE = 2400
const BYTES_MAX_AT_ONCE = 3700
/** The best of them says what requests leave; a machine that is busy with others makes V8 collect when more of them are at work. */
const ROUNDS = 5

const machine: App = { id: 'machine', secret: newSecret(), redirectUri: '' }

let stage: Stage
let roomy: Stage

beforeAll(async () => {
  // With little room for what is new there are many collections.
  ;[stage, roomy] = (await Promise.all([1, 8].map(startWithRoom))) as [Stage, Stage]
})
afterAll(() => Promise.all([stage.stop(), roomy.stop()]))

function startWithRoom(megabytes: number): Promise<Stage> {
  const args = ['--trace-gc-nvp', `--max-semi-space-size=${megabytes}`, join(import.meta.dirname, '../../src/main.ts')]
  return startStage({
    env: { LIMITS: GENEROUS_LIMITS, MACHINE_SECRET: machine.secret ?? '' },
    program: (env: Readonly<Record<string, string>>): ChildProcess =>
      spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
    clients: [{ client_id: machine.id, client_secret_env: 'MACHINE_SECRET', grant_types: ['client_credentials'] }],
  })
}

/** Bytes that each request leaves behind for a full collection, over many requests: the least of several rounds, or the first below `max`. */
async function leftBehindBy(
  request: () => Promise<void>,
  { at = stage, requests = REQUESTS, atOnce = 1, max = BYTES_MAX } = {},
): Promise<number> {
  const { service } = at
  async function repeat(): Promise<void> {
    let left = requests
    const one = async () => {
      while (left-- > 0) await request()
    }
    await Promise.all(Array.from({ length: atOnce }, one))
  }
  async function round(): Promise<number> {
    const before = service.output().length
    await repeat()
    const lines = service.output().slice(before).split('\n')
    const promoted = lines.flatMap((line) => (/ gc=s .* promoted=(\d+)/.exec(line) ?? []).slice(1).map(Number))
    expect(promoted.length).toBeGreaterThan(2)
    return promoted.reduce((sum, bytes) => sum + bytes, 0) / requests
  }
  await repeat()
  let least = await round()
  for (let more = 1; more < ROUNDS && least >= max; more++) least = Math.min(least, await round())
  return least
}

describe('a request that has been answered', () => {
  test('leaves next to nothing in memory, at the endpoints of the protocol', async () => {
    const bytes = await leftBehindBy(async () => {
      const { status } = await ask(stage.service, '/token', machine, { grant_type: 'client_credentials' })
      expect(status).toBe(200)
    })
    expect(bytes).toBeLessThan(BYTES_MAX)
  })

  test('nor where several are at work at once', async () => {
    const request = async () => {
      const { status } = await ask(roomy.service, '/token', machine, { grant_type: 'client_credentials' })
      expect(status).toBe(200)
    }
    const bytes = await leftBehindBy(request, { at: roomy, requests: REQUESTS_AT_ONCE, atOnce: AT_ONCE, max: BYTES_MAX_AT_ONCE })
    expect(bytes).toBeLessThan(BYTES_MAX_AT_ONCE)
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
