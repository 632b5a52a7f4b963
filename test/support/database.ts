import { randomBytes } from 'node:crypto'
import { Pool } from 'pg'

/** Environment variable by which the global setup tells the workers where the run's PostgreSQL is. */
export const POSTGRES_URL = 'DOORWARD_TEST_POSTGRES_URL'
export const TEMPLATE_DATABASE = 'template_doorward'

/**
 * A database of its own with every table and no row, as a connection URL. It is a clone of a migrated
 * template and is never dropped: the server ends with the run.
 */
export async function freshDatabase(): Promise<string> {
  return cloneOf(TEMPLATE_DATABASE)
}

/** A database without any table, as a connection URL: for tests of migrations. */
export async function emptyDatabase(): Promise<string> {
  return cloneOf('template0')
}

// A connection costs a hundred times what a question costs. They hold up no process that ends, nor a server.
const IDLE_MS = 1000
const CONNECTIONS_MAX = 20
const pools = new Map<string, Pool>()

/** Asks a database for facts, on a connection apart from the service's. No session state outlives one call of it. */
export async function query<Row>(url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return (await poolOf(url).query(sql, [...values])).rows as Row[]
}

function poolOf(url: string): Pool {
  const known = pools.get(url)
  if (known) return known
  const pool = new Pool({ connectionString: url, max: CONNECTIONS_MAX, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true })
  pool.on('error', () => {}) // the server went away under a connection that nobody used
  pools.set(url, pool)
  return pool
}

/** The URL of the run's PostgreSQL (its first database, as superuser). */
function serverUrl(): string {
  const url = process.env[POSTGRES_URL]
  if (!url) throw new Error(`${POSTGRES_URL} is not set: did the global setup run?`)
  return url
}

async function cloneOf(template: string): Promise<string> {
  const name = `t_${randomBytes(8).toString('hex')}`
  await query(serverUrl(), `create database ${name} template ${template}`)
  const url = new URL(serverUrl())
  url.pathname = `/${name}`
  return url.href
}
