import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'

const CONNECT_TIMEOUT_MS = 3000

/**
 * The address of the server that a service keeps running in this data folder; null where none answers. It starts
 * nothing, and leaves the folder to the service that owns it.
 */
export async function findEmbeddedPostgres(dataDir: string): Promise<string | null> {
  const textOf = (name: string) => readFile(join(resolve(dataDir), name), 'utf8').then((text) => text.trim())
  const [port, password] = await Promise.all([textOf('postgres.port'), textOf('postgres.password')]).catch(() => [])
  if (!port || !password || !/^\d+$/.test(port)) return null
  const url = `postgresql://doorward:${password}@127.0.0.1:${port}/doorward`
  return (await answers(url)) ? url : null
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
