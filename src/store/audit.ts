import type { AuditRow, AuditStore, TrailEntry, TrailStore } from '../audit/index.ts'
import type { Tx } from '../base/index.ts'
import { momentOf } from './audit-moments.ts'
import { beforeCommit, type Database, type Statement } from './database.ts'

/**
 * SQL that adds the rows of a JSON parameter to the trail; `source` may name further relations that must hold a row.
 * Also a part of the statement that writes the engine's records.
 */
export function appendEntries(parameter: `$${number}`, source = ''): string {
  return `
    insert into audit_entry (at, event, account_id, client_id, attempt_id, actor_id, request_id, ip, device, detail)
    select new.at, new.event, new."accountId", new."clientId", new."attemptId", new."actorId", new."requestId", new.ip, new.device, new.detail
    from ${source} jsonb_to_recordset(${parameter}::jsonb) as new(
      at timestamptz, event text, "accountId" text, "clientId" text, "attemptId" text, "actorId" text, "requestId" text,
      ip text, device text, detail jsonb)`
}

const APPEND: Statement = { name: 'audit_append', text: appendEntries('$1') }

// A bigint is text in the driver, and stays so: it is only ever compared here.
const COLUMNS = `select id::text as id, ${momentOf('at')} as at, event, client_id as "clientId", device, detail from audit_entry`
const PAGE = `account_id = $1 and ($2::timestamptz is null or (at, id) < ($2::timestamptz, $3::bigint))`
const NEWEST_FIRST = 'order by audit_entry.at desc, audit_entry.id desc limit $4'

const ALL: Statement = { name: 'audit_all', text: `${COLUMNS} where ${PAGE} ${NEWEST_FIRST}` }

const TOLD: Statement = {
  name: 'audit_told',
  text: `
    ${COLUMNS}
    where ${PAGE} and event = any($5) and (event <> 'sign_in.proven' or detail->>'method' = 'recovery')
    ${NEWEST_FIRST}`,
}

/** The trail in `audit_entry`. */
export function createAuditStore(db: Database): AuditStore {
  const collected = new WeakMap<Tx, AuditRow[]>()

  return {
    async append(tx, rows) {
      const known = collected.get(tx)
      if (known) return void known.push(...rows)
      const all = [...rows]
      collected.set(tx, all)
      beforeCommit(tx, () => {
        collected.delete(tx)
        return { statement: APPEND, values: [JSON.stringify(all)] }
      })
    },
    appendNow: async (row) => {
      await db.run(APPEND, [JSON.stringify([row])])
    },
  }
}

/** The same, read back for the person it is about. */
export function createTrailStore(db: Database): TrailStore {
  return {
    told: (accountId, events, before, limit) =>
      db.run<TrailEntry>(TOLD, [accountId, before?.at ?? null, before?.id ?? null, limit, events]),
    all: (accountId, before, limit) => db.run<TrailEntry>(ALL, [accountId, before?.at ?? null, before?.id ?? null, limit]),
  }
}
