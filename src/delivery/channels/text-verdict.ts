import type { Log } from '../../base/index.ts'
import { type OutgoingText, type RefusedForGood, type SendResult, UNANSWERED } from '../route.ts'
import type { Posted } from './http-post.ts'

/** `operator`: nothing a person could mend; the service's own set-up, or its contract, is at fault. */
export type TextVerdict = SendResult & { operator?: boolean }

export const unanswered: TextVerdict = { kind: 'deferred', reason: UNANSWERED }

export function refused(reason: RefusedForGood): TextVerdict {
  return { kind: 'refused', reason }
}

export function deferred(reason: string, operator = false): TextVerdict {
  return { kind: 'deferred', reason, operator }
}

/** The provider does not take this text, and perhaps others: our set-up may be at fault, yet it may lie in the number. */
export function notThisOne(reason: string): TextVerdict {
  return { kind: 'deferred', reason, operator: true, recipientOnly: true }
}

/**
 * What a request means that was not answered in a way of the provider's own: null when that is for the provider to
 * read. 504 says that somebody in between stopped waiting, so the message may have been taken.
 */
export function commonVerdict(posted: Posted): TextVerdict | null {
  if (posted.outcome === UNANSWERED) return unanswered
  if (posted.outcome === 'not_sent') return deferred(posted.reason, posted.operator)
  const { status } = posted
  if (status === 504) return unanswered
  if (status === 429 || status >= 500) return deferred(`http_${status}`)
  if (status === 401 || status === 403) return deferred(`auth_${status}`, true)
  return status >= 300 && status < 400 ? deferred(`http_${status}`, true) : null
}

/** Logs what a route was told, without number and words, and answers the result alone. */
export function told(log: Log, route: string, text: OutgoingText, verdict: TextVerdict): SendResult {
  const { operator = false, ...result } = verdict
  if (result.kind === 'accepted') return result
  const line = { deliveryId: text.id, route, reason: result.reason }
  if (operator) log.error(line, 'the text route does not take our texts: check its settings and its account')
  else log.warn(line, 'the text route did not take a text')
  return result
}
