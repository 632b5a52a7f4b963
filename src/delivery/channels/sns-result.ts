import { connectFault } from './connect-fault.ts'
import { deferred, failedInside, notThisOne, refused, type TextVerdict, unanswered } from './text-verdict.ts'

// What the AWS SDK tells about a failed request, as far as it is read here.
interface SnsFault {
  name?: unknown
  code?: unknown
  message?: unknown
  cause?: unknown
  $metadata?: { httpStatusCode?: unknown }
}

const THROTTLED = /Throttl|TooManyRequests|RequestLimit|SlowDown/i
const AUTH = /Authoriz|AccessDenied|InvalidClientTokenId|Signature|UnrecognizedClient|ExpiredToken|InvalidSecurity|MissingAuth/i
const SPEND = /spend ?limit|LimitExceeded|quota/i

/**
 * Puts a failed Publish into a class. `begun`: the request may have left. Of an answer only its name and, where SNS
 * says no more by name, the words that tell a person's opting out and a number's fault from ours.
 */
export function snsVerdict(error: unknown, begun: boolean): TextVerdict {
  const fault: SnsFault = typeof error === 'object' && error !== null ? error : {}
  const name = String(fault.name ?? '')
  const status = fault.$metadata?.httpStatusCode
  if (!begun) return deferred(/Credential/.test(name) ? 'credentials' : 'not_ready', true)
  if (typeof status !== 'number') return unansweredVerdict(fault)
  return answeredVerdict(name, String(fault.message ?? ''), status)
}

function unansweredVerdict(fault: SnsFault): TextVerdict {
  const never = connectFault(fault) ?? connectFault(fault.cause)
  if (never) return deferred(never.reason, never.operator)
  return /did not establish a connection/.test(String(fault.message)) ? deferred('timeout') : unanswered
}

function answeredVerdict(name: string, message: string, status: number): TextVerdict {
  // An answer that could not be read.
  if (status < 400) return unanswered
  if (/OptedOut/i.test(name) || (/InvalidParameter/.test(name) && /opted[ -]?out/i.test(message))) return refused('opted_out')
  if (/InvalidParameter/.test(name)) {
    return /phone ?number/i.test(message) ? refused('unreachable') : notThisOne('invalid_parameter')
  }
  if (THROTTLED.test(name) || status === 429) return deferred('throttled')
  // ServiceUnavailable. InternalError (500) leaves open whether the text was taken, as every other 5xx does.
  if (status === 503) return deferred('http_503')
  if (status >= 500) return failedInside(status)
  if (SPEND.test(name) || SPEND.test(message)) return deferred('spend_limit', true)
  if (AUTH.test(name) || status === 403) return deferred('auth', true)
  return notThisOne(`http_${status}`)
}
