import { afterEach, expect, test } from '@jest/globals'
import { freshDatabase, query } from '../support/database.ts'
import { endQueues, jobsOf, queueStage } from './store-queue-stage.ts'
import { eventually, listeningLog } from './store-support.ts'

afterEach(endQueues)

const CONNECTIONS = `select from pg_stat_activity where datname = current_database() and application_name in ('doorward queue', 'doorward presence')`

test('F-20 a stop while the queue begins anew after an outage lets jobs end, and who still asks', async () => {
  const url = await freshDatabase()
  const { log, lines } = listeningLog()
  const ends: (() => void)[] = []
  const done: string[] = []
  const tasks = {
    work: () => new Promise<void>((resolve) => void ends.push(resolve)),
    soon: async () => void done.push('asked for last'),
  }
  const { db, queue } = queueStage(url, tasks, { log })
  await queue.start()
  await db.transact((tx) => queue.add(tx, 'work', {}))
  await eventually(() => ends.length === 1)
  await query(url, 'alter table graphile_worker._private_jobs rename to away')
  await eventually(() => lines.some((line) => line.includes('begins anew')))
  await query(url, 'alter table graphile_worker.away rename to _private_jobs')

  const { promise: askedLast, resolve: nobodyAsks } = Promise.withResolvers<void>()
  const stopped = queue.stop(20, askedLast)
  await db.transact((tx) => queue.soon(tx, 'soon', {}, { key: 'k', lane: 'a' }))
  await eventually(() => done.length === 1)
  for (const end of ends) end()
  nobodyAsks()
  await stopped
  expect([await jobsOf(url), queue.hasPlace('a')]).toEqual([[], false])
  await eventually(async () => (await query(url, CONNECTIONS)).length === 0)
})

test.each([
  ['while the queue begins', ['start', 'stop']],
  ['before it begins', ['stop', 'start']],
] as const)('F-20 a stop %s leaves nobody who takes jobs', async (_when, order) => {
  const url = await freshDatabase()
  const { queue } = queueStage(url, { work: async () => {} })
  await Promise.all(order.map((what) => queue[what]()))
  expect(queue.hasPlace('a')).toBe(false)
  await eventually(async () => (await query(url, CONNECTIONS)).length === 0)
})
