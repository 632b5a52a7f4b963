import type pg from 'pg'

/** What was written since some moment: rows by table, transactions, and bytes of the log of changes. */
export interface Changes {
  inserted: Map<string, number>
  updated: Map<string, number>
  deleted: Map<string, number>
  commits: number
  walBytes: number
}

type Kind = 'inserted' | 'updated' | 'deleted'

const ROWS = `
  select case schemaname when 'public' then relname else schemaname || '.' || relname end as name,
    n_tup_ins::float8 as inserted, n_tup_upd::float8 as updated, n_tup_del::float8 as deleted
  from pg_stat_user_tables`
const TOTALS = `
  select xact_commit::float8 as commits, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as "walBytes"
  from pg_stat_database where datname = current_database()`
const SETTLED_MS = 10_500 // a session that has nothing to do tells what it counted after ten seconds

interface Reading {
  rows: Map<string, Record<Kind, number>>
  commits: number
  walBytes: number
}

/** Reads the counters of PostgreSQL once they stand still: sessions tell theirs late. */
export async function readCounters(client: pg.Client): Promise<Reading> {
  for (let last = ''; ; ) {
    const rows = (await client.query<{ name: string } & Record<Kind, number>>(ROWS)).rows
    const told = JSON.stringify(rows)
    if (told === last) {
      const totals = (await client.query<{ commits: number; walBytes: number }>(TOTALS)).rows[0]
      return { rows: new Map(rows.map((row) => [row.name, row])), commits: totals?.commits ?? 0, walBytes: totals?.walBytes ?? 0 }
    }
    last = told
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
  }
}

/** What lies between two readings, for each of `operations`. */
export function changesBetween(before: Reading, after: Reading, operations: number): Changes {
  const of = (kind: Kind) =>
    new Map(
      [...after.rows]
        .map(([name, row]): [string, number] => [name, (row[kind] - (before.rows.get(name)?.[kind] ?? 0)) / operations])
        .filter(([, count]) => count >= 0.05)
        .sort((a, b) => b[1] - a[1]),
    )
  return {
    ...{ inserted: of('inserted'), updated: of('updated'), deleted: of('deleted') },
    commits: (after.commits - before.commits) / operations,
    walBytes: (after.walBytes - before.walBytes) / operations,
  }
}
