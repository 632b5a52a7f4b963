import type { EventName } from './events.ts'

/** One row of the trail. Every text is free of control characters and of what must not be kept. */
export interface AuditRow {
  at: Date
  event: EventName
  accountId: string | null
  clientId: string | null
  attemptId: string | null
  actorId: string | null
  requestId: string | null
  ip: string | null
  device: string | null
  detail: Readonly<Record<string, string | number | boolean>>
}
