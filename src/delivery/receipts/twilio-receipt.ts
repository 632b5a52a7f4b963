import { createHmac } from 'node:crypto'
import { sameText } from '../../base/index.ts'
import type { Receipt } from '../receipt.ts'
import { numberOf, receiptIdOf } from './receipt-fields.ts'

const OPTED_OUT = ['21610']
const GONE = ['21211', '21217', '21614', '30005']
/** It takes no texts from us: it may still be somebody's. */
const UNREACHABLE = ['21214', '30006']
/** A phone that is switched off or has no net: this text does not arrive, the next one may. */
const UNREACHABLE_NOW = ['30003']
/** Twilio sends some twenty. */
const PARAMETERS_MAX = 100

/**
 * Whether Twilio signed a form: HMAC-SHA-1 with the account's token over the address that Twilio was given and every
 * parameter in order of its name. Twilio writes the port of an address, or does not. Anybody may ask: what has no
 * signature, or more parameters than Twilio sends, is neither read nor sorted.
 */
export function isSignedByTwilio(request: { url: string; body: string; signature: string; authToken: string }): boolean {
  if (request.signature === '' || request.body.split('&', PARAMETERS_MAX + 1).length > PARAMETERS_MAX) return false
  const form = [...new URLSearchParams(request.body)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const said = form.map(([name, value]) => name + value).join('')
  return [...new Set([request.url, withPort(request.url), withoutPort(request.url)])].some((url) => {
    const expected = createHmac('sha1', request.authToken)
      .update(url + said, 'utf8')
      .digest('base64')
    return sameText(expected, request.signature)
  })
}

/** The receipt in a status callback; null in one that says nothing of the end. Undefined: it is no status callback. */
export function twilioReceipt(body: string): Receipt | null | undefined {
  const form = new URLSearchParams(body)
  const receiptId = receiptIdOf(form.get('MessageSid'))
  const status = form.get('MessageStatus')
  if (receiptId === null || status === null) return undefined
  const about = { channel: 'sms' as const, receiptId, address: numberOf(form.get('To')) }
  if (status === 'delivered' || status === 'read') return { ...about, outcome: 'delivered' }
  if (status !== 'undelivered' && status !== 'failed') return null
  const code = form.get('ErrorCode') ?? ''
  if (OPTED_OUT.includes(code)) return { ...about, outcome: 'failed', reason: 'opted_out', lasting: true }
  if (GONE.includes(code)) return { ...about, outcome: 'failed', reason: 'unreachable', lasting: true, gone: true }
  if (UNREACHABLE.includes(code)) return { ...about, outcome: 'failed', reason: 'unreachable', lasting: true }
  const reason = UNREACHABLE_NOW.includes(code) ? 'unreachable' : null
  return { ...about, outcome: 'failed', reason, lasting: false }
}

function withPort(text: string): string {
  const url = new URL(text)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return `${url.protocol}//${url.hostname}:${port}${url.pathname}${url.search}`
}

function withoutPort(text: string): string {
  const url = new URL(text)
  return `${url.protocol}//${url.hostname}${url.pathname}${url.search}`
}
