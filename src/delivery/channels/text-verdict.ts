import type { Log } from '../../base/index.ts'
import { type OutgoingText, type RefusedForGood, type SendResult, UNANSWERED } from '../route.ts'
import type { Posted } from './http-post.ts'

/**
 * `operator`: nothing a person could mend; the service's own set-up, or its contract, is at fault. `status`: of an
 * answer that leaves open whether the text was taken, for the log.
 */
export type TextVerdict = SendResult & { operator?: boolean; status?: number }

/** No answer came, or none that says: it may have been taken, and goes to no other route. */
export const unanswered: TextVerdict = { kind: 'deferred', reason: UNANSWERED }

/** The provider, or somebody in between, failed while it held the text: it may have been taken. */
export function failedInside(status: number): TextVerdict {
  return { ...unanswered, status }
}

/** The provider says of this number that it takes no text. */
export function refused(reason: RefusedForGood): TextVerdict {
  return { kind: 'refused', reason }
}

/** Never, and it is sure that nobody has this number: the provider says so in words that leave nothing else open. */
export function refusedAsGone(): TextVerdict {
  return { kind: 'refused', reason: 'unreachable', gone: true }
}

/** Not taken, for certain: another route may be asked. `operator`: only whoever runs this can mend it. */
export function deferred(reason: string, operator = false): TextVerdict {
  return { kind: 'deferred', reason, operator }
}

/** The provider does not take this text, and perhaps others: our set-up may be at fault, yet it may lie in the number. */
export function notThisOne(reason: string): TextVerdict {
  return { kind: 'deferred', reason, operator: true, recipientOnly: true }
}

/**
 * What a request means that was not answered in a way of the provider's own: null when that is for the provider to
 * read. 429 and 503 say that the text was not taken (RFC 6585 §4, RFC 9110 §15.6.4). No other 5xx does: a provider may
 * fail after it took the text, and somebody in between may have stopped waiting for it.
 */
export function commonVerdict(posted: Posted): TextVerdict | null {
  if (posted.outcome === UNANSWERED) return unanswered
  if (posted.outcome === 'not_sent') return deferred(posted.reason, posted.operator)
  const { status } = posted
  if (status === 429 || status === 503) return deferred(`http_${status}`)
  if (status >= 500) return failedInside(status)
  if (status === 401 || status === 403) return deferred(`auth_${status}`, true)
  return status >= 300 && status < 400 ? deferred(`http_${status}`, true) : null
}

/** Logs what a route was told, without number and words, and answers the result alone. */
export function told(log: Log, route: string, text: OutgoingText, verdict: TextVerdict): SendResult {
  const { operator = false, status, ...result } = verdict
  if (result.kind === 'accepted') return result
  const line = { deliveryId: text.id, route, reason: result.reason, ...(status !== undefined && { status }) }
  if (operator) log.error(line, 'the text route does not take our texts: check its settings and its account')
  else log.warn(line, 'the text route did not take a text')
  return result
}
