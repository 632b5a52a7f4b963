import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

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

/** Asks a database for facts, on a connection of its own. */
export async function query<Row>(url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows as Row[]
  } finally {
    await client.end()
  }
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
