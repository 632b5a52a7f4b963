import { type Clock, type Metrics, Refusal, type Transact, type Tx, waitPatiently } from '../base/index.ts'
import type { PrismaClient } from '../generated/prisma/client.ts'
import { connectionLivesOn, describeFailure, isReadOnly, isRetryable, isStalePlan, translated } from './failures.ts'
import { createDatabaseMetrics } from './metrics.ts'
import { openOrm } from './orm.ts'
import { atMost, jittered, pause } from './pause.ts'
import { openPool, type PoolOptions } from './pool.ts'
import type { Answer, Statement } from './questions.ts'
import { type SchemaState, schemaState } from './schema-state.ts'
import { createTogether } from './together.ts'
import { askTold, inTransaction, type OpenTx, openTx, patienceMs, runIn } from './transaction.ts'
import type { Wire } from './wire.ts'

export { afterCommit, beforeCommit, runIn } from './transaction.ts'
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
  /**
   * Runs one statement on the pool, committed by itself. One that lost a race (40001, 40P01) was undone as a whole and is tried
   * again up to three times. Throws `Refusal('unavailable')` when it cannot be asked.
   */
  run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>
  /**
   * One transaction (read committed). A lost race (40001, 40P01) is tried again up to three times, so `work` must
   * do nothing but statements. When the answer to COMMIT is lost it throws `Refusal('unavailable')`: the rows may
   * or may not be there.
   */
  transact: Transact
  /**
   * Prisma's client, for rare reads at the command line: it is loaded when it is first asked for, has two connections
   * beside the pool, and waits past the patience of a request. Never inside a transaction. It takes the session's time zone
   * for UTC, which nobody sets behind a pooler: moments are for `DATABASE_DIRECT_URL` alone.
   */
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

/** Opens the pool. Nothing is asked of the database before the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const { log, clock } = options
  const pool = openPool(options)
  const measures = createDatabaseMetrics(options.metrics, pool.counts)
  let orm: ReturnType<typeof openOrm> | undefined
  let closed: Promise<unknown> | undefined

  function takeIdle(): Wire | null {
    const wire = pool.takeIdle()
    if (wire) measures.wait.observe(0)
    return wire
  }

  async function waitForOne(): Promise<Wire> {
    const asked = performance.now()
    const wire = await waitPatiently(pool.waitForOne)
    measures.wait.observe((performance.now() - asked) / 1000)
    return wire
  }

  async function onWire<T>(work: (wire: Wire, tx: OpenTx) => Promise<T>): Promise<T> {
    const wire = takeIdle() ?? (await waitForOne())
    const tx = openTx(wire, pool.session, measures)
    try {
      return await work(wire, tx)
    } catch (error) {
      tx.broken ||= !connectionLivesOn(error)
      if (isReadOnly(error)) pool.distrust() // a replica, by now
      throw error
    } finally {
      pool.give(wire, tx.broken)
    }
  }

  function ask(statement: Statement, values: readonly unknown[]): Promise<unknown[]> {
    if (statement.together) return askTogether(statement, values)
    return onWire(async (wire, tx) => {
      // Behind a pooler only a transaction brings time-outs, and one that nobody waits for is rolled back.
      if (wire.isShared) return inTransaction(tx, () => runIn(tx as unknown as Tx, statement, values))
      return (await askTold(measures, statement, () => askAlone(wire, statement, values))).rows
    })
  }

  const askTogether = createTogether(onWire)

  async function run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    for (let tries = 0; ; tries++) {
      try {
        return (await ask(statement, values)) as Row[]
      } catch (error) {
        if (isStalePlan(error) && tries === 0) continue
        await pauseBeforeTry(error, tries)
      }
    }
  }

  /** Lets whoever won a race come to its end. Throws what is no lost race, and one that was lost too often. */
  async function pauseBeforeTry(error: unknown, tries: number): Promise<void> {
    if (!isRetryable(error) || tries >= RETRIES_MAX) throw failed(error)
    measures.retries.inc()
    await pause(jittered(2 ** tries * 5))
  }

  async function transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        const { result, afterwards } = await onWire(async (_wire, tx) => ({
          result: await inTransaction(tx, work),
          afterwards: tx.afterwards,
        }))
        for (const each of afterwards) runAfterwards(each)
        return result
      } catch (error) {
        await pauseBeforeTry(error, tries)
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
      const { state, schema, skewSeconds } = await onWire(async (wire) => {
        const ask = async (text: string) => {
          const answer = wire.ask({ name: '', text }, [], Number.POSITIVE_INFINITY)
          wire.send()
          return (await answer).rows
        }
        const before = clock.now().getTime()
        const [found] = (await ask(
          "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as writable, clock_timestamp() as at",
        )) as [{ writable: boolean; at: Date }]
        const after = clock.now().getTime()
        if (!found.writable) pool.distrust()
        const schema = await schemaState(ask)
        pooled = wire.isShared
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
      orm ??= openOrm(pool.session)
      return orm.client()
    },
    health,
    distrust: pool.distrust,
    async close() {
      closed ??= Promise.all([orm?.close(), atMost(CLOSE_TIMEOUT_MS, pool.close())])
      await closed
    },
  }
}

function askAlone(wire: Wire, statement: Statement, values: readonly unknown[]): Promise<Answer> {
  return waitPatiently(() => {
    const answer = wire.ask(statement, values, patienceMs())
    wire.send()
    return answer
  })
}

function schemaReason(schema: SchemaState): string | null {
  if (schema === 'behind') return 'the database lacks migrations of this version'
  return schema === 'ahead' ? 'the database was migrated by a newer version that took away what this one uses' : null
}
