import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { send } from '../support/http.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { probe, until } from './fault-tools.ts'

// Far more than a pipe and its reader hold.
const REQUESTS = 3000
const AT_ONCE = 8

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS } })
})
afterAll(() => stage.stop())

test('F-61 a log that nobody reads any more: requests are answered, quickly, and people come in', async () => {
  const { env } = stage.service
  await stage.service.stop()
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    child.stdout.pause()
    await until('it is ready', async () => (await probe(env.OPS_PORT as string, '/readyz')) === 200)
    const began = performance.now()
    const stream = async () => {
      for (let count = 0; count < REQUESTS / AT_ONCE; count++)
        expect((await send(`${stage.service.issuer}/jwks`)).status).toBe(200)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, stream))
    expect(performance.now() - began).toBeLessThan(20_000)
    await stage.signIn('unlogged@fabrikam.example')
    expect(await probe(env.OPS_PORT as string, '/livez')).toBe(200)
  } finally {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    child.stdout.destroy()
    await ended
  }
})
