import { createMetrics, type Log } from '../../src/base/index.ts'
import { createQueue, type Queue, type Task } from '../../src/store/index.ts'
import { query } from '../support/database.ts'
import { closeAll, open, silent } from './store-support.ts'

const queues: Queue[] = []

/** A queue that is not started, over a database of its own. Jobs that nobody tells of are looked for every 300 ms. */
export function queueStage(url: string, tasks: Record<string, Task>, more: { log?: Log; lookEveryMs?: number } = {}) {
  const db = open(url)
  const deps = { databaseUrl: url, db, log: silent, metrics: createMetrics(), tasks, crontab: '' }
  const queue = createQueue({ ...deps, concurrency: 2, soonAtOnce: 2, lookEveryMs: 300, ...more })
  queues.push(queue)
  return { db, queue }
}

/** Stops all of them, and closes what they asked. */
export async function endQueues(): Promise<void> {
  await Promise.all(queues.splice(0).map((queue) => queue.stop(1)))
  await closeAll()
}

export const jobsOf = (url: string) =>
  query<{ last_error: string | null }>(url, 'select last_error from graphile_worker._private_jobs')
