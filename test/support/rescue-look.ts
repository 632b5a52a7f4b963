import { until } from '../faults/fault-tools.ts'
import { query } from './database.ts'
import type { Stage } from './stage.ts'

/** Moves the clock past the end of a wait, and lets the service take the look that each minute brings. */
export async function waitOver(stage: Pick<Stage, 'moveClock' | 'service'>, seconds: number): Promise<void> {
  await stage.moveClock(seconds)
  const { databaseUrl, clockSeconds } = stage.service
  const now = new Date(Date.now() + clockSeconds * 1000)
  await query(databaseUrl, `select graphile_worker.add_job('rescues', '{}', queue_name := 'look')`, [])
  const untold = `select id from rescue where state = 'waiting' and opens_at <= $1 and lapses_at > $1 and not opens_told`
  await until('the end of the wait is told', async () => (await query(databaseUrl, untold, [now])).length === 0)
}
