import type pg from 'pg'
import { type Clock, inSpan, type Metrics, Refusal, type Transact, type Tx } from '../base/index.ts'
import type { PrismaClient } from '../generated/prisma/client.ts'
import { connectionLivesOn, describeFailure, isReadOnly, isRetryable, isStalePlan, translated } from './failures.ts'
import { createDatabaseMetrics } from './metrics.ts'
import { atMost, jittered, pause } from './pause.ts'
import { openPool, type Pool, type PoolOptions, type Statement } from './pool.ts'
import { type SchemaState, schemaState } from './schema-state.ts'
import { ASKED, toldPool } from './told.ts'

export type { Statement }

/** What is known of the database at one moment. Nothing of it is cached. */
interface DatabaseHealth {
  reachable: boolean
  /** False on a replica and where transactions are read-only. */
  writable: boolean
  schema: SchemaState | 'unknown'
  /** The database's clock less this process's, measured over half a round trip; `null` when it cannot be reached. */
  clockSkewSeconds: number | null
  /** It is reached through a pooler. */
  pooled: boolean
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
  /** Prisma's client on the same pool, for rare reads. Never inside a transaction. It is loaded when it is first asked for. */
  orm(): Promise<PrismaClient>
  health(): Promise<DatabaseHealth>
  /** Somebody else was told that the server takes no writes: no connection of before serves anybody again. */
  distrust(): void
  /** Lets running statements end, for five seconds at most. */
  close(): Promise<void>
}

interface DatabaseOptions extends PoolOptions {
  metrics: Metrics
  clock: Clock
}

const CLOSE_TIMEOUT_MS = 5000
const RETRIES_MAX = 3

interface OpenTx {
  pool: Pool
  client: pg.PoolClient
  /** What is written last. */
  beforehand: (() => Promise<void>)[]
  afterwards: (() => void)[]
  open: boolean
  /** The connection must not serve anybody again. */
  broken: boolean
}

/** Opens the pool. Nothing is asked of the database before the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const { log, clock } = options
  const plain = openPool(options)
  const measures = createDatabaseMetrics(options.metrics, plain.inner)
  const pool = toldPool(plain, measures)
  let orm: Promise<PrismaClient> | undefined

  // After a read-only answer (25006) the server is a replica now: every connection made before is dropped when its
  // turn comes.
  const madeIn = new WeakMap<pg.PoolClient, number>()
  let generation = 0
  pool.inner.on('connect', (client) => madeIn.set(client, generation))

  async function checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect()
      if (madeIn.get(client) === generation) return client
      client.release(true)
    }
  }

  async function onConnection<T>(work: (client: pg.PoolClient, tx: OpenTx) => Promise<T>): Promise<T> {
    const client = await checkOut()
    const tx: OpenTx = { pool, client, beforehand: [], afterwards: [], open: true, broken: false }
    try {
      return await work(client, tx)
    } catch (error) {
      tx.broken ||= !connectionLivesOn(error)
      if (isReadOnly(error)) generation++
      throw error
    } finally {
      client.release(tx.broken)
    }
  }

  async function run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    // Behind a pooler only a transaction brings time-outs, and one that nobody waits for is rolled back.
    const ask = () =>
      onConnection((client, tx) =>
        pool.isShared(client)
          ? inTransaction(tx, () => runIn<Row>(tx as unknown as Tx, statement, values))
          : pool.query<Row>(client, statement, values),
      )
    try {
      return await ask().catch((error) => (isStalePlan(error) ? ask() : Promise.reject(error)))
    } catch (error) {
      throw failed(error)
    }
  }

  async function transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        const { result, afterwards } = await onConnection(async (_client, tx) => ({
          result: await inTransaction(tx, work),
          afterwards: tx.afterwards,
        }))
        for (const each of afterwards) runAfterwards(each)
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
    let pooled = false
    try {
      const { state, schema, skewSeconds } = await onConnection(async (client) => {
        const before = clock.now().getTime()
        const { rows } = await client.query<{ writable: boolean; at: Date }>(
          "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable, clock_timestamp() as at",
        )
        const after = clock.now().getTime()
        const found = rows[0] as { writable: boolean; at: Date }
        if (!found.writable) generation++
        const schema = await schemaState(async (text) => (await client.query(text)).rows)
        pooled = pool.isShared(client)
        return { state: found, schema, skewSeconds: (found.at.getTime() - (before + after) / 2) / 1000 }
      })
      measures.skew.set(skewSeconds)
      return {
        reachable: true,
        writable: state.writable,
        schema,
        clockSkewSeconds: skewSeconds,
        pooled,
        reason: state.writable ? schemaReason(schema) : 'the database is read-only',
      }
    } catch (error) {
      return {
        reachable: false,
        writable: false,
        schema: 'unknown',
        clockSkewSeconds: null,
        pooled,
        reason: describeFailure(error),
      }
    }
  }

  return {
    run,
    transact,
    orm() {
      orm ??= openPrisma(pool.inner)
      return orm
    },
    health,
    distrust: () => void generation++,
    async close() {
      await (await orm)?.$disconnect()
      if (!pool.inner.ending) await atMost(CLOSE_TIMEOUT_MS, pool.inner.end())
    },
  }
}

/** Runs one statement inside a transaction. */
export async function runIn<Row>(tx: Tx, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
  const inner = opened(tx)
  try {
    return await inner.pool.query<Row>(inner.client, statement, values)
  } catch (error) {
    inner.broken ||= !connectionLivesOn(error)
    throw translated(error)
  }
}

/** Keeps `work`, which writes in `tx`, for the moment before COMMIT; where it fails nothing of the transaction stays. */
export function beforeCommit(tx: Tx, work: () => Promise<void>): void {
  opened(tx).beforehand.push(work)
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

async function inTransaction<T>(tx: OpenTx, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    await tx.pool.command(tx.client, 'begin')
    const result = await work(tx as unknown as Tx)
    for (const each of tx.beforehand) await each()
    tx.open = false
    const command = await tx.pool.command(tx.client, 'commit')
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (command === 'ROLLBACK') throw new Error('a statement failed inside a transaction and its error was passed over')
    return result
  } catch (error) {
    tx.open = false
    tx.broken ||= !connectionLivesOn(error)
    if (!tx.broken) await tx.pool.command(tx.client, 'rollback').catch(() => Object.assign(tx, { broken: true }))
    throw error
  }
}

function schemaReason(schema: SchemaState): string | null {
  if (schema === 'behind') return 'the database lacks migrations of this version'
  return schema === 'ahead' ? 'the database was migrated by a newer version that took away what this one uses' : null
}

// 45 MB and a seventh of a second that only those pay who ask by it.
async function openPrisma(pool: pg.Pool): Promise<PrismaClient> {
  const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
    import('@prisma/adapter-pg'),
    import('../generated/prisma/client.ts'),
  ])
  const client = new PrismaClient({ adapter: new PrismaPg(pool) })
  const extended = client.$extends({
    query: {
      async $allOperations({ model, operation, args, query: ask }) {
        const name = `${model ?? 'orm'}.${operation}`
        try {
          return await inSpan({ name, kind: 'client', fields: ASKED, onlyInside: true }, () => ask(args))
        } catch (error) {
          throw translated(error)
        }
      },
    },
  })
  return extended as unknown as PrismaClient
}
