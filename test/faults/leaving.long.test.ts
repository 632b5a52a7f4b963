import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../support/database.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { ask, probe, until } from './fault-tools.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SHUTDOWN_DELAY: '2s' } })
})
afterAll(() => stage?.stop())

/**
 * One request on a connection that is kept: what its answer says of the connection, or how it failed. One that was waiting
 * to be taken when the port was closed is reset, which is as good as refused.
 */
function onKept(agent: Agent, port: number): Promise<string> {
  return new Promise((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: '/jwks', agent }, (answer) => {
      answer.resume().on('end', () => resolve(String(answer.headers.connection)))
    })
    asking.on('error', ({ code }: NodeJS.ErrnoException) => resolve(asking.reusedSocket ? `${code} when kept` : 'refused'))
    asking.end()
  })
}

describe('SIGTERM, while others still lead requests here', () => {
  test('F-20 whoever keeps connections is told to leave them and none is cut; one that nobody used holds nothing up', async () => {
    const { port } = stage.service
    const unused = connect(port, '127.0.0.1').on('error', () => {})
    const agent = new Agent({ keepAlive: true })
    const seen: string[] = []
    const load = Array.from({ length: 8 }, async () => {
      while (!seen.includes('refused')) seen.push(await onKept(agent, port))
    })
    await until('connections are kept', () => seen.filter((said) => said === 'keep-alive').length > 40)
    const began = performance.now()
    expect(await stage.service.stop('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    await Promise.all(load)
    agent.destroy()
    unused.destroy()
    expect(new Set(seen)).toEqual(new Set(['keep-alive', 'close', 'refused']))
    await stage.service.restart()
  })

  test('F-20 a mail that is being sent is sent, once, and noted', async () => {
    const email = 'being-sent@fabrikam.example'
    const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>()
    stage.mailbox.setBehaviour(() => mayEnd.then(() => 'accept' as const))
    await ask(stage, email)
    await until('its content arrived', () => stage.mailbox.seen.some(({ to }) => to === email))
    const stopped = stage.service.stop('SIGTERM')
    await until('it is not ready', async () => (await probe(stage.service.env.OPS_PORT as string, '/readyz')) === 503, 5)
    letEnd()
    expect(await stopped).toBe(0)
    const noted = await query(stage.service.databaseUrl, 'select state, tries from delivery where target = $1', [email])
    expect([noted, stage.mailbox.seen.filter(({ to }) => to === email).length]).toEqual([[{ state: 'handed_over', tries: 1 }], 1])
    stage.mailbox.setBehaviour('accept')
    await stage.service.restart()
  })
})
