import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { patienceLeftMs, withPatience } from '../../src/base/index.ts'
import type { Task } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { endQueues, jobsOf, queueStage } from './store-queue-stage.ts'
import { eventually, listeningLog } from './store-support.ts'

const children: ReturnType<typeof spawn>[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await endQueues()
})

describe('a job', () => {
  test('exists if and only if the transaction that added it was kept', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = queueStage(url, { note: async ({ id }) => void done.push(String(id)) })
    const undone = db.transact(async (tx) => {
      await queue.add(tx, 'note', { id: 'undone' })
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    await db.transact((tx) => queue.add(tx, 'note', { id: 'kept' }))
    await queue.start()
    await eventually(async () => (await jobsOf(url)).length === 0)
    expect(done).toEqual(['kept'])
  })

  test('is told to a worker that waits, which looks for none by itself', async () => {
    const done: string[] = []
    const note: Task = async ({ id }) => void done.push(String(id))
    const { db, queue } = queueStage(await freshDatabase(), { note }, { lookEveryMs: 600_000 })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'note', { id: 'a' }))
    await eventually(() => done.length === 1)
  })

  test('with the same key takes the place of the one that waits, and one that is due later waits', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = queueStage(url, { note: async ({ id }) => void done.push(String(id)) })
    const tomorrow = new Date(Date.now() + 86_400_000)
    await db.transact((tx) => queue.add(tx, 'note', { id: 'later' }, { runAt: tomorrow }))
    await db.transact((tx) => queue.add(tx, 'note', { id: 'first' }, { key: 'k' }))
    await db.transact((tx) => queue.add(tx, 'note', { id: 'second' }, { key: 'k' }))
    await queue.start()
    await eventually(async () => (await jobsOf(url)).length === 1)
    expect(done).toEqual(['second'])
  })

  test('that runs when the process stops may end', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    let finish: (() => void) | undefined
    const slow: Task = async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      done.push('slow')
    }
    const { db, queue } = queueStage(url, { slow })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'slow', {}))
    await eventually(() => finish !== undefined)
    const stopped = queue.stop()
    finish?.()
    await stopped
    expect([done, await jobsOf(url)]).toEqual([['slow'], []])
  })

  test('that never ends does not keep the process from stopping, and is free for others', async () => {
    const url = await freshDatabase()
    let begun = false
    const hang: Task = () => {
      begun = true
      return new Promise(() => {})
    }
    const { db, queue } = queueStage(url, { hang })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'hang', {}))
    await eventually(() => begun)
    await queue.stop(0.1)
    expect(await query(url, 'select locked_by from graphile_worker._private_jobs')).toEqual([{ locked_by: null }])
  })

  test('F-19 whose worker was killed runs again elsewhere, and that of a living one does not', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = queueStage(url, { hang: async ({ id }) => void done.push(String(id)) })
    await db.transact((tx) => queue.add(tx, 'hang', { id: 'alive' }))
    const child = spawn(process.execPath, [join(import.meta.dirname, 'store-queue-worker.ts'), url])
    children.push(child)
    await once(child.stdout, 'data')
    await db.transact((tx) => queue.add(tx, 'hang', { id: 'dead' }))
    await query(
      url,
      "update graphile_worker._private_jobs set locked_by = 'pool-gone', locked_at = now() where locked_by is null",
    )
    await queue.start()
    await eventually(() => done.length > 0)
    expect(done).toEqual(['dead']) // so the living one's was looked at as often, and left alone
    child.kill('SIGKILL')
    await eventually(() => done.length > 1)
    expect(done).toEqual(['dead', 'alive'])
  })

  test('F-03 is worked on again after every connection was cut', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = queueStage(url, { note: async ({ id }) => void done.push(String(id)) })
    await queue.start()
    await query(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await db
      .transact((tx) => queue.add(tx, 'note', { id: 'a' }))
      .catch(() => db.transact((tx) => queue.add(tx, 'note', { id: 'a' })))
    // A connection may be cut between its commit and the answer: then the job is there twice.
    await eventually(() => done.length > 0)
  })
})

describe('work that is done soon, without a job', () => {
  const busy = () => {
    const begun: string[] = []
    const ends: (() => void)[] = []
    const work: Task = ({ id }) => {
      begun.push(String(id))
      return new Promise((resolve) => void ends.push(resolve))
    }
    return { begun, ends, work }
  }

  test('is begun if and only if its transaction was kept, and by this process alone', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = queueStage(url, { note: async ({ id }) => void done.push(String(id)) })
    await queue.start()
    const undone = db.transact(async (tx) => {
      await queue.soon(tx, 'note', { id: 'undone' }, { key: 'undone', lane: 'a' })
      throw new Error('no')
    })
    await expect(undone).rejects.toThrow('no')
    await db.transact((tx) => queue.soon(tx, 'note', { id: 'kept' }, { key: 'kept', lane: 'a' }))
    await eventually(() => done.length > 0)
    expect([done, await jobsOf(url)]).toEqual([['kept'], []])
  })

  test('F-47 is a few at once, with a few more that wait; all others are jobs, and everything is done', async () => {
    const url = await freshDatabase()
    const { begun, ends, work } = busy()
    const { db, queue } = queueStage(url, { work })
    await queue.start()
    for (let id = 0; id < 60; id++)
      await db.transact((tx) => queue.soon(tx, 'work', { id: String(id) }, { key: String(id), lane: 'a' }))
    // Two here and two jobs; 32 more wait here, 24 in the table.
    await eventually(() => begun.length === 4)
    expect((await jobsOf(url)).length).toBe(26)
    await eventually(() => {
      for (const end of ends.splice(0)) end()
      return begun.length === 60
    })
    for (const end of ends.splice(0)) end()
    expect(new Set(begun).size).toBe(60)
    await eventually(async () => (await jobsOf(url)).length === 0)
  })

  test('F-28 waits for none of another lane, however many hang there', async () => {
    const { begun, work } = busy()
    const { db, queue } = queueStage(await freshDatabase(), { work })
    await queue.start()
    const add = (id: string, lane: string) => db.transact((tx) => queue.soon(tx, 'work', { id }, { key: id, lane }))
    for (const id of ['a', 'b', 'c', 'd']) await add(id, 'email')
    await add('text', 'sms')
    await eventually(() => begun.length === 3)
    expect(begun).toEqual(['a', 'b', 'text'])
    await queue.stop(0.1)
  })

  test('F-20 whose transaction ends after the stop is not begun: nobody would wait for its end', async () => {
    const { begun, work } = busy()
    const { db, queue } = queueStage(await freshDatabase(), { work })
    await queue.start()
    await db.transact(async (tx) => {
      await queue.soon(tx, 'work', { id: 'late' }, { key: 'late', lane: 'a' })
      await queue.stop()
    })
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    expect(begun).toEqual([])
  })

  test('F-20 is done while requests still end here, also when the process was told to stop', async () => {
    const url = await freshDatabase()
    const { begun, ends, work } = busy()
    const { db, queue } = queueStage(url, { work })
    await queue.start()
    const { promise: askedLast, resolve: nobodyAsks } = Promise.withResolvers<void>()
    let over = false
    const stopped = queue.stop(10, askedLast).then(() => {
      over = true
    })
    await db.transact((tx) => queue.soon(tx, 'work', { id: 'late' }, { key: 'late', lane: 'a' }))
    nobodyAsks()
    await eventually(() => begun.length === 1)
    expect([over, await jobsOf(url)]).toEqual([false, []])
    for (const end of ends.splice(0)) end()
    await stopped
  })

  test('is a job before the process works and when it has stopped; what it took by then may end', async () => {
    const url = await freshDatabase()
    const { begun, ends, work } = busy()
    const { db, queue } = queueStage(url, { work })
    const add = (id: string) => db.transact((tx) => queue.soon(tx, 'work', { id }, { key: id, lane: 'a' }))
    await add('before')
    expect((await jobsOf(url)).length).toBe(1)
    await queue.start()
    for (const id of ['a', 'b', 'c']) await add(id)
    await eventually(() => begun.length === 3)
    const stopped = queue.stop()
    await eventually(() => {
      for (const end of ends.splice(0)) end()
      return begun.includes('c')
    })
    for (const end of ends.splice(0)) end()
    await stopped
    await add('late')
    expect([begun.toSorted(), (await jobsOf(url)).length]).toEqual([['a', 'b', 'before', 'c'], 1])
  })

  test('that never ends does not keep the process from stopping, and what waits behind it is not begun any more', async () => {
    const { begun, ends, work } = busy()
    const { db, queue } = queueStage(await freshDatabase(), { work })
    await queue.start()
    for (const id of ['a', 'b', 'c']) await db.transact((tx) => queue.soon(tx, 'work', { id }, { key: id, lane: 'a' }))
    await eventually(() => begun.length === 2)
    await queue.stop(0.1)
    for (const end of ends.splice(0)) end()
    await new Promise(setImmediate)
    expect(begun).toEqual(['a', 'b'])
  })

  test('that fails is told like a job, leaves none, and lets the next one in', async () => {
    const url = await freshDatabase()
    const { log, lines } = listeningLog()
    const done: string[] = []
    const work: Task = async ({ id }) => {
      if (id !== 'good') throw new Error('550 maria@fabrikam.example is unknown')
      done.push(id)
    }
    const { db, queue } = queueStage(url, { work }, { log })
    await queue.start()
    for (const id of ['bad', 'worse', 'good']) await db.transact((tx) => queue.soon(tx, 'work', { id }, { key: id, lane: 'a' }))
    await eventually(() => done.length === 1)
    expect([lines.filter((line) => line.includes('a job failed')).length, await jobsOf(url)]).toEqual([2, []])
  })

  test('outlives the patience of the request that asked for it', async () => {
    const left: number[] = []
    const { db, queue } = queueStage(await freshDatabase(), { work: async () => void left.push(patienceLeftMs()) })
    await queue.start()
    await withPatience(1000, () => db.transact((tx) => queue.soon(tx, 'work', {}, { key: 'k', lane: 'a' })))
    await eventually(() => left.length === 1)
    expect(left).toEqual([Number.POSITIVE_INFINITY])
  })
})
