import { newId } from '../base/index.ts'
import { connectionTo } from './embedded-running.ts'
import { processOf } from './wire.ts'

const ROUNDS = 3
const MARK = `select set_config('doorward.mark', $1, false)`
const READ = `select current_setting('doorward.mark', true) as mark`

/**
 * Whether what a connection tells its session is still true a transaction later: locks of the session, LISTEN. It is
 * not behind a pooler in transaction mode, where two connections meet in one session of the server, and one connection
 * is led to several.
 */
export async function keepsItsSession(url: string): Promise<boolean> {
  const [one, other] = [connectionTo(url), connectionTo(url)]
  try {
    await one.connect()
    const { rows } = await one.query<{ pid: number }>('select pg_backend_pid() as pid')
    if (rows[0]?.pid === processOf(one)) return true
    await other.connect()
    // The session that was let go last is handed out first, unless a stranger comes between.
    for (let round = 0; round < ROUNDS; round++) {
      const mark = newId()
      await one.query(MARK, [mark])
      await other.query('begin')
      const met = await other.query<{ mark: string }>(READ)
      const kept = await one.query<{ mark: string }>(READ)
      await other.query('rollback')
      if (met.rows[0]?.mark === mark || kept.rows[0]?.mark !== mark) return false
    }
    return true
  } finally {
    await Promise.all([one, other].map((client) => client.end().catch(() => {})))
  }
}

/** What to say to whoever set it up so. */
export const NEEDS_DIRECT =
  'the database is reached through a pooler in transaction mode, which migrations and the job queue cannot use: set DATABASE_DIRECT_URL to the same database past the pooler'
