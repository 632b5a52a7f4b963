import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Clock, type Log, type Metrics, Refusal, type Transact, type Tx } from '../base/index.ts'
import { PrismaClient } from '../generated/prisma/client.ts'
import { connectionLivesOn, describeFailure, isReadOnly, isRetryable, isStalePlan, translated } from './failures.ts'
import { createDatabaseMetrics } from './metrics.ts'
import { type SchemaState, schemaState } from './migrate.ts'
import { atMost, jittered, pause } from './pause.ts'

/** A prepared statement. One name always stands for one text. */
export interface Statement {
  name: string
  text: string
}

/** What is known of the database at one moment. Nothing of it is cached. */
interface DatabaseHealth {
  reachable: boolean
  /** False on a replica and where transactions are read-only. */
  writable: boolean
  schema: SchemaState | 'unknown'
  /** The database's clock less this process's, measured over half a round trip; `null` when it cannot be reached. */
  clockSkewSeconds: number | null
  /** One line for the log when something is wrong. */
  reason: string | null
}

export interface Database {
  /** Runs one statement on the pool, committed by itself. Throws `Refusal('unavailable')` when it cannot be asked. */
  run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>
  /**
   * One transaction (read committed). A lost race (40001, 40P01) is tried again up to three times, so `work` must
   * do nothing but statements. When the answer to COMMIT is lost it throws `Refusal('unavailable')`: the rows may
   * or may not be there.
   */
  transact: Transact
  /** Prisma's client on the same pool, for rare reads. Never inside a transaction. */
  readonly orm: PrismaClient
  health(): Promise<DatabaseHealth>
  /** Lets running statements end, for five seconds at most. */
  close(): Promise<void>
}

interface DatabaseOptions {
  /** May lead through a pooler in transaction mode that carries prepared statements (PgBouncer from 1.21). */
  url: string
  poolSize: number
  /** Time-outs in milliseconds; the defaults are 5 s, 2 s and 10 s. Connecting and waiting for the pool: 5 s. */
  statementTimeoutMs?: number
  lockTimeoutMs?: number
  idleInTransactionTimeoutMs?: number
  log: Log
  metrics: Metrics
  clock: Clock
}

const CONNECT_TIMEOUT_MS = 5000
const CLOSE_TIMEOUT_MS = 5000
const RETRIES_MAX = 3
const UNLOGGED = () => {}

interface OpenTx {
  client: pg.PoolClient
  afterwards: (() => void)[]
  open: boolean
  /** The connection must not serve anybody again. */
  broken: boolean
}

/** Opens the pool. Nothing is asked of the database before the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const { log, clock } = options
  const pool = openPool(options)
  const measures = createDatabaseMetrics(options.metrics, pool)
  let orm: PrismaClient | undefined

  // After a read-only answer (25006) the server is a replica now: every connection made before is dropped when its
  // turn comes.
  const madeIn = new WeakMap<pg.PoolClient, number>()
  let generation = 0
  pool.on('connect', (client) => madeIn.set(client, generation))

  async function checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect()
      if (madeIn.get(client) === generation) return client
      client.release(true)
    }
  }

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>, isBroken = () => false): Promise<T> {
    const client = await checkOut()
    let broken = false
    try {
      return await work(client)
    } catch (error) {
      broken = !connectionLivesOn(error)
      if (isReadOnly(error)) generation++
      throw error
    } finally {
      client.release(broken || isBroken())
    }
  }

  async function run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    const ask = () => withClient((client) => query<Row>(client, statement, values))
    try {
      return await ask().catch((error) => (isStalePlan(error) ? ask() : Promise.reject(error)))
    } catch (error) {
      throw failed(error)
    }
  }

  async function transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      const tx: OpenTx = { client: undefined as unknown as pg.PoolClient, afterwards: [], open: true, broken: false }
      try {
        const result = await withClient(
          (client) => inTransaction(Object.assign(tx, { client }), work),
          () => tx.broken,
        )
        for (const afterwards of tx.afterwards) runAfterwards(afterwards)
        return result
      } catch (error) {
        if (!isRetryable(error) || tries >= RETRIES_MAX) throw failed(error)
        measures.retries.inc()
        await pause(jittered(2 ** tries * 5))
      }
    }
  }

  function runAfterwards(work: () => void): void {
    try {
      work()
    } catch (error) {
      log.error({ err: error }, 'work after a commit failed')
    }
  }

  function failed(error: unknown): unknown {
    const outward = translated(error)
    if (outward instanceof Refusal && outward.code === 'unavailable') measures.failures.inc()
    return outward
  }

  async function health(): Promise<DatabaseHealth> {
    try {
      const { state, schema, skewSeconds } = await withClient(async (client) => {
        const before = clock.now().getTime()
        const { rows } = await client.query<{ writable: boolean; at: Date }>(
          "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable, clock_timestamp() as at",
        )
        const after = clock.now().getTime()
        const found = rows[0] as { writable: boolean; at: Date }
        if (!found.writable) generation++
        const schema = await schemaState(async (text) => (await client.query(text)).rows)
        return { state: found, schema, skewSeconds: (found.at.getTime() - (before + after) / 2) / 1000 }
      })
      measures.skew.set(skewSeconds)
      return {
        reachable: true,
        writable: state.writable,
        schema,
        clockSkewSeconds: skewSeconds,
        reason: state.writable ? schemaReason(schema) : 'the database is read-only',
      }
    } catch (error) {
      return { reachable: false, writable: false, schema: 'unknown', clockSkewSeconds: null, reason: describeFailure(error) }
    }
  }

  return {
    run,
    transact,
    get orm() {
      orm ??= openPrisma(pool)
      return orm
    },
    health,
    async close() {
      await orm?.$disconnect()
      if (!pool.ending) await atMost(CLOSE_TIMEOUT_MS, pool.end())
    },
  }
}

/** Runs one statement inside a transaction. */
export async function runIn<Row>(tx: Tx, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
  const inner = opened(tx)
  try {
    return await query<Row>(inner.client, statement, values)
  } catch (error) {
    inner.broken ||= !connectionLivesOn(error)
    throw translated(error)
  }
}

/** Keeps `work` for the moment after COMMIT succeeded; it never runs when the transaction is rolled back. */
export function afterCommit(tx: Tx, work: () => void): void {
  opened(tx).afterwards.push(work)
}

function opened(tx: Tx): OpenTx {
  const inner = tx as unknown as OpenTx
  if (!inner.open) throw new Error('a transaction was used after its end')
  return inner
}

async function query<Row>(client: pg.PoolClient, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
  const { rows } = await client.query({ name: statement.name, text: statement.text, values: values as unknown[] })
  return rows as Row[]
}

async function inTransaction<T>(tx: OpenTx, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    await tx.client.query('begin')
    const result = await work(tx as unknown as Tx)
    tx.open = false
    const { command } = await tx.client.query('commit')
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (command === 'ROLLBACK') throw new Error('a statement failed inside a transaction and its error was passed over')
    return result
  } catch (error) {
    tx.open = false
    tx.broken ||= !connectionLivesOn(error)
    if (!tx.broken) await tx.client.query('rollback').catch(() => Object.assign(tx, { broken: true }))
    throw error
  }
}

function schemaReason(schema: SchemaState): string | null {
  if (schema === 'behind') return 'the database lacks migrations of this version'
  return schema === 'ahead' ? 'the database was migrated by a newer version that took away what this one uses' : null
}

function openPool(options: DatabaseOptions): pg.Pool {
  const { statementTimeoutMs = 5000, lockTimeoutMs = 2000, idleInTransactionTimeoutMs = 10_000, log } = options
  // Sent as statements: a pooler refuses them as parameters of the connection.
  const settings = [
    `set statement_timeout = ${Math.trunc(statementTimeoutMs)}`,
    `set lock_timeout = ${Math.trunc(lockTimeoutMs)}`,
    `set idle_in_transaction_session_timeout = ${Math.trunc(idleInTransactionTimeoutMs)}`,
    "set timezone = 'UTC'",
  ].join('; ')
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'doorward',
    max: options.poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 3600,
    // A server that takes requests and never answers ends here, after it had its own chance to say so.
    query_timeout: statementTimeoutMs + 1000,
    keepAlive: true,
    onConnect: (client) => client.query(settings) as unknown as undefined,
  })
  // Both are needed: an idle client's error reaches the pool, one in use only the client.
  pool.on('error', (error) => log.warn({ reason: describeFailure(error) }, 'an idle database connection was lost'))
  pool.on('connect', (client) => client.on('error', UNLOGGED))
  return pool
}

function openPrisma(pool: pg.Pool): PrismaClient {
  const client = new PrismaClient({ adapter: new PrismaPg(pool) })
  const extended = client.$extends({
    query: {
      async $allOperations({ args, query: ask }) {
        try {
          return await ask(args)
        } catch (error) {
          throw translated(error)
        }
      },
    },
  })
  return extended as unknown as PrismaClient
}
