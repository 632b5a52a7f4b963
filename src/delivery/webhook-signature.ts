import { Webhook } from 'standardwebhooks'
import { sameText } from '../base/index.ts'

const TOLERANCE_SECONDS = 300
/** One for each secret while secrets change. */
const SIGNATURES_MAX = 10

/** Signatures of the Standard Webhooks specification (1.0.0), version v1: HMAC-SHA-256 over id, time and body. */
export interface WebhookSignature {
  /** The headers of a signed request. */
  headers(id: string, at: Date, body: string): Record<string, string>
  /** Whether somebody who knows the secret signed this body within five minutes of `now`. */
  fits(headers: { id: string; timestamp: string; signature: string }, body: string, now: Date): boolean
}

/** `secret` is `whsec_` and base64, or any other text, which is then taken as it is. Throws when it is no base64. */
export function createWebhookSignature(secret: string): WebhookSignature {
  const webhook = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret, 'utf8'), { format: 'raw' })

  function fits({ id, timestamp, signature }: { id: string; timestamp: string; signature: string }, body: string, now: Date) {
    if (!id || !signature || !/^\d{1,12}$/.test(timestamp)) return false
    const at = new Date(Number(timestamp) * 1000)
    if (Math.abs(now.getTime() - at.getTime()) > TOLERANCE_SECONDS * 1000) return false
    const expected = webhook.sign(id, at, body)
    return signature.split(' ', SIGNATURES_MAX).some((one) => sameText(one, expected))
  }

  return {
    headers: (id, at, body) => ({
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': webhook.sign(id, at, body),
    }),
    fits,
  }
}
