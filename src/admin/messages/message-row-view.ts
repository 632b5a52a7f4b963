import type { z } from 'zod'
import { type Address, parseEmailAddress, parsePhoneNumber } from '../../base/index.ts'
import type { MessageRow } from '../../delivery/index.ts'
import { AdminFault } from '../fault.ts'
import type { messageView } from '../specs/messages.ts'

/** A message as operations answer it. */
export function messageRowView(row: MessageRow): z.input<typeof messageView> {
  const waits = row.state === 'queued' || row.state === 'deferred'
  return {
    message_id: row.id,
    channel: row.channel,
    message: row.message,
    to: row.target,
    state: row.state,
    reason: row.reason,
    tries: row.tries,
    route: row.route,
    created_at: row.createdAt.toISOString(),
    handed_over_at: row.handedAt?.toISOString() ?? null,
    delivered_at: row.deliveredAt?.toISOString() ?? null,
    next_try_at: waits ? row.dueAt.toISOString() : null,
    can_retry: row.mayGoAgain,
  }
}

/** The key of a cursor behind a message. */
export function keyOfMessage({ createdAt, id }: MessageRow): string[] {
  return [createdAt.toISOString(), id]
}

/** Where a page begins; the key was signed. */
export function markOfMessage([at = '', id = '']: readonly string[]): { at: Date; id: string } {
  return { at: new Date(at), id }
}

/** An address in full, by mail or by phone; anything else is a fault of `field`. */
export function addressOf(text: string, field: string): Address {
  const email = parseEmailAddress(text)
  if (email) return email
  const phone = parsePhoneNumber(text, null)
  if (phone.outcome === 'fit') return phone.number
  throw new AdminFault('invalid_input', 'This is no address.', [
    { field, words: 'is neither an email address nor a mobile number with its country code' },
  ])
}
