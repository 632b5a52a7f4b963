import { inSpan } from '../base/index.ts'
import type { DatabaseMetrics } from './metrics.ts'
import type { Pool, Statement } from './pool.ts'

/** What a span says of everything that is asked of the database. Of a statement its name: never its text, never a value. */
export const ASKED = { 'db.system.name': 'postgresql' } as const

/** The same pool, which tells how long one waits for a connection and for a statement, and makes its spans. */
export function toldPool(pool: Pool, measures: Pick<DatabaseMetrics, 'wait' | 'statement'>): Pool {
  return {
    ...pool,
    async connect() {
      const asked = performance.now()
      const client = await pool.connect()
      measures.wait.observe((performance.now() - asked) / 1000)
      return client
    },
    async query<Row>(client: Parameters<Pool['query']>[0], statement: Statement, values: readonly unknown[]) {
      const began = performance.now()
      const start = { name: statement.name, kind: 'client', fields: ASKED, onlyInside: true } as const
      const rows = await inSpan(start, () => pool.query<Row>(client, statement, values))
      measures.statement.observe((performance.now() - began) / 1000)
      return rows
    },
  }
}
