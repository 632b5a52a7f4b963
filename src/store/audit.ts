import type { AuditRow, AuditStore } from '../audit/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

/**
 * SQL that adds the rows of a JSON parameter to the trail; `source` may name further relations that must hold a row.
 * Also a part of the statement that writes the engine's records.
 */
export function appendEntries(parameter: `$${number}`, source = ''): string {
  return `
    insert into audit_entry (at, event, account_id, client_id, attempt_id, request_id, ip, device, detail)
    select new.at, new.event, new."accountId", new."clientId", new."attemptId", new."requestId", new.ip, new.device, new.detail
    from ${source} jsonb_to_recordset(${parameter}::jsonb) as new(
      at timestamptz, event text, "accountId" text, "clientId" text, "attemptId" text, "requestId" text,
      ip text, device text, detail jsonb)`
}

const APPEND: Statement = { name: 'audit_append', text: appendEntries('$1') }

/** The trail in `audit_entry`. */
export function createAuditStore(db: Database): AuditStore {
  return {
    append: async (tx, rows: readonly AuditRow[]) => {
      await runIn(tx, APPEND, [JSON.stringify(rows)])
    },
    appendNow: async (row) => {
      await db.run(APPEND, [JSON.stringify([row])])
    },
  }
}
