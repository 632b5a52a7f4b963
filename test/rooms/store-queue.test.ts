import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../src/base/index.ts'
import { createQueue, type Queue, type Task } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, eventually, open, silent } from './store-support.ts'

const queues: Queue[] = []
const children: ReturnType<typeof spawn>[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(queues.splice(0).map((queue) => queue.stop(1)))
  await closeAll()
})

function stage(url: string, tasks: Record<string, Task>, log = silent) {
  const db = open(url)
  const queue = createQueue({
    databaseUrl: url,
    db,
    log,
    metrics: createMetrics(),
    tasks,
    crontab: '',
    concurrency: 2,
    lookEveryMs: 300,
  })
  queues.push(queue)
  return { db, queue }
}

const jobsOf = (url: string) => query<{ last_error: string | null }>(url, 'select last_error from graphile_worker._private_jobs')

describe('a job', () => {
  test('exists if and only if the transaction that added it was kept', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = stage(url, { note: async ({ id }) => void done.push(String(id)) })
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

  test('is taken within a moment by a worker that waits', async () => {
    const done: string[] = []
    const { db, queue } = stage(await freshDatabase(), { note: async ({ id }) => void done.push(String(id)) })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'note', { id: 'a' }))
    await eventually(() => done.length === 1, 3)
  })

  test('with the same key takes the place of the one that waits, and one that is due later waits', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = stage(url, { note: async ({ id }) => void done.push(String(id)) })
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
    const { db, queue } = stage(url, { slow })
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
    const { db, queue } = stage(url, { hang })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'hang', {}))
    await eventually(() => begun)
    await queue.stop(0.1)
    expect(await query(url, 'select locked_by from graphile_worker._private_jobs')).toEqual([{ locked_by: null }])
  })

  test('F-19 whose worker was killed runs again elsewhere, and that of a living one does not', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = stage(url, { hang: async ({ id }) => void done.push(String(id)) })
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
    const { db, queue } = stage(url, { note: async ({ id }) => void done.push(String(id)) })
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
