import { type SendResult, UNANSWERED } from '../route.ts'
import { TLS_FAULT } from './connect-fault.ts'

// What nodemailer tells about a failed mail, as far as it is read here.
interface SmtpFault {
  code?: unknown
  originalCode?: unknown
  command?: unknown
  response?: unknown
  responseCode?: unknown
}

/** `operator`: nothing a person could mend; the service's own set-up is at fault. */
export type SmtpVerdict = Exclude<SendResult, { kind: 'accepted' }> & { operator: boolean }

// RFC 4954 §6 and RFC 3207 §4: authentication or encryption is missing or wrong.
const AUTH_REPLIES = [530, 534, 535, 538]
const CONNECT_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect_refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'timeout',
}

/**
 * Puts a failed try into a class. `bodySent`: the whole mail had left us; without a reply it may have arrived.
 * A reply of the 5xx kind is about the recipient only after RCPT TO or the mail itself (RFC 5321 §4.2.1), and
 * not when its enhanced code speaks of the sender or of authentication (RFC 3463 §3.2, §3.8).
 */
export function smtpVerdict(error: unknown, bodySent: boolean): SmtpVerdict {
  const fault: SmtpFault = typeof error === 'object' && error !== null ? error : {}
  const reply = typeof fault.responseCode === 'number' ? fault.responseCode : null
  if (fault.code === 'ETLS' || TLS_FAULT.test(String(fault.originalCode ?? ''))) return deferred('tls', true)
  if (reply !== null) return repliedVerdict(reply, fault)
  if (fault.code === 'EAUTH' || fault.code === 'ENOAUTH') return deferred('auth', true)
  if (bodySent) return deferred(UNANSWERED)
  if (fault.code === 'EDNS') return deferred('dns', true)
  if (fault.code === 'ETIMEDOUT' || fault.code === 'EABORT') return deferred('timeout')
  if (fault.code === 'EMESSAGE') return deferred('too_large', true)
  const known = CONNECT_FAULTS[String(fault.originalCode ?? fault.code)]
  if (known) return deferred(known)
  return fault.code === 'ECONNECTION' ? deferred('closed') : deferred('protocol')
}

function repliedVerdict(reply: number, fault: SmtpFault): SmtpVerdict {
  const command = String(fault.command ?? '')
  if (AUTH_REPLIES.includes(reply) || command.startsWith('AUTH')) return deferred(`auth_${reply}`, true)
  const aboutRecipient = command === 'RCPT TO' || command === 'DATA'
  // A recipient who is greylisted or whose mailbox is full (RFC 5321 §4.2.3).
  if (aboutRecipient && reply >= 450 && reply <= 452) return { ...deferred(`smtp_${reply}`), recipientOnly: true }
  if (reply < 500 || reply > 599 || reply === 503) return deferred(`smtp_${reply}`)
  if (command === 'MAIL FROM') return deferred(`sender_${reply}`, true)
  if (!aboutRecipient) return deferred(`smtp_${reply}`, true)
  if (aboutSender(String(fault.response ?? ''))) return deferred(`sender_${reply}`, true)
  return { kind: 'refused', reason: `smtp_${reply}`, operator: false }
}

// X.1.7 and X.1.8: the sender's address; X.7.0 and X.7.1: policy, such as a relay that does not know us.
function aboutSender(response: string): boolean {
  return /^5\d\d[ -]5\.(?:1\.[78]|7\.[01])\b/.test(response)
}

function deferred(reason: string, operator = false): Extract<SmtpVerdict, { kind: 'deferred' }> {
  return { kind: 'deferred', reason, operator }
}
