import type { BudgetStore, Reserved, SpendCap, Tally } from '../limits/index.ts'
import type { Database, Statement } from './database.ts'

// `full` is read without locks, so that a flood of refused texts writes nothing. What makes it atomic: each counter is
// raised on its newest row, under its lock, and when one is above its cap then, the division by zero undoes the whole
// statement. Locks are taken delivery first, then counters, then tallies, each in the order given: no two calls deadlock.
const RESERVE: Statement = {
  name: 'budget_reserve',
  text: `
    with wanted as (
      select * from unnest($4::text[], $5::bigint[]) with ordinality as w(id, cap_micros, place)
    ), occupied as (
      select w.id from wanted w left join spend_counter c on c.id = w.id and c.day = $2::date
      where coalesce(c.spent_micros, 0) + $3::bigint > w.cap_micros
    ), marked as (
      update delivery set cost_micros = $3::bigint, cost_day = $2::date
      where id = $1 and cost_day is null and not exists (select from occupied)
      returning id
    ), counted as (
      insert into spend_counter as c (id, day, spent_micros)
      select w.id, $2::date, $3::bigint from wanted w cross join marked order by w.place
      on conflict (id, day) do update set spent_micros = c.spent_micros + excluded.spent_micros
      returning c.id, c.spent_micros
    ), tallied as (
      insert into text_tally as t (id, hour, sent, proven)
      select x.id, $7::timestamptz, 1, 0
      from unnest($6::text[]) with ordinality as x(id, place) cross join (select count(*) as n from counted) k
      where k.n > 0 order by x.place
      on conflict (id, hour) do update set sent = t.sent + 1
    )
    select
      (select cost_day is not null from delivery where id = $1) as "hadCost",
      exists (select from marked) as counted,
      array(select id from occupied) as full,
      1 / (case when exists (
        select from counted join wanted using (id) where counted.spent_micros > wanted.cap_micros
      ) then 0 else 1 end) as fits`,
}

const RESERVED: Statement = {
  name: 'budget_reserved',
  text: `
    select d.target, coalesce(a.client_id, '') as "clientId", coalesce(h.known_browser, false) as "knownBrowser", d.notice_id is not null as answerless, d.cost_micros::float8 as "costMicros",
      to_char(d.cost_day, 'YYYY-MM-DD') as day
    from delivery d left join challenge h on h.id = d.challenge_id left join attempt a on a.id = h.attempt_id
    where d.id = $1 and d.cost_day is not null`,
}

// The tally's hour is not kept with a delivery: one is taken off the newest hour that has any.
const GIVE_BACK: Statement = {
  name: 'budget_give_back',
  text: `
    with freed as (
      update delivery set cost_micros = 0, cost_day = null
      where id = $1 and cost_day = $2::date and cost_micros = $3::bigint
      returning id
    ), held as (
      select c.id, c.day from unnest($4::text[]) with ordinality as w(id, place) cross join freed
      join spend_counter c on c.id = w.id and c.day = $2::date
      order by w.place for update of c
    ), lowered as (
      update spend_counter c set spent_micros = greatest(0, c.spent_micros - $3::bigint)
      from held where c.id = held.id and c.day = held.day
      returning c.id
    ), newest as (
      select x.id, x.place, max(t.hour) as hour from unnest($5::text[]) with ordinality as x(id, place)
      join text_tally t on t.id = x.id and t.hour between $6::timestamptz - interval '1 hour' and $6::timestamptz and t.sent > 0
      group by x.id, x.place
    ), held_tallies as (
      select t.id, t.hour from newest n join text_tally t on t.id = n.id and t.hour = n.hour
      cross join (select count(*) as n from lowered) k
      where k.n > 0 order by n.place for update of t
    )
    update text_tally t set sent = greatest(0, t.sent - 1) from held_tallies h where t.id = h.id and t.hour = h.hour`,
}

const PROVEN: Statement = {
  name: 'budget_proven',
  text: `
    insert into text_tally as t (id, hour, sent, proven)
    select x.id, $2, 0, 1 from unnest($1::text[]) with ordinality as x(id, place) order by x.place
    on conflict (id, hour) do update set proven = t.proven + 1`,
}

const talliesOf = (ids: string, hour: string) => `
  (select coalesce(json_agg(s), '[]') from (
    select id, sum(sent) as sent, sum(proven) as proven, coalesce(sum(sent) filter (where hour = ${hour}), 0) as "sentThisHour"
    from text_tally
    where id = any(${ids}) and hour between ${hour} - interval '1 hour' and ${hour}
    group by id) s)`

const LOOK: Statement = {
  name: 'budget_look',
  text: `
    select array(
      select w.id from unnest($3::text[], $4::bigint[]) as w(id, cap_micros)
      left join spend_counter c on c.id = w.id and c.day = $1::date
      where coalesce(c.spent_micros, 0) + $5::bigint > w.cap_micros) as full,
      ${talliesOf('$6::text[]', '$2::timestamptz')} as tallies`,
}

const MEASURE: Statement = {
  name: 'budget_measure',
  text: `
    select (select coalesce(json_agg(s), '[]') from (
      select id, spent_micros as "spentMicros" from spend_counter where id = any($3::text[]) and day = $1::date) s) as spent,
      ${talliesOf('$3::text[]', '$2::timestamptz')} as tallies`,
}

const DIVISION_BY_ZERO = '22012'

/** The tables `spend_counter` and `text_tally`, and what a delivery cost. */
export function createBudgetStore(db: Database): BudgetStore {
  return {
    reserve: async ({ deliveryId, day, hour, priceMicros, caps, tallyIds }) => {
      const values = [deliveryId, day, priceMicros, ...columns(caps), tallyIds, hour]
      const asking = db.run<{ hadCost: boolean | null; counted: boolean; full: string[] }>(RESERVE, values)
      const rows = await asking.catch((error) => {
        if (error instanceof Error && 'code' in error && error.code === DIVISION_BY_ZERO) return []
        throw error
      })
      const row = rows[0]
      if (!row) return { outcome: 'met' }
      if (row.hadCost === null) return { outcome: 'unknown' }
      if (row.hadCost || row.counted) return { outcome: 'counted' }
      return row.full.length > 0 ? { outcome: 'full', ids: row.full } : { outcome: 'met' }
    },
    reserved: async (deliveryId) => (await db.run<Reserved>(RESERVED, [deliveryId]))[0] ?? null,
    giveBack: async ({ deliveryId, day, costMicros, ids, tallyIds, hour }) => {
      await db.run(GIVE_BACK, [deliveryId, day, costMicros, ids, tallyIds, hour])
    },
    proven: async (tallyIds, hour) => {
      await db.run(PROVEN, [tallyIds, hour])
    },
    look: async ({ day, hour, priceMicros, caps, tallyIds }) => {
      const [row] = await db.run<{ full: string[]; tallies: Tally[] }>(LOOK, [day, hour, ...columns(caps), priceMicros, tallyIds])
      return row ?? { full: [], tallies: [] }
    },
    measure: async ({ day, hour, ids }) => {
      const [row] = await db.run<{ spent: { id: string; spentMicros: number }[]; tallies: Tally[] }>(MEASURE, [day, hour, ids])
      return row ?? { spent: [], tallies: [] }
    },
  }
}

function columns(caps: readonly SpendCap[]): [ids: string[], capMicros: number[]] {
  return [caps.map(({ id }) => id), caps.map(({ capMicros }) => capMicros)]
}
