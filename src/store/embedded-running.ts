import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'

const CONNECT_TIMEOUT_MS = 5000
const QUERY_TIMEOUT_MS = 10_000

/** What the embedded server is known by: its superuser, its database, and the files of the data folder that say the rest. */
export const USER = 'doorward'
export const DATABASE = 'doorward'
export const PORT_FILE = 'postgres.port'
export const PASSWORD_FILE = 'postgres.password'

/**
 * The address of the server that a service keeps running in this data folder; null where none answers. It starts
 * nothing, and leaves the folder to the service that owns it.
 */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | null> {
  const textOf = (name: string) => readFile(join(resolve(dataDir), name), 'utf8').then((text) => text.trim())
  const [port, password] = await Promise.all([textOf(PORT_FILE), textOf(PASSWORD_FILE)]).catch(() => [])
  if (!port || !password || !/^\d+$/.test(port)) return null
  const url = `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`
  return (await answers(url)) ? url : null
}

/** A connection of its own, outside of any pool; it is not open yet. */
export function connectionTo(url: string): pg.Client {
  const client = new pg.Client({
    ...{ connectionString: url, application_name: 'doorward', keepAlive: true },
    ...{ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: QUERY_TIMEOUT_MS },
  })
  client.on('error', () => {})
  return client
}

/** Whether a server takes connections there. */
export async function answers(url: string): Promise<boolean> {
  const client = connectionTo(url)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
