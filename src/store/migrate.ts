import { runMigrations } from 'graphile-worker'
import pg from 'pg'
import { clock, type Log, newId } from '../base/index.ts'
import { keepsItsSession, NEEDS_DIRECT } from './direct.ts'
import { changeIndex, patient } from './migrate-index.ts'
import { tellProgress } from './migrate-progress.ts'
import { MIGRATIONS_DIR, type Migration, MigrationError, readMigrations } from './migrations.ts'
import { jittered, pause } from './pause.ts'
import { workerLogger } from './worker-logger.ts'

const LOCK_KEY = '7236418810254719813' // any number that nothing else on this database locks
const LOCK_TIMEOUT_MS = 500
const LOCK_TRIES_MAX = 120
const TURN_EVERY_MS = 100
const TELL_EVERY_MS = 10_000
const QUERY_TIMEOUT_MS = 60_000
const QUEUE_TIMEOUT_MS = 600_000
const BUSY = ['55P03', '40P01'] // lock_not_available, deadlock_detected

interface MigrateOptions {
  /** A direct connection: the lock belongs to the session, which a pooler in transaction mode would share out. */
  url: string
  log: Log
  /** How long one statement may wait for a lock before it gives way to the requests behind it and tries again. */
  lockTimeoutMs?: number
  /** How often it is told what a statement is at that takes longer. */
  tellEveryMs?: number
  /** Where the migrations are. */
  dir?: string
}

/**
 * Brings the database to this version: each folder of `prisma/migrations` in order and in its own transaction, noted
 * in Prisma's own table, then the tables of the job queue. Any number of processes may call it at once: one works,
 * the others wait and find nothing to do. A process that is killed half-way leaves whole migrations only, and where one
 * makes an index outside a transaction, what the next call takes away first. Throws `MigrationError`.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, log, lockTimeoutMs = LOCK_TIMEOUT_MS, tellEveryMs = TELL_EVERY_MS, dir = MIGRATIONS_DIR } = options
  if (!(await keepsItsSession(url))) throw new MigrationError(NEEDS_DIRECT)
  const client = new pg.Client({
    ...{ connectionString: url, application_name: 'doorward migrate', keepAlive: true },
    ...{ connectionTimeoutMillis: 5000, query_timeout: QUERY_TIMEOUT_MS },
  })
  client.on('error', (error) => log.warn({ err: error }, 'the connection that migrates was lost'))
  await client.connect()
  try {
    await takeTurn(client)
    // The role's own may be short, and a long statement is told of while it runs.
    await client.query('set statement_timeout = 0')
    // Else the server would go on with the statement of a process that is dead, and the next one would wait for it.
    await client.query('set client_connection_check_interval = 1000').catch(() => {}) // not every system can
    const applied: string[] = []
    const done = await startHistory(client)
    for (const migration of await readMigrations(dir)) {
      const checksum = done.get(migration.name)
      if (checksum !== undefined && checksum !== migration.checksum)
        log.warn({ migration: migration.name }, 'an applied migration was edited since; the database keeps the first text')
      if (checksum !== undefined) continue
      const silence = tellProgress({ url, pid: await pidOf(client), migration: migration.name, everyMs: tellEveryMs, log })
      await applyPatiently(client, migration, { lockTimeoutMs, log }).finally(silence)
      log.info({ migration: migration.name }, 'migration applied')
      applied.push(migration.name)
    }
    await migrateQueue(url, log)
    return { applied }
  } finally {
    await client.end().catch(() => {}) // the session's end gives the lock back
  }
}

/**
 * Asked for again and again, and not waited for in one statement: a concurrent build waits until every statement that
 * began before it has ended, and would wait for whoever waits for it.
 */
async function takeTurn(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1::bigint) as mine', [LOCK_KEY])
    if (rows[0]?.mine) return
    await pause(jittered(TURN_EVERY_MS))
  }
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
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
  // Prisma's own runner leaves such a row; this one writes a row only for a migration that is whole.
  if (failed) throw new MigrationError(`migration ${failed.name} failed half-way in another tool: resolve it there first`)
  return new Map(rows.map((row) => [row.name, row.checksum]))
}

interface Patience {
  lockTimeoutMs: number
  log: Log
}

/** A hot table may be busy: each try holds its place in the lock queue no longer than the lock timeout. */
async function applyPatiently(client: pg.Client, migration: Migration, { lockTimeoutMs, log }: Patience): Promise<void> {
  const apply = migration.alone === null ? applyInOne : applyAlone
  for (let tries = 1; ; tries++) {
    try {
      await client.query(`set lock_timeout = ${Math.trunc(lockTimeoutMs)}`)
      return await apply(client, migration, log)
    } catch (cause) {
      await client.query('rollback').catch(() => {})
      const code = (cause as { code?: unknown }).code
      if (!BUSY.includes(String(code)) || tries >= LOCK_TRIES_MAX)
        throw new MigrationError(`migration ${migration.name} failed: ${(cause as Error).message}`, { cause })
      log.warn({ migration: migration.name, tries }, 'a table is busy: the migration tries again')
      await pause(jittered(lockTimeoutMs)) // those who queued behind it go first
    }
  }
}

async function applyInOne(client: pg.Client, migration: Migration): Promise<void> {
  const startedAt = clock.now()
  await client.query('begin')
  await client.query(patient(migration.sql))
  await note(client, migration, startedAt)
  await client.query('commit')
}

async function applyAlone(client: pg.Client, migration: Migration, log: Log): Promise<void> {
  const startedAt = clock.now()
  if (migration.alone !== null) await changeIndex(client, migration, migration.alone, log)
  await note(client, migration, startedAt)
}

async function note(client: pg.Client, { name, checksum }: Migration, startedAt: Date): Promise<void> {
  await client.query(
    `insert into _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
     values ($1, $2, $3, $4, $5, 1)`,
    [newId(), checksum, clock.now(), name, startedAt],
  )
}

async function migrateQueue(url: string, log: Log): Promise<void> {
  const pool = new pg.Pool({
    ...{ connectionString: url, max: 2, application_name: 'doorward migrate', keepAlive: true },
    ...{ connectionTimeoutMillis: 5000, query_timeout: QUEUE_TIMEOUT_MS },
  })
  pool.on('error', (error) => log.warn({ err: error }, 'the connection that migrates the queue was lost'))
  pool.on('connect', (connected) => connected.on('error', () => {})) // a busy client's error is its statement's
  try {
    await runMigrations({ pgPool: pool, logger: workerLogger(log) })
  } finally {
    await pool.end()
  }
}
