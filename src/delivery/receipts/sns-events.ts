import { z } from 'zod'
import type { Receipt } from '../receipt.ts'
import type { SuppressionReason } from '../store.ts'
import { emailOf, numberOf, receiptIdOf } from './receipt-fields.ts'
import { parsed } from './sns-envelope.ts'

const people = z.array(z.object({ emailAddress: z.unknown().optional() })).max(50)
const mail = z.object({ messageId: z.unknown().optional() })
// Amazon SES calls the kind notificationType in notifications and eventType in events.
const sesEvents = z.union([
  z.object({
    kind: z.literal('Bounce'),
    mail,
    bounce: z.object({ bounceType: z.string(), bounceSubType: z.string().nullish(), bouncedRecipients: people }),
  }),
  z.object({ kind: z.literal('Complaint'), mail, complaint: z.object({ complainedRecipients: people }) }),
  z.object({ kind: z.literal('Delivery'), mail, delivery: z.object({ recipients: z.array(z.unknown()).max(50) }) }),
])
const textEvent = z.object({
  eventType: z.string().startsWith('TEXT_'),
  messageId: z.unknown().optional(),
  destinationPhoneNumber: z.unknown().optional(),
})

type Said = { outcome: 'delivered' } | { outcome: 'failed'; reason: SuppressionReason | null; lasting: boolean; gone?: true }

/** What SES itself does not send to: often because somebody once complained, who still has the address. */
const NOT_SENT = ['Suppressed', 'OnAccountSuppressionList', 'UnsubscribedRecipient']

/**
 * What AWS End User Messaging says of a text. TEXT_SUCCESSFUL is missing: the carrier took it, the phone may not have.
 * A phone that is switched off is not remembered, and neither is what a carrier thinks of a message's words.
 */
const TEXT_EVENTS: Readonly<Record<string, Said>> = {
  TEXT_DELIVERED: { outcome: 'delivered' },
  TEXT_INVALID: { ...failed('unreachable', true), gone: true },
  TEXT_BLOCKED: failed('unreachable', true),
  TEXT_UNREACHABLE: failed('unreachable', false),
  TEXT_CARRIER_UNREACHABLE: failed(null, false),
  TEXT_CARRIER_BLOCKED: failed(null, false),
  TEXT_SPAM: failed(null, false),
  TEXT_INVALID_MESSAGE: failed(null, false),
  TEXT_TTL_EXPIRED: failed(null, false),
}

/** The receipts in a notification's message: of Amazon SES, and of AWS End User Messaging. Anything else holds none. */
export function receiptsOf(message: string): Receipt[] {
  const value = parsed(message)
  return [...sesReceipts(value), ...textReceipts(value)]
}

function sesReceipts(value: unknown): Receipt[] {
  if (typeof value !== 'object' || value === null) return []
  const { notificationType, eventType } = value as { notificationType?: unknown; eventType?: unknown }
  const read = sesEvents.safeParse({ ...value, kind: notificationType ?? eventType })
  if (!read.success) return []
  const event = read.data
  const receipts = (addresses: unknown[], said: Said): Receipt[] =>
    addresses.map((address) => ({
      channel: 'email',
      receiptId: receiptIdOf(event.mail.messageId),
      address: emailOf(address),
      ...said,
    }))
  if (event.kind === 'Delivery') return receipts(event.delivery.recipients, { outcome: 'delivered' })
  if (event.kind === 'Complaint') return receipts(addressesOf(event.complaint.complainedRecipients), failed('complained', true))
  const said = bounceSaid(event.bounce)
  return said ? receipts(addressesOf(event.bounce.bouncedRecipients), said) : []
}

// A general transient bounce is often the answer of somebody on holiday: their mail arrived.
function bounceSaid({
  bounceType,
  bounceSubType,
}: {
  bounceType: string
  bounceSubType?: string | null | undefined
}): Said | null {
  if (bounceType === 'Permanent') {
    const said = failed('bounced', true)
    return NOT_SENT.includes(bounceSubType ?? '') ? said : { ...said, gone: true }
  }
  return bounceType === 'Transient' && bounceSubType && bounceSubType !== 'General' ? failed(null, false) : null
}

function addressesOf(recipients: z.infer<typeof people>): unknown[] {
  return recipients.map(({ emailAddress }) => emailAddress)
}

function textReceipts(value: unknown): Receipt[] {
  const read = textEvent.safeParse(value)
  const said = read.success && Object.hasOwn(TEXT_EVENTS, read.data.eventType) ? TEXT_EVENTS[read.data.eventType] : undefined
  if (!read.success || !said) return []
  const { messageId, destinationPhoneNumber } = read.data
  return [{ channel: 'sms', receiptId: receiptIdOf(messageId), address: numberOf(destinationPhoneNumber), ...said }]
}

function failed(reason: SuppressionReason | null, lasting: boolean) {
  return { outcome: 'failed' as const, reason, lasting }
}
