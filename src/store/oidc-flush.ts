import type { AuditRow } from '../audit/index.ts'
import type { Tx } from '../base/index.ts'
import type { Batch } from '../oidc/index.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { type Part, partsOf } from './oidc-flush-parts.ts'

/** Writes a batch as one statement, committed by itself. */
export async function flushAlone(db: Database, batch: Batch<AuditRow>): Promise<'written' | 'lost'> {
  const { statement, values } = statementOf(batch)
  return statement ? outcomeOf(await db.run(statement, values)) : 'written'
}

/** The same inside a transaction. */
export async function flushIn(tx: Tx, batch: Batch<AuditRow>): Promise<'written' | 'lost'> {
  const { statement, values } = statementOf(batch)
  return statement ? outcomeOf(await runIn(tx, statement, values)) : 'written'
}

function outcomeOf(rows: readonly unknown[]): 'written' | 'lost' {
  return rows.length === 1 ? 'written' : 'lost'
}

/** A text for each kind of request: about a dozen are in use. */
const statements = new Map<string, Statement>()

// One statement, so that use, new records, changes, ended records and audit rows stand or fall together. It holds only
// the parts that the batch needs: each costs PostgreSQL time, used or not. Null where nothing is to be written.
function statementOf(batch: Batch<AuditRow>): { statement: Statement | null; values: readonly unknown[] } {
  const { parts, gated } = partsOf(batch)
  if (parts.length === 0) return { statement: null, values: [] }
  const name = nameOf(parts)
  let statement = statements.get(name)
  if (!statement) {
    statement = { name, text: textOf(parts, gated) }
    statements.set(name, statement)
  }
  return { statement, values: parts.flatMap(({ values }) => values) }
}

// PostgreSQL keeps 63 bytes of a name: parts that follow each other under the same mark are counted, not listed.
function nameOf(parts: readonly Part[]): string {
  const runs: { mark: string; count: number }[] = []
  for (const { mark } of parts) {
    const last = runs.at(-1)
    if (last?.mark === mark) last.count++
    else runs.push({ mark, count: 1 })
  }
  return `oidc_flush_${runs.map(({ mark, count }) => (count === 1 ? mark : `${mark}${count}`)).join('')}`
}

function textOf(parts: readonly Part[], gated: boolean): string {
  let at = 0
  const members = parts.map(({ sql, values }) => {
    const text = sql(at, gated ? 'exists (select from won)' : 'true')
    at += values.length
    return text
  })
  return `with ${members.join(', ')} select 1 as won ${gated ? 'from won' : ''}`
}
