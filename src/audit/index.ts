// audit: what happened, once: the catalogue of events, the row in the caller's transaction, the counter and the
// log line after its commit. It decides nothing and knows no other room's tables.
// It chains committed rows, so that nobody can change them unseen, and counts them by day.
// Tables: audit_entry, daily_count. Metrics: measures.ts. Requirements: and decision 9 of the security
// requirements (rows stand or fall with what they tell; tries and failures have a statement of their own).
export { type Audit, type AuditStore, createAudit } from './audit.ts'
export type { AuditRow } from './audit-row.ts'
export { type Chain, type ChainLink, type ChainState, type ChainStore, createChain, type Verified } from './chain.ts'
export type { ChainEntry } from './chain-form.ts'
export type { Broken, ChainedEntry, Erasure, Reached } from './chain-verify.ts'
export type { EventFields, EventName, EventWho, KeptEventName } from './events.ts'
export { eventsManual } from './manual.ts'
export { EVENT_GROUPS, meaningOf } from './meanings.ts'
export {
  type AuditEntry,
  type AuditFilter,
  type AuditReader,
  type AuditReaderStore,
  createAuditReader,
  createTrail,
  TOLD,
  type ToldEntry,
  type ToldEvent,
  type Trail,
  type TrailEntry,
  type TrailMark,
  type TrailStore,
} from './reader.ts'
export { type DailyCount, FAILURES, HAND_OVER_SECONDS, METHODS, type Measure } from './rollup.ts'
