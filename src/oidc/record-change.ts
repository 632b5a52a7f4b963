import type { RecordChange, RecordRow } from './records.ts'
import type { Payload } from './stored-form.ts'

const AUTHORIZATIONS = 'authorizations'

/**
 * What has changed in a record between finding and writing it. The engine writes a session whole, with what it knew
 * when it read it; here only the touched members are written, so that of two requests neither undoes the other.
 *
 * @param row the record as it may be stored (sealed members included)
 * @param payload the engine's payload that `row` was made from
 * @param before the engine's payload as it was found
 */
export function changeOf(row: RecordRow, payload: Payload, before: Payload): RecordChange {
  const set: Record<string, unknown> = {}
  for (const [member, value] of Object.entries(row.payload)) {
    // A sealed whole has no member of its own name in the plain payload and is always written.
    const same = member in payload && equal(payload[member], before[member])
    if (member !== AUTHORIZATIONS && !same) set[member] = value
  }
  const unset = Object.keys(before).filter((member) => payload[member] === undefined && before[member] !== undefined)
  const [now, was] = [membersOf(payload[AUTHORIZATIONS]), membersOf(before[AUTHORIZATIONS])]
  const setAuthorizations = Object.fromEntries(Object.entries(now).filter(([client, value]) => !equal(value, was[client])))
  const unsetAuthorizations = Object.keys(was).filter((client) => !(client in now))
  const { model, id, accountId } = row
  // A moment that was reckoned anew from the same end differs by parts of a second.
  const expiresAt = payload.exp === before.exp ? null : row.expiresAt
  return { model, id, accountId, expiresAt, set, unset, setAuthorizations, unsetAuthorizations }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
