import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { createLog } from '../src/base/index.ts'
import { migrate, startEmbeddedPostgres } from '../src/store/index.ts'
import { watchOver } from '../test/support/watchdog.ts'
import { countStatementsIn, LOG_PREFIX } from './statement-log.ts'

/** The PostgreSQL of one run: the embedded server with its settings as delivered, durable. */
export interface Postgres {
  /** Process of the server; its backends are its children. */
  pid: number
  version: string
  /** A new migrated database. */
  newDatabase(name: string): Promise<string>
  urlFor(name: string): string
  /** Where the log of changes ends by now, in bytes. */
  walBytes(): Promise<number>
  /** Counts every statement that a database is told from the call until `end`: by name, or by its first word. */
  listen(): Promise<{ end(database: string): Promise<Map<string, number>> }>
  /** Makes the person of this address an administrator, as if the role had been granted before. */
  appoint(database: string, email: string): Promise<void>
  /** How often the limits of this name were counted, over all whom they count for. */
  counted(database: string, limit: string): Promise<number>
  stop(): Promise<void>
}

export async function startPostgres(folder: string, more: Readonly<Record<string, string>> = {}): Promise<Postgres> {
  const log = createLog('error')
  const release = watchOver(folder)
  const server = await startEmbeddedPostgres({ dataDir: folder, settings: { log_line_prefix: LOG_PREFIX, ...more }, log })
  const client = new pg.Client({ connectionString: server.urlFor('postgres'), application_name: 'bench' })
  await client.connect()
  const one = async (text: string): Promise<string> => Object.values((await client.query(text)).rows[0] as object)[0] as string
  const dataFolder = await one('show data_directory')
  const pid = Number((await readFile(join(dataFolder, 'postmaster.pid'), 'utf8')).split('\n')[0])
  const logFile = join(dirname(dataFolder), 'postgres.log')
  let marks = 0

  async function ask(database: string, text: string, values: unknown[]): Promise<pg.QueryResult> {
    const own = new pg.Client({ connectionString: server.urlFor(database), application_name: 'bench' })
    await own.connect()
    return own.query(text, values).finally(() => own.end())
  }

  async function tellAll(what: 'all' | 'none'): Promise<void> {
    await client.query(`alter system set log_statement = '${what}'`)
    await client.query('select pg_reload_conf()')
    while ((await one('show log_statement')) !== what) await new Promise(setImmediate)
  }

  return {
    pid,
    version: await one('show server_version'),
    urlFor: server.urlFor,
    newDatabase: async (name) => {
      await client.query(`create database ${name}`)
      await migrate({ url: server.urlFor(name), log })
      return server.urlFor(name)
    },
    walBytes: async () => Number(await one("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text")),
    listen: async () => {
      const mark = `bench mark ${++marks}`
      await tellAll('all')
      await client.query(`select '${mark} begin'`)
      return {
        end: async (database) => {
          await client.query(`select '${mark} end'`)
          await tellAll('none')
          const text = await readFile(logFile, 'utf8')
          return countStatementsIn(text.slice(text.indexOf(`${mark} begin`), text.indexOf(`${mark} end`)), database)
        },
      }
    },
    appoint: async (database, email) => {
      const text = "update account set role = 'admin' where id = (select account_id from address where canonical = $1)"
      const { rowCount } = await ask(database, text, [email])
      if (rowCount !== 1) throw new Error(`${email} has no account`)
    },
    counted: async (database, limit) => {
      const text = 'select coalesce(sum(count), 0)::int as count from limit_counter where id like $1'
      return (await ask(database, text, [`${limit}:%`])).rows[0]?.count as number
    },
    stop: async () => {
      await client.end()
      await server.stop()
      release()
    },
  }
}
