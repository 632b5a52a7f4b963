import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { query } from '../support/database.ts'
import { send } from '../support/http.ts'
import { createVisitor, formWith } from '../support/person.ts'
import { GENEROUS_LIMITS } from '../support/service.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { arrive, probe, until } from './fault-tools.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { LIMITS: GENEROUS_LIMITS, SHUTDOWN_DELAY: '2s' } })
})
afterAll(() => stage.stop())

/** Keeps an `identify` request in flight at the database until `release`. */
async function holdRequest(email: string) {
  const walk = await arrive(stage)
  const form = formWith(walk.page, 'identifier')
  if (!form) throw new Error('no field for the address')
  const holder = new Client({ connectionString: stage.service.databaseUrl })
  await holder.connect()
  await holder.query('begin; lock table challenge in exclusive mode')
  const answer = walk.visitor.submit(form, { identifier: email }).catch(() => null)
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name = 'doorward'`
  await until('the request waits', async () => (await query(stage.service.databaseUrl, waiting)).length > 0)
  const release = async () => {
    await holder.query('rollback')
    await holder.end()
  }
  return { answer, release }
}

describe('SIGTERM', () => {
  test('F-20 under load: not ready first, what is in flight ends well, no request fails, exit 0', async () => {
    const opsPort = stage.service.env.OPS_PORT as string
    const held = await holdRequest('inflight@fabrikam.example')
    const url = await stage.authorizeUrl(createVisitor(stage.service))
    const ends: unknown[] = []
    let going = true
    const load = Array.from({ length: 4 }, async () => {
      while (going) ends.push(await send(url).then(({ status }) => status, String))
    })
    await until('load is on', () => ends.length > 20)

    const stopped = stage.service.stop('SIGTERM')
    await until('it is not ready', async () => (await probe(opsPort, '/readyz')) === 503, 5)
    expect(stage.service.running).toBe(true)
    // What a balancer does then; it has `SHUTDOWN_DELAY` to see it.
    going = false
    await Promise.all(load)
    await held.release()
    expect((await held.answer)?.status).toBe(303)
    expect(await stopped).toBe(0)
    expect(new Set(ends)).toStrictEqual(new Set([303]))
    expect(stage.service.output()).not.toMatch(/"level":"(error|fatal)"/)

    // What it left to do was done too: nobody waits for a mail until another process finds it.
    expect(stage.mailbox.count('inflight@fabrikam.example')).toBe(1)
    await stage.service.restart()
  })

  test('F-20 a second one ends it at once', async () => {
    const opsPort = stage.service.env.OPS_PORT as string
    const held = await holdRequest('hurry@fabrikam.example')
    const first = stage.service.stop('SIGTERM')
    await until('it is not ready', async () => (await probe(opsPort, '/readyz')) === 503, 5)
    const began = performance.now()
    process.kill(stage.service.pid, 'SIGTERM')
    expect(await first).toBe(1)
    expect(performance.now() - began).toBeLessThan(1000)
    await held.release()
    await held.answer
  })
})
