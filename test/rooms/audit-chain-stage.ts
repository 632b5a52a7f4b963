import { type AuditRow, type Chain, createChain } from '../../src/audit/index.ts'
import { addSeconds, createLog, createMetrics } from '../../src/base/index.ts'
import { createAuditStore } from '../../src/store/audit.ts'
import { createChainStore } from '../../src/store/audit-chain.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { freshDatabase, query } from '../support/database.ts'

export const START = new Date('2030-01-01T10:00:00.123Z')

const opened: Database[] = []

/** For `afterAll`. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((db) => db.close()))
}

export function open(url: string): Database {
  const db = openDatabase({
    ...{ url, poolSize: 5, log: createLog('silent'), metrics: createMetrics() },
    clock: { now: () => START },
  })
  opened.push(db)
  return db
}

/** A row of the trail. */
export function row(event: AuditRow['event'], more: Partial<AuditRow> = {}): AuditRow {
  const who = { accountId: 'maria', clientId: 'app', attemptId: 'attempt', actorId: null, requestId: 'request' }
  return { at: START, event, ...who, ip: '203.0.113.7', device: 'Firefox on Linux', detail: {}, ...more }
}

/** A database of its own with a chain over its trail. */
export async function chainStage(more: { batchSize?: number } = {}) {
  const url = await freshDatabase()
  const db = open(url)
  const lines: Record<string, unknown>[] = []
  const log = createLog('info', { write: (line) => void lines.push(JSON.parse(line)) })
  const chainOn = (one: Database): Chain => createChain({ store: createChainStore(one), transact: one.transact, log, ...more })
  const chain = chainOn(db)
  return {
    url,
    db,
    lines,
    chain,
    chainOn,
    store: createChainStore(db),
    happened: (...rows: AuditRow[]) => db.transact((tx) => createAuditStore(db).append(tx, rows)),
    sql: <Row>(text: string, values: readonly unknown[] = []) => query<Row>(url, text, values),
    /** The whole chain, a stretch of `limit` rows after the other. */
    async verified(limit = 3) {
      let found = await chain.verify(null, limit)
      while (found.more) found = await chain.verify(found.reached, limit)
      return found
    },
  }
}

export type ChainStage = Awaited<ReturnType<typeof chainStage>>

/** Ten rows of different kinds, chained. */
export async function tenRows(): Promise<ChainStage> {
  const stage = await chainStage({ batchSize: 4 })
  const rows = Array.from({ length: 10 }, (_, nth) =>
    row('sign_in.code_wrong', { at: addSeconds(START, nth), detail: { method: 'email', tries: nth } }),
  )
  await stage.happened(...rows)
  await stage.chain.advance()
  return stage
}
