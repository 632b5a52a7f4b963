import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { appOf } from '../protocol/protocol.ts'
import { createVisitor } from '../support/person.ts'
import { freePorts } from '../support/ports.ts'
import { GENEROUS_LIMITS, type Service } from '../support/service.ts'
import { type Stage, startPairStage } from '../support/stage.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { launch, probe, type Started, until } from './fault-tools.ts'
import { startLoad } from './load.ts'

// Three processes behind a balancer that looks ten times a second and never tries again; one dies without a word.

const LOADED_SECONDS = 20
const RECOVERED_SECONDS = 10

let stage: Stage & { second: Service }
let third: Started
let balancer: Balancer

beforeAll(async () => {
  stage = await startPairStage({ env: { LIMITS: GENEROUS_LIMITS } })
  const [port] = await freePorts(3)
  third = launch({ ...stage.service.env, PORT: String(port), OPS_PORT: String(port + 2) })
  await until('the third is ready', async () => (await probe(port + 2, '/readyz')) === 200)
  const asService = { ...stage.second, port, opsUrl: `http://127.0.0.1:${port + 2}` } as Service
  balancer = await startBalancer([stage.service, stage.second, asService])
}, 120_000)
afterAll(async () => {
  third.signal('SIGKILL')
  await balancer.stop()
  await stage.stop()
})

describe('one process of three', () => {
  test('S-3 is killed under load: less than one request in a hundred fails, and within ten seconds none does', async () => {
    const load = await startLoad(stage, appOf(stage), balancer)
    await until('load is on', () => (load.done['sign-in'] ?? 0) > 4)
    const began = performance.now()
    const before = [...balancer.answered.values()].reduce((sum, n) => sum + n, 0)
    third.signal('SIGKILL')
    let seen = 0
    let last = began
    await until(
      'the time is over',
      () => {
        if (balancer.failures.length > seen) last = performance.now()
        seen = balancer.failures.length
        return performance.now() - began > LOADED_SECONDS * 1000
      },
      LOADED_SECONDS + 5,
    )
    await load.stop()
    const requests = [...balancer.answered.values()].reduce((sum, n) => sum + n, 0) - before + balancer.failures.length
    const recovered = (last - began) / 1000
    process.stdout.write(
      `measured: one of three killed: ${balancer.failures.length} of ${requests} requests in ${LOADED_SECONDS} s failed, the last one ${recovered.toFixed(2)} s after; ${JSON.stringify(load.done)}\n`,
    )
    expect(balancer.failures.length / requests).toBeLessThan(0.01)
    expect(recovered).toBeLessThan(RECOVERED_SECONDS)
    // What was under way at the dead one goes on at the others, mails and all.
    const visitor = await stage.signIn('afterwards@fabrikam.example', { visitor: createVisitor(balancer) })
    expect(visitor).toBeDefined()
  }, 180_000)
})
