import type { Tx } from '../base/index.ts'
import { runIn, type Statement } from './database.ts'
import { withTrace } from './told-job.ts'

const ADD: Statement = {
  name: 'queue_add',
  text: `select from graphile_worker.add_job($1, payload := $2::json, run_at := $3::timestamptz, job_key := $4, queue_name := $5)`,
}

/** Adds a job in the caller's transaction. A waiting job with the same `key` is replaced; those of one `line` run one by one. */
export async function addJob(
  tx: Tx,
  task: string,
  payload: Record<string, string>,
  { at, key, line }: { at: Date; key: string | null; line?: string | null },
): Promise<void> {
  await runIn(tx, ADD, [task, JSON.stringify(withTrace(payload)), at, key, line ?? null])
}
