import { gaugeIn, type Metrics } from '../base/index.ts'
import type { Database, Statement } from './database.ts'

interface Counted {
  task: string
  due: number
  running: number
  later: number
  failed: number
  oldestDueSeconds: number
}

// A job that was given up is kept by the queue until the sweep takes it. Times are the process's, as the queue's own.
const COUNT: Statement = {
  name: 'queue_measure',
  text: `
    select t.identifier as task,
      count(*) filter (where j.locked_at is null and j.attempts < j.max_attempts and j.run_at <= $1::timestamptz)::int as due,
      count(*) filter (where j.locked_at is not null)::int as running,
      count(*) filter (where j.locked_at is null and j.attempts < j.max_attempts and j.run_at > $1::timestamptz)::int as later,
      count(*) filter (where j.locked_at is null and j.attempts >= j.max_attempts)::int as failed,
      coalesce(extract(epoch from $1::timestamptz - min(j.run_at)
        filter (where j.locked_at is null and j.attempts < j.max_attempts and j.run_at <= $1::timestamptz)), 0)::float8
        as "oldestDueSeconds"
    from graphile_worker._private_tasks t
    left join graphile_worker._private_jobs j on j.task_id = t.id
    group by t.identifier`,
}

/** Measures the queue of the whole deployment: one statement, for once a minute and never within a request. */
export function createQueueMeasures(db: Pick<Database, 'run'>, metrics: Metrics): (now: Date) => Promise<void> {
  const jobs = gaugeIn(metrics, 'doorward_queue_jobs')
  const oldest = gaugeIn(metrics, 'doorward_queue_oldest_due_seconds')

  return async (now) => {
    for (const { task, oldestDueSeconds, ...states } of await db.run<Counted>(COUNT, [now])) {
      for (const state of ['due', 'running', 'later', 'failed'] as const) jobs.set({ task, state }, states[state])
      oldest.set({ task }, Math.max(0, oldestDueSeconds))
    }
  }
}
