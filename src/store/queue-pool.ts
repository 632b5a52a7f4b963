import pg from 'pg'
import type { Log } from '../base/index.ts'
import type { Database } from './database.ts'
import { connectionLivesOn, describeFailure, isReadOnly } from './failures.ts'

interface QueuePoolDeps {
  databaseUrl: string
  /** Jobs at once in this process. */
  concurrency: number
  log: Log
  /** Told of a server that takes no writes any more. */
  db: Pick<Database, 'distrust'>
}

const CONNECT_TIMEOUT_MS = 5000
const QUERY_TIMEOUT_MS = 10_000

/** The connections of the job queue: one that listens, and one for each job, four at most. */
export function openQueuePool({ databaseUrl, concurrency, log, db }: QueuePoolDeps): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'doorward queue',
    max: Math.min(concurrency, 4) + 1, // and one that listens
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  })
  pool.on('error', (error) => log.warn({ reason: describeFailure(error) }, 'a connection of the job queue was lost'))
  pool.on('connect', (client) => {
    client.on('error', () => {})
    endWhenBroken(client as unknown as pg.Client, () => db.distrust())
  })
  return pool
}

// graphile-worker gives every connection back to the pool, also one on which an answer never came.
function endWhenBroken(client: pg.Client, readOnly: () => void): void {
  const ask = client.query.bind(client) as (...args: unknown[]) => unknown
  const asking = (...args: unknown[]) => {
    const answer = ask(...args)
    if (answer instanceof Promise)
      answer.catch((error) => {
        if (isReadOnly(error)) readOnly()
        return connectionLivesOn(error) ? undefined : client.end().catch(() => {})
      })
    return answer
  }
  Object.assign(client, { query: asking })
}
