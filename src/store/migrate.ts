import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runMigrations } from 'graphile-worker'
import pg from 'pg'
import { clock, type Log, newId } from '../base/index.ts'
import { jittered, pause } from './pause.ts'
import { workerLogger } from './worker-logger.ts'

/**
 * `ready`: the database has what this version needs. `behind`: migrations wait. `ahead-compatible`: a newer version
 * migrated it, and every migration unknown here is an expanding one. `ahead`: an unknown one took something away.
 */
export type SchemaState = 'ready' | 'behind' | 'ahead-compatible' | 'ahead'

/**
 * A migration that takes away what the version before it still uses. The mark is in the folder's name, and so in the
 * row of `_prisma_migrations`: a version that lacks the file can read it there.
 */
const CONTRACTING = /_contracting$/
const MIGRATIONS_DIR = fileURLToPath(new URL('../../prisma/migrations/', import.meta.url))
const LOCK_KEY = '7236418810254719813' // any number that nothing else on this database locks
const LOCK_TRIES_MAX = 30

interface Migration {
  name: string
  sql: string
  /** SHA-256 in hex, as Prisma computes it. */
  checksum: string
}

interface MigrateOptions {
  /** A direct connection: the lock belongs to the session, which a pooler in transaction mode would share out. */
  url: string
  log: Log
  /** How long one statement may wait for a lock before it gives way to the requests behind it and tries again. */
  lockTimeoutMs?: number
}

/** A migration could not be applied. The message is one line for the operator. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

/**
 * Brings the database to this version: each folder of `prisma/migrations` in order and in its own transaction, noted
 * in Prisma's own table, then the tables of the job queue. Any number of processes may call it at once: one works,
 * the others wait and find nothing to do. A process that is killed half-way leaves whole migrations only.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, log, lockTimeoutMs = 2000 } = options
  const client = new pg.Client({ connectionString: url, application_name: 'doorward migrate', connectionTimeoutMillis: 5000 })
  client.on('error', (error) => log.warn({ err: error }, 'the connection that migrates was lost'))
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1::bigint)', [LOCK_KEY])
    await client.query(`set lock_timeout = ${Math.trunc(lockTimeoutMs)}`)
    const applied: string[] = []
    const done = await startHistory(client)
    for (const migration of await readMigrations()) {
      const checksum = done.get(migration.name)
      if (checksum !== undefined && checksum !== migration.checksum)
        log.warn({ migration: migration.name }, 'an applied migration was edited since; the database keeps the first text')
      if (checksum !== undefined) continue
      await applyPatiently(client, migration, log)
      log.info({ migration: migration.name }, 'migration applied')
      applied.push(migration.name)
    }
    await migrateQueue(url, log)
    return { applied }
  } finally {
    await client.end().catch(() => {}) // the session's end gives the lock back
  }
}

/** Where the database stands, seen from this version. `query` runs one statement and answers its rows. */
export async function schemaState(query: (text: string) => Promise<unknown[]>): Promise<SchemaState> {
  const known = new Set(await migrationNames())
  const [table] = (await query("select to_regclass('_prisma_migrations') is not null as present")) as { present: boolean }[]
  if (!table?.present) return 'behind'
  const rows = (await query(
    'select migration_name as name from _prisma_migrations where finished_at is not null and rolled_back_at is null',
  )) as { name: string }[]
  const applied = new Set(rows.map((row) => row.name))
  const unknown = rows.filter((row) => !known.has(row.name))
  if (unknown.some((row) => CONTRACTING.test(row.name))) return 'ahead'
  if ([...known].some((name) => !applied.has(name))) return 'behind'
  return unknown.length > 0 ? 'ahead-compatible' : 'ready'
}

async function migrationNames(): Promise<string[]> {
  const entries = await readdir(MIGRATIONS_DIR, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

async function readMigrations(): Promise<Migration[]> {
  return await Promise.all(
    (await migrationNames()).map(async (name) => {
      const sql = await readFile(join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8')
      if (/^\s*-- contracting\b/.test(sql) !== CONTRACTING.test(name))
        throw new MigrationError(
          `migration ${name}: "-- contracting" in its first line and "_contracting" in its name belong together`,
        )
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/** Makes Prisma's table where it is missing; answers the checksums of what was applied, by name. */
async function startHistory(client: pg.Client): Promise<Map<string, string>> {
  await client.query(`create table if not exists _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`)
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `select migration_name as name, checksum, finished_at is not null as finished
     from _prisma_migrations where rolled_back_at is null`,
  )
  const failed = rows.find((row) => !row.finished)
  // Prisma's own runner leaves such a row; this one commits a migration together with its row.
  if (failed) throw new MigrationError(`migration ${failed.name} failed half-way in another tool: resolve it there first`)
  return new Map(rows.map((row) => [row.name, row.checksum]))
}

/** A hot table may be busy: each try holds its place in the lock queue no longer than the lock timeout. */
async function applyPatiently(client: pg.Client, migration: Migration, log: Log): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await apply(client, migration)
    } catch (cause) {
      await client.query('rollback').catch(() => {})
      const code = (cause as { code?: unknown }).code
      if (code !== '55P03' || tries >= LOCK_TRIES_MAX)
        throw new MigrationError(`migration ${migration.name} failed: ${(cause as Error).message}`, { cause })
      log.warn({ migration: migration.name, tries }, 'a table is busy: the migration tries again')
      await pause(jittered(200)) // those who queued behind it go first
    }
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  const startedAt = clock.now()
  await client.query('begin')
  await client.query(migration.sql)
  await client.query(
    `insert into _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
     values ($1, $2, $3, $4, $5, 1)`,
    [newId(), migration.checksum, clock.now(), migration.name, startedAt],
  )
  await client.query('commit')
}

async function migrateQueue(url: string, log: Log): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'doorward migrate' })
  pool.on('error', (error) => log.warn({ err: error }, 'the connection that migrates the queue was lost'))
  pool.on('connect', (connected) => connected.on('error', () => {})) // a busy client's error is its statement's
  try {
    await runMigrations({ pgPool: pool, logger: workerLogger(log) })
  } finally {
    await pool.end()
  }
}
