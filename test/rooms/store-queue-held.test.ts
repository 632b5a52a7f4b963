import { afterEach, describe, expect, test } from '@jest/globals'
import type { Task } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { endQueues, queueStage } from './store-queue-stage.ts'
import { eventually } from './store-support.ts'

afterEach(endQueues)

async function stage(work: Task) {
  const url = await freshDatabase()
  return { url, ...queueStage(url, { work }) }
}

describe('work that the rows say this process does', () => {
  test('is done in place of the task, and is no job of anybody’s while the process stops', async () => {
    const done: string[] = []
    const { url, db, queue } = await stage(async () => void done.push('task'))
    await queue.start()
    const add = (id: string) =>
      db.transact((tx) => queue.soon(tx, 'work', {}, { key: id, lane: 'a', held: async () => void done.push(id) }))
    await add('held')
    await eventually(() => done.length === 1)
    await queue.stop()
    await add('late')
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    expect([done, await query(url, 'select from graphile_worker._private_jobs')]).toEqual([['held'], []])
  })

  test('is asked for where it would be begun at once: not before the start, behind as many that run, or after the stop', async () => {
    const ends: (() => void)[] = []
    const { db, queue } = await stage(() => new Promise((resolve) => void ends.push(resolve)))
    const places = [queue.hasPlace('a')]
    await queue.start()
    for (const key of ['a', 'b']) {
      places.push(queue.hasPlace('a'))
      await db.transact((tx) => queue.soon(tx, 'work', {}, { key, lane: 'a' }))
    }
    places.push(queue.hasPlace('a'))
    await eventually(() => ends.length === 2)
    places.push(queue.hasPlace('a'), queue.hasPlace('b'))
    const stopped = queue.stop()
    for (const end of ends.splice(0)) end()
    await stopped
    expect([...places, queue.hasPlace('a')]).toEqual([false, true, true, false, false, true, false])
  })

  test('F-20 other work is a job once the grace is over, whoever still asks', async () => {
    const begun: unknown[] = []
    const { url, db, queue } = await stage(async ({ id }) => void begun.push(id))
    await queue.start()
    await queue.stop(0.1, new Promise(() => {}))
    await db.transact((tx) => queue.soon(tx, 'work', { id: 'late' }, { key: 'late', lane: 'a' }))
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    expect([begun, await query(url, 'select key from graphile_worker._private_jobs')]).toEqual([[], [{ key: 'late' }]])
  })
})
