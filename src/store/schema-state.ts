import { connectionTo } from './embedded-running.ts'
import { CONTRACTING, migrationNames } from './migrations.ts'

/**
 * `ready`: the database has what this version needs. `behind`: migrations wait. `ahead-compatible`: a newer version
 * migrated it, and every migration unknown here is an expanding one. `ahead`: an unknown one took something away.
 */
export type SchemaState = 'ready' | 'behind' | 'ahead-compatible' | 'ahead'

/** Every migration that this version or the database knows of, and what the job queue has of its own. */
export interface MigrationStatus {
  state: SchemaState
  applied: { name: string; at: Date }[]
  /** Not applied yet, in the order in which `migrate` will apply them. */
  waiting: string[]
  /** Applied by a newer version. */
  unknown: { name: string; at: Date; contracting: boolean }[]
  /** Begun by another tool, and not ended. */
  halfDone: string[]
  /** Left half-built by a concurrent build that was ended: `migrate` makes its own anew. */
  invalidIndexes: string[]
  /** Number of the last migration of the job queue; null where it has none yet. */
  queue: number | null
}

/** Runs one statement and answers its rows. */
type Ask = (text: string) => Promise<unknown[]>

interface HistoryRow {
  name: string
  at: Date | null
}

const HISTORY = `select migration_name as name, finished_at as at from _prisma_migrations
  where rolled_back_at is null order by migration_name`

// What a concurrent build leaves behind that was ended half-way: it costs every write and serves no read.
const INVALID = `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
  where not i.indisvalid and c.relnamespace = current_schema()::regnamespace order by c.relname`

/** Where the database stands, seen from this version. */
export async function schemaState(query: Ask): Promise<SchemaState> {
  return stateOf(await migrationNames(), await historyOf(query))
}

/** The same, with all that it is known by. It changes nothing. */
async function migrationStatus(query: Ask): Promise<MigrationStatus> {
  const names = await migrationNames()
  const history = await historyOf(query)
  const done = history.flatMap(({ name, at }) => (at ? [{ name, at }] : []))
  const applied = new Set(done.map(({ name }) => name))
  const known = new Set(names)
  return {
    state: stateOf(names, history),
    applied: done.filter(({ name }) => known.has(name)),
    waiting: names.filter((name) => !applied.has(name)),
    unknown: done.filter(({ name }) => !known.has(name)).map((row) => ({ ...row, contracting: CONTRACTING.test(row.name) })),
    halfDone: history.filter(({ at }) => at === null).map(({ name }) => name),
    invalidIndexes: ((await query(INVALID)) as { name: string }[]).map(({ name }) => name),
    queue: await queueNumber(query),
  }
}

/** The same, asked on a connection of its own. Throws when the database is not reached. */
export async function migrationStatusAt(url: string): Promise<MigrationStatus> {
  const client = connectionTo(url)
  try {
    await client.connect()
    return await migrationStatus(async (text) => (await client.query(text)).rows)
  } finally {
    await client.end().catch(() => {})
  }
}

async function historyOf(query: Ask): Promise<HistoryRow[]> {
  const [table] = (await query("select to_regclass('_prisma_migrations') is not null as present")) as { present: boolean }[]
  return table?.present ? ((await query(HISTORY)) as HistoryRow[]) : []
}

function stateOf(names: readonly string[], history: readonly HistoryRow[]): SchemaState {
  const known = new Set(names)
  const applied = new Set(history.flatMap(({ name, at }) => (at ? [name] : [])))
  const unknown = [...applied].filter((name) => !known.has(name))
  if (unknown.some((name) => CONTRACTING.test(name))) return 'ahead'
  if (names.some((name) => !applied.has(name))) return 'behind'
  return unknown.length > 0 ? 'ahead-compatible' : 'ready'
}

async function queueNumber(query: Ask): Promise<number | null> {
  const [table] = (await query("select to_regclass('graphile_worker.migrations') is not null as present")) as {
    present: boolean
  }[]
  if (!table?.present) return null
  const [last] = (await query('select max(id) as id from graphile_worker.migrations')) as { id: number | null }[]
  return last?.id ?? null
}
