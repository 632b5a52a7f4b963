import type pg from 'pg'
import type { Log } from '../base/index.ts'
import type { Alone, Migration } from './migrations.ts'

const FIND = `select i.indisvalid as valid from pg_class c join pg_index i on i.indexrelid = c.oid
  where c.relname = $1 and c.relnamespace = current_schema()::regnamespace`

/** A statement over a whole table takes as long as it takes; one whose answer got lost must not hold a migration for ever. */
const LONG_MS = 6 * 3600 * 1000

/** A statement of a migration itself, which may run for hours. */
export function patient(text: string): pg.QueryConfig {
  return { text, query_timeout: LONG_MS } as pg.QueryConfig
}

/**
 * Makes the index of a migration that runs outside a transaction, or takes it away. What a build left that was ended
 * half-way is taken away first; one that is whole, and lacks only its row in the history, stays. It waits for no lock that
 * others queue behind, and so has no lock timeout: it ends when the transactions of before have.
 */
export async function changeIndex(client: pg.Client, migration: Migration, { does, index }: Alone, log: Log): Promise<void> {
  const { name, sql } = migration
  const { rows } = await client.query<{ valid: boolean }>(FIND, [index])
  const makes = does === 'make'
  if (makes && rows[0]?.valid) return
  await client.query('set lock_timeout = 0')
  if (makes && rows[0]) {
    log.warn({ migration: name, index }, 'an index was left half-built: it is made anew')
    await client.query(patient(`drop index concurrently if exists "${index}"`))
  }
  await client.query(patient(sql))
}
