import type { Log } from '../../base/index.ts'
import { createWebhookSignature } from '../index.ts'
import type { OutgoingText, TextRoute } from '../route.ts'
import { membersOf, nameOf, postOnce, readProviderUrl } from './http-post.ts'
import { commonVerdict, notThisOne, refused, refusedAsGone, type TextVerdict, told } from './text-verdict.ts'

const DEADLINE_SECONDS = 15
const NAME = 'webhook'
const GONE = 410
const NEVER = 422

export interface WebhookDeps {
  url: string
  secret: string
  log: Log
  deadlineSeconds?: number
}

/**
 * A route to a service of the operator's own: POST of `{id, to, text, locale, at}`, signed by Standard Webhooks, with
 * the delivery's id as `webhook-id`. 2xx: taken, and `id` of the answer is what receipts will name (else ours). 410 and
 * 422: never to this number, `{"error": "opted_out"}` says why; 410 without it: nobody has the number any more. Throws
 * when the address or the secret is not right.
 */
export function createWebhookRoute(deps: WebhookDeps): TextRoute {
  const deadlineSeconds = deps.deadlineSeconds ?? DEADLINE_SECONDS
  const url = readProviderUrl('SMS_WEBHOOK_URL', deps.url)
  const signature = createWebhookSignature(deps.secret)

  async function send(text: OutgoingText) {
    const { id, to, locale, at } = text
    const body = JSON.stringify({ id, to, text: text.text, locale, at: at.toISOString() })
    const headers = { ...signature.headers(id, at, body), accept: 'application/json', 'content-type': 'application/json' }
    const posted = await postOnce(url, { headers, body, deadlineSeconds })
    const answer = posted.outcome === 'answered' ? membersOf(posted.text) : {}
    const verdict = commonVerdict(posted) ?? verdictOf(posted.outcome === 'answered' ? posted.status : 0, answer, id)
    return told(deps.log, NAME, text, verdict)
  }

  return { name: NAME, deadlineSeconds, send, close: async () => {} }
}

function verdictOf(status: number, answer: Readonly<Record<string, unknown>>, ownId: string): TextVerdict {
  if (status < 300) return { kind: 'accepted', receiptId: nameOf(answer.id) ?? ownId }
  if (status !== GONE && status !== NEVER) return notThisOne(`http_${status}`)
  if (answer.error === 'opted_out') return refused('opted_out')
  return status === GONE ? refusedAsGone() : refused('unreachable')
}
