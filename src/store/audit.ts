import type { AuditRow, AuditStore } from '../audit/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const APPEND: Statement = {
  name: 'audit_append',
  text: `
    insert into audit_entry (at, event, account_id, client_id, attempt_id, request_id, ip, device, detail)
    select at, event, "accountId", "clientId", "attemptId", "requestId", ip, device, detail
    from jsonb_to_recordset($1::jsonb) as new(
      at timestamptz, event text, "accountId" text, "clientId" text, "attemptId" text, "requestId" text,
      ip text, device text, detail jsonb)`,
}

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
