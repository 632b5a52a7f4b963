import type { GuessStore, LimitCount, LimitStore } from '../limits/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

// `occupied` reads without locks, so that a flood of refused requests writes nothing. What makes the count atomic is
// the condition of the update: it is judged on the newest row, under its lock. Sorted: no two calls deadlock. The rows are
// written out, and looked up one by one (`offset 0`), so that one plan by index serves them all.
const countOf = (rows: number): Statement => ({
  name: `limits_count_${rows}`,
  text: `
    with wanted (id, count_max, resets_at) as (
      values ${Array.from({ length: rows }, (_, at) => `($${3 * at + 2}::text, $${3 * at + 3}::int, $${3 * at + 4}::timestamptz)`).join(', ')}
    ), occupied as (
      select w.id, c.resets_at from wanted w
      cross join lateral (select count, resets_at from limit_counter where id = w.id offset 0) c
      where c.resets_at > $1::timestamptz and c.count >= w.count_max
    ), counted as (
      insert into limit_counter as c (id, count, resets_at)
      select id, 1, resets_at from wanted where not exists (select from occupied) order by id
      on conflict (id) do update set
        count = case when c.resets_at > $1::timestamptz then c.count + 1 else 1 end,
        resets_at = case when c.resets_at > $1::timestamptz then c.resets_at else excluded.resets_at end
      where c.resets_at <= $1::timestamptz or c.count < (select w.count_max from wanted w where w.id = excluded.id)
      returning c.id
    )
    select w.id, counted.id is not null as counted, occupied.resets_at as "fullUntil"
    from wanted w left join counted on counted.id = w.id left join occupied on occupied.id = w.id`,
})

const UNCOUNT: Statement = {
  name: 'limits_uncount',
  text: `
    with held as (
      select id from limit_counter where id = any($1::text[]) and resets_at > $2 and count > 0 order by id for update
    )
    update limit_counter c set count = c.count - 1 from held where c.id = held.id`,
}

const FAILURES: Statement = {
  name: 'guesses_failures',
  text: 'select failures from guess_counter where target_key = $1 and known_browser = $2',
}

const RECORD: Statement = {
  name: 'guesses_record',
  text: `
    insert into guess_counter as g (target_key, known_browser, failures, updated_at) values ($1, $2, 1, $3)
    on conflict (target_key, known_browser) do update set failures = g.failures + 1, updated_at = excluded.updated_at
    returning failures`,
}

const RESET: Statement = {
  name: 'guesses_reset',
  text: 'delete from guess_counter where target_key = $1',
}

/** Counters of the limits in `limit_counter`. */
export function createLimitStore(db: Database): LimitStore {
  const statements = new Map<number, Statement>()

  function statementFor(rows: number): Statement {
    const known = statements.get(rows) ?? countOf(rows)
    statements.set(rows, known)
    return known
  }

  return {
    count: (counts: readonly LimitCount[], now) =>
      db.run(statementFor(counts.length), [now, ...counts.flatMap(({ id, countMax, resetsAt }) => [id, countMax, resetsAt])]),
    uncount: async (ids, now) => {
      await db.run(UNCOUNT, [ids, now])
    },
  }
}

/** Wrong codes in a row in `guess_counter`. */
export function createGuessStore(db: Database): GuessStore {
  return {
    failures: async (targetKey, knownBrowser) => {
      const [row] = await db.run<{ failures: number }>(FAILURES, [targetKey, knownBrowser])
      return row?.failures ?? 0
    },
    record: async (targetKey, knownBrowser, now) => {
      const [row] = await db.run<{ failures: number }>(RECORD, [targetKey, knownBrowser, now])
      return row?.failures ?? 0
    },
    reset: async (tx, targetKey) => {
      await runIn(tx, RESET, [targetKey])
    },
  }
}
