import type { AuditRow, AuditStore } from '../audit/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

/**
 * The insert of audit rows as a part of a larger statement (a data-modifying `with` query). `parameter` is the
 * placeholder, such as `$3`, whose value is what `auditValue` answers.
 */
export function auditInsert(parameter: string): string {
  return `
    insert into audit_entry (at, event, account_id, client_id, attempt_id, request_id, ip, device, detail)
    select at, event, "accountId", "clientId", "attemptId", "requestId", ip, device, detail
    from jsonb_to_recordset(${parameter}::jsonb) as r(
      at timestamptz, event text, "accountId" text, "clientId" text, "attemptId" text, "requestId" text,
      ip text, device text, detail jsonb)`
}

/** The value for the placeholder of `auditInsert`. */
export function auditValue(rows: readonly AuditRow[]): string {
  return JSON.stringify(rows)
}

const APPEND: Statement = { name: 'audit_append', text: auditInsert('$1') }

/** The trail in `audit_entry`. */
export function createAuditStore(db: Database): AuditStore {
  return {
    append: async (tx, rows) => {
      await runIn(tx, APPEND, [auditValue(rows)])
    },
    appendNow: async (row) => {
      await db.run(APPEND, [auditValue([row])])
    },
  }
}
