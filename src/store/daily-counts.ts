import type { DailyCount } from '../audit/index.ts'
import type { Tx } from '../base/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const ADD: Statement = {
  name: 'daily_counts_add',
  text: `
    insert into daily_count as d (day, measure, label, count)
    select new.day, new.measure, new.label, new.count
    from jsonb_to_recordset($1::jsonb) as new(day date, measure text, label text, count bigint)
    on conflict (day, measure, label) do update set count = d.count + excluded.count`,
}

const BETWEEN: Statement = {
  name: 'daily_counts_between',
  text: `
    select to_char(day, 'YYYY-MM-DD') as day, measure, label, count::float8 as count
    from daily_count where day between $1::date and $2::date`,
}

const SPENT: Statement = {
  name: 'daily_counts_spent',
  text: `
    select to_char(day, 'YYYY-MM-DD') as day, spent_micros::float8 as "spentMicros"
    from spend_counter where id = 'all' and day between $1::date and $2::date`,
}

/** Adds to `daily_count` in the caller's transaction. */
export async function addDailyCounts(tx: Tx, counts: readonly DailyCount[]): Promise<void> {
  if (counts.length > 0) await runIn(tx, ADD, [JSON.stringify(counts)])
}

/** The table `daily_count`, and what `spend_counter` says in all. Days are `YYYY-MM-DD`, both ends count. */
export function createDailyCountStore(db: Database) {
  return {
    counts: (from: string, to: string) => db.run<DailyCount>(BETWEEN, [from, to]),
    spent: (from: string, to: string) => db.run<{ day: string; spentMicros: number }>(SPENT, [from, to]),
  }
}
