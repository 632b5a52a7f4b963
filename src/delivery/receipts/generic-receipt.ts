import { z } from 'zod'
import { isEmail } from '../../base/index.ts'
import type { Receipt } from '../receipt.ts'
import { addressOf, receiptIdOf } from './receipt-fields.ts'
import { parsed } from './sns-envelope.ts'

const shape = z.object({
  id: z.unknown().optional(),
  address: z.unknown().optional(),
  status: z.enum(['delivered', 'failed']),
  reason: z.string().max(100).nullish(),
})
const REASONS = ['bounced', 'complained', 'opted_out', 'unreachable'] as const

/**
 * Reads `{id | address, status: "delivered" | "failed", reason}`. `id` is what the route called the message; without an
 * address it is a text. A reason other than bounced, complained, opted_out and unreachable passes. Null: no receipt.
 */
export function readGenericReceipt(body: string): Receipt | null {
  const read = shape.safeParse(parsed(body))
  if (!read.success) return null
  const { status, reason } = read.data
  const receiptId = receiptIdOf(read.data.id)
  const address = addressOf(read.data.address)
  if (receiptId === null && address === null) return null
  const about = { channel: address !== null && isEmail(address) ? ('email' as const) : ('sms' as const), receiptId, address }
  if (status === 'delivered') return { ...about, outcome: 'delivered' }
  const lasting = REASONS.find((known) => known === reason) ?? null
  const gone = lasting === 'bounced' || lasting === 'unreachable'
  return { ...about, outcome: 'failed', reason: lasting, lasting: lasting !== null, ...(gone && { gone }) }
}
