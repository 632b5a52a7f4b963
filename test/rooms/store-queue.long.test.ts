import { afterEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import type { Task } from '../../src/store/index.ts'
import { freshDatabase, query } from '../support/database.ts'
import { endQueues, jobsOf, queueStage } from './store-queue-stage.ts'
import { eventually, listeningLog } from './store-support.ts'

afterEach(endQueues)

describe('a job', () => {
  test('R-177 that fails is tried again, and keeps no word of the error', async () => {
    const url = await freshDatabase()
    let tries = 0
    const { log, lines } = listeningLog()
    const task: Task = async () => {
      if (tries++ === 0) throw new Error('550 maria@fabrikam.example is unknown')
    }
    const { db, queue } = queueStage(url, { fail: task }, { log })
    await queue.start()
    await db.transact((tx) => queue.add(tx, 'fail', {}))
    await eventually(async () => (await jobsOf(url))[0]?.last_error != null)
    expect(await jobsOf(url)).toEqual([{ last_error: 'task fail failed' }])
    expect(lines.join()).toContain('a job failed')
    await eventually(() => tries === 2)
  })

  test('F-03 is worked on again when the very first look for one was cut off', async () => {
    const url = await freshDatabase()
    const done: string[] = []
    const { db, queue } = queueStage(url, { note: async ({ id }) => void done.push(String(id)) })
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query('begin; lock table graphile_worker._private_tasks in access exclusive mode')
    await queue.start()
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%_private_tasks%'`
    await eventually(async () => (await query(url, cut)).length > 0)
    await holder.end()
    await db.transact((tx) => queue.add(tx, 'note', { id: 'a' }))
    await eventually(() => done.length > 0)
  })
})
