import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createQueue, type Queue, type Task } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { closeAll, eventually, listeningLog, open, silent } from './store-support.ts'

const queues: Queue[] = []
const children: ReturnType<typeof spawn>[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(queues.splice(0).map((queue) => queue.stop(1)))
  await closeAll()
})

function stage(url: string, tasks: Record<string, Task>, log = silent) {
  const db = open(url)
  const queue = createQueue({ databaseUrl: url, db, log, tasks, crontab: '', concurrency: 2, lookEveryMs: 300 })
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

  test('R-177 that fails is tried again, and keeps no word of the error', async () => {
    const url = await freshDatabase()
    let tries = 0
    const { log, lines } = listeningLog()
    const task: Task = async () => {
      if (tries++ === 0) throw new Error('550 maria@fabrikam.example is unknown')
    }
    const { db, queue } = stage(url, { fail: task }, log)
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'fail', {}))
    await eventually(async () => (await jobsOf(url))[0]?.last_error != null)
    expect(await jobsOf(url)).toEqual([{ last_error: 'task fail failed' }])
    expect(lines.join()).toContain('a job failed')
    await eventually(() => tries === 2)
  })

  test('that runs when the process stops may end', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    let begun = false
    const slow: Task = async () => {
      begun = true
      await new Promise((resolve) => setTimeout(resolve, 300))
      done.push('slow')
    }
    const { db, queue } = stage(url, { slow })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'slow', {}))
    await eventually(() => begun)
    await queue.stop()
    expect([done, await jobsOf(url)]).toEqual([['slow'], []])
  })

  test('F-19 whose worker was killed runs again elsewhere within half a minute, and that of a living one does not', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = stage(url, { hang: async ({ id }) => void done.push(String(id)) })
    await db.transact((tx) => queue.add(tx, 'hang', { id: 'a' }))
    const child = spawn(process.execPath, [join(import.meta.dirname, 'store-queue-worker.ts'), url])
    children.push(child)
    await once(child.stdout, 'data')
    await queue.start()
    // Longer than it takes to give a dead one up.
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect(done).toEqual([])
    child.kill('SIGKILL')
    await eventually(() => done.length === 1, 30)
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
    await eventually(() => done.length === 1)
  })
})
