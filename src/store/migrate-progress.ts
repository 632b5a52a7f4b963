import pg from 'pg'
import { clock, type Log } from '../base/index.ts'

const PROGRESS = `
  select p.phase, case when p.blocks_total > 0 then round(100.0 * p.blocks_done / p.blocks_total)::int end as percent,
    a.wait_event_type = 'Lock' as waits, array_to_string(pg_blocking_pids(a.pid), ',') as behind
  from pg_stat_activity a left join pg_stat_progress_create_index p on p.pid = a.pid where a.pid = $1`

interface Progress {
  phase: string | null
  percent: number | null
  waits: boolean | null
  behind: string
}

/**
 * Tells every `everyMs` what a statement of `pid` is at that takes longer, on a connection of its own. Answers what ends
 * it. Where the second connection cannot be had, nothing is told.
 */
export function tellProgress(options: { url: string; pid: number; migration: string; everyMs: number; log: Log }): () => void {
  const { url, pid, migration, everyMs, log } = options
  const began = clock.now().getTime()
  let asking = false
  const timer = setInterval(() => {
    if (asking) return
    asking = true
    void look(url, pid)
      .then((progress) => {
        const seconds = Math.round((clock.now().getTime() - began) / 1000)
        const behind = progress?.waits ? { waitsForBackends: progress.behind } : {}
        const at = progress?.phase ? { phase: progress.phase, percent: progress.percent } : {}
        log.info({ migration, seconds, ...at, ...behind }, 'a migration is at work')
      })
      .finally(() => {
        asking = false
      })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function look(url: string, pid: number): Promise<Progress | null> {
  const client = new pg.Client({
    ...{ connectionString: url, application_name: 'doorward migrate' },
    ...{ connectionTimeoutMillis: 5000, query_timeout: 5000 },
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query<Progress>(PROGRESS, [pid])).rows[0] ?? null
  } catch {
    return null
  } finally {
    await client.end().catch(() => {})
  }
}
