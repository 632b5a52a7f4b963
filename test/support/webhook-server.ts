import { createHmac } from 'node:crypto'
import { codeIn, startTextServer, type TextServer } from './text-server.ts'

/** 24 bytes of key, as the Standard Webhooks specification writes them. */
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** A service of the operator's own, on loopback, with its signature checked (Standard Webhooks, v1). */
export async function startWebhookServer(): Promise<TextServer> {
  return startTextServer({
    read: ({ method, headers, body }, number) => {
      const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
      const expected = webhookHeaders(String(id), Number(timestamp), body)['webhook-signature']
      if (method !== 'POST' || headers['content-type'] !== 'application/json' || signature !== expected) return null
      const asked = JSON.parse(body) as Record<string, string>
      if (asked.id !== id || !asked.to || !asked.text) return null
      return { to: asked.to, text: asked.text, code: codeIn(asked.text), id: `own-${number}`, asked }
    },
    taken: ({ id }) => ({ status: 202, type: 'application/json', body: JSON.stringify({ id }) }),
    refused: ({ status, code }) => ({ status, type: 'application/json', body: JSON.stringify({ error: code }) }),
  })
}

/** The headers of a signed request, computed without the library that the service uses. */
export function webhookHeaders(id: string, atSeconds: number, body: string, secret = WEBHOOK_SECRET): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${atSeconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(atSeconds), 'webhook-signature': `v1,${signature}` }
}
