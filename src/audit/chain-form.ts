import { createHash, createHmac } from 'node:crypto'

/** A row of the trail, as the chain sees it. `id` is a whole number as text. */
export interface ChainEntry {
  id: string
  at: Date
  /** Of a moment that is none, such as `infinity`, which only a hand in the database writes: its text. `at` is nothing then. */
  oddMoment?: string | null
  event: string
  accountId: string | null
  clientId: string | null
  attemptId: string | null
  requestId: string | null
  actorId: string | null
  ip: string | null
  device: string | null
  detail: Readonly<Record<string, unknown>>
}

/** Members of `detail` that are about a person: they go when the person is erased. */
const PERSONAL = ['address'] as const

/** What the first row is chained to. */
export const GENESIS = '0'.repeat(64)

/**
 * What an auditor's own script has to do as well: every step is written down in docs/audit-log.md, and none may change
 * while there are chains. JSON is in canonical form (RFC 8785).
 */
const HEADLINE = 'doorward audit chain 1'

/** The commitment to what is about a person: HMAC-SHA-256 (RFC 2104) under the row's own salt, 64 hexadecimal digits. */
export function proofOf(salt: string, entry: ChainEntry): string {
  return createHmac('sha256', salt)
    .update(canonical(personalOf(entry)))
    .digest('hex')
}

/** The hash of a row at its place: SHA-256 over place, the hash before it, the commitment, and what is about nobody. */
export function hashOfLink(place: number, before: string, proof: string, entry: ChainEntry): string {
  const lines = [HEADLINE, String(place), before, proof, canonical(openOf(entry))]
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** Whether a row still holds something about a person. */
export function isPersonal(entry: ChainEntry): boolean {
  return Object.values(personalOf(entry)).some((value) => value !== null)
}

/** Whether a row is one as the service writes them; what somebody else put in is chained as it is. */
export function isRegular({ oddMoment, detail }: ChainEntry): boolean {
  return !oddMoment && isRecord(detail)
}

function openOf({ id, at, oddMoment, event, accountId, clientId, actorId, detail }: ChainEntry) {
  const isOpen = ([member]: [string, unknown]) => !PERSONAL.some((one) => one === member)
  return {
    ...{ id, at: oddMoment ?? at.toISOString(), event },
    detail: isRecord(detail) ? Object.fromEntries(Object.entries(detail).filter(isOpen)) : detail,
    ...{ account_id: accountId, client_id: clientId, actor_id: actorId },
  }
}

function personalOf({ ip, device, attemptId, requestId, detail }: ChainEntry) {
  const address = isRecord(detail) ? (detail.address ?? null) : null
  return { ip, device, attempt_id: attemptId, request_id: requestId, address }
}

// RFC 8785 for what a row holds: sorted members, no white space; numbers and texts as ECMAScript writes them.
function canonical(record: Readonly<Record<string, unknown>>): string {
  const members = Object.keys(record).toSorted()
  return `{${members.map((member) => `${JSON.stringify(member)}:${jsonOf(record[member])}`).join(',')}}`
}

function jsonOf(value: unknown): string {
  if (isRecord(value)) return canonical(value)
  return Array.isArray(value) ? `[${value.map(jsonOf).join(',')}]` : JSON.stringify(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
