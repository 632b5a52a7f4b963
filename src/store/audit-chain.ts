import type { ChainEntry, ChainedEntry, ChainLink, ChainState, ChainStore, Erasure } from '../audit/index.ts'
import { momentOf, ODD_MOMENT } from './audit-moments.ts'
import { addDailyCounts } from './daily-counts.ts'
import { type Database, runIn, type Statement } from './database.ts'

// It ends with the transaction, so it works behind a pooler too. "doorlink" in ASCII. Rows that wait are never sorted
// where an index has their order: the first run after an upgrade finds millions of them, and statistics of before.
const LOCK: Statement = {
  name: 'audit_chain_lock',
  text: `select pg_try_advisory_xact_lock(x'646f6f726c696e6b'::bit(64)::bigint) as held, set_config('enable_sort', 'off', true)`,
}

/** Rows that one statement changes. */
const SALTS_AT_ONCE = 2000

const BEFORE_ALL = '-9223372036854775808'

const ENTRY = `a.id::text as id, a.at, ${ODD_MOMENT} as "oddMoment", a.event, a.account_id as "accountId", a.client_id as "clientId",
  a.attempt_id as "attemptId", a.request_id as "requestId", a.actor_id as "actorId", a.ip, a.device, a.detail`

const HEAD = `left join (
      select chain_seq, chain_hash from audit_entry where chain_seq is not null order by chain_seq desc limit 1
    ) head on true`

// Locked: who erases a person changes these rows as well, and only after their commitments are written. Rows that are
// being erased just now are taken the next time, so that nobody here waits for anybody.
const taking = (name: string, condition: string, order: string): Statement => ({
  name,
  text: `
    select ${ENTRY}, head.chain_seq::float8 as "headPlace", head.chain_hash as "headHash"
    from audit_entry a ${HEAD}
    where a.chain_seq is null ${condition} order by ${order} limit $1 for update of a skip locked`,
})

// Beyond the newest of the last rows, by the primary key.
const TAKE_NEXT = taking(
  'audit_chain_take_next',
  `and a.id > coalesce((select max(id) from (
      select id from audit_entry where chain_seq is not null order by chain_seq desc limit 1000) last), ${BEFORE_ALL})`,
  'a.id',
)

// All others, of which there are few: by the index of places, in which those without one stand together.
const TAKE_LATE = taking('audit_chain_take_late', '', 'a.id + 0')

const LINK: Statement = {
  name: 'audit_chain_link',
  text: `
    update audit_entry a set chain_seq = new.place, chain_salt = new.salt, chain_proof = new.proof, chain_hash = new.hash
    from jsonb_to_recordset($1::jsonb) as new(id bigint, place bigint, salt text, proof text, hash text)
    where a.id = new.id and a.chain_seq is null returning 1`,
}

const CHAINED: Statement = {
  name: 'audit_chain_chained',
  text: `
    select ${ENTRY}, a.chain_seq::float8 as place, a.chain_salt as salt, a.chain_proof as proof, a.chain_hash as hash
    from audit_entry a where a.chain_seq > $1::bigint order by a.chain_seq limit $2`,
}

// Whoever is there was not erased, whatever the trail says. With the hash before each, for whoever checks it.
const ERASURES: Statement = {
  name: 'audit_chain_erasures',
  text: `
    select ${ENTRY}, a.chain_seq::float8 as place, a.chain_salt as salt, a.chain_proof as proof, a.chain_hash as hash,
      (select chain_hash from audit_entry where chain_seq = a.chain_seq - 1) as before
    from audit_entry a
    where a.account_id = any($1) and a.event = 'account.erased'
      and not exists (select from account where id = a.account_id)`,
}

// Whoever erases a person takes the salts along. The version before the chain did not: while instances of both run, its
// erasures are seen here, and the rows that hold nothing of anybody any more need none.
const DROP_SALTS: Statement = {
  name: 'audit_chain_drop_salts',
  text: `
    update audit_entry as kept set chain_salt = null
    where kept.id = any(array(
      select id from audit_entry
      where account_id = any($1) and event <> 'account.erased' and chain_salt is not null
        and ip is null and device is null and attempt_id is null and request_id is null and not jsonb_exists(detail, 'address')
        and not exists (select from account where id = account_id)
      limit $2 for update skip locked))
    returning 1`,
}

// Without the rows that wait: while there are a million of them, counting them takes a tenth of a second.
const HEAD_AT: Statement = {
  name: 'audit_chain_head_at',
  text: `
    select ${momentOf('at')} as "headAt" from audit_entry where chain_seq is not null order by chain_seq desc limit 1`,
}

const STATE: Statement = {
  name: 'audit_chain_state',
  text: `
    select head.chain_seq::float8 as rows, head.chain_hash as head, ${momentOf('head.at')} as "headAt",
      (select count(*)::int from audit_entry where chain_seq is null) as waiting
    from (select 1) one left join (
      select chain_seq, chain_hash, at from audit_entry where chain_seq is not null order by chain_seq desc limit 1
    ) head on true`,
}

type Taken = ChainEntry & { headPlace: number | null; headHash: string | null }

/** The chain over `audit_entry`, and the counts that are made with it. */
export function createChainStore(db: Database): ChainStore {
  return {
    lock: async (tx) => (await runIn<{ held: boolean }>(tx, LOCK, []))[0]?.held === true,
    async take(tx, which, max) {
      const entries = await runIn<Taken>(tx, which === 'next' ? TAKE_NEXT : TAKE_LATE, [max])
      const { headPlace: place = null, headHash: hash = null } = entries[0] ?? {}
      return { entries, head: place === null ? null : { place, hash: hash ?? '' } }
    },
    async link(tx, links: readonly ChainLink[]) {
      const linked = await runIn(tx, LINK, [JSON.stringify(links)])
      if (linked.length !== links.length) throw new Error('a row of the trail that was locked was chained by somebody else')
    },
    count: addDailyCounts,
    chained: (after, max) => db.run<ChainedEntry>(CHAINED, [after ?? BEFORE_ALL, max]),
    erasures: (ids) => db.run<Erasure>(ERASURES, [ids]),
    async dropSalts(tx, ids) {
      while ((await runIn(tx, DROP_SALTS, [ids, SALTS_AT_ONCE])).length === SALTS_AT_ONCE);
    },
    headAt: async () => (await db.run<{ headAt: Date }>(HEAD_AT, []))[0]?.headAt ?? null,
    async state() {
      const [row] = await db.run<Omit<ChainState, 'rows'> & { rows: number | null }>(STATE, [])
      return { head: null, headAt: null, waiting: 0, ...row, rows: row?.rows ?? 0 }
    },
  }
}
