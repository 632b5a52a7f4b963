// audit: what happened, once: the catalogue of events, the row in the caller's transaction, the counter and the
// log line after its commit. It decides nothing and knows no other room's tables.
// Table: audit_entry. Metric: doorward_events_total. Requirements: and decision 9 of the security
// requirements (rows stand or fall with what they tell; tries and failures have a statement of their own).
export { type Audit, type AuditRow, type AuditStore, createAudit } from './audit.ts'
export type { EventFields, EventName, EventWho, KeptEventName } from './events.ts'
export { eventsManual } from './manual.ts'
export {
  createTrail,
  TOLD,
  type ToldEntry,
  type ToldEvent,
  type Trail,
  type TrailEntry,
  type TrailMark,
  type TrailStore,
} from './reader.ts'
