import type { Log } from '../../base/index.ts'
import type { OutgoingText, TextRoute } from '../route.ts'
import { membersOf, nameOf, type Posted, postOnce, readProviderUrl } from './http-post.ts'
import { commonVerdict, notThisOne, refused, refusedAsGone, type TextVerdict, told, unanswered } from './text-verdict.ts'

const DEADLINE_SECONDS = 15
const NAME = 'twilio'
/** Codes of Twilio's error dictionary. 21612 is not among them: it is said of a `From` that cannot reach the number as well. */
const OPTED_OUT = [21610]
const GONE = [21211, 21217, 21614, 30005]
/** It takes no texts from us: it may still be somebody's. */
const UNREACHABLE = [21214, 30006]
/** A phone that is switched off or has no net: the next text may arrive. */
const UNREACHABLE_NOW = 30003
/** Wrong credentials, and too many requests: about us, not about a number. */
const ABOUT_US = [401, 429]
const MESSAGING_SERVICE = /^MG[0-9a-f]{32}$/

export interface TwilioDeps {
  /** `https://api.twilio.com`, or another address of the same interface. */
  url: string
  accountSid: string
  authToken: string
  /** A number, a sender's name, or a messaging service (`MG…`). */
  from: string
  /** Where Twilio reports what became of a text; null: nowhere. */
  receiptsUrl: string | null
  log: Log
  deadlineSeconds?: number
}

/** A route over Twilio's Messages resource (2010-04-01). Throws when the address is not right. */
export function createTwilioRoute(deps: TwilioDeps): TextRoute {
  const deadlineSeconds = deps.deadlineSeconds ?? DEADLINE_SECONDS
  const base = readProviderUrl('TWILIO_URL', deps.url)
  const url = new URL(`/2010-04-01/Accounts/${encodeURIComponent(deps.accountSid)}/Messages.json`, base)
  const authorization = `Basic ${Buffer.from(`${deps.accountSid}:${deps.authToken}`).toString('base64')}`

  async function send(text: OutgoingText) {
    const body = new URLSearchParams({
      To: text.to,
      Body: text.text,
      [MESSAGING_SERVICE.test(deps.from) ? 'MessagingServiceSid' : 'From']: deps.from,
      ...(deps.receiptsUrl !== null && { StatusCallback: deps.receiptsUrl }),
    }).toString()
    const headers = { authorization, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
    const posted = await postOnce(url, { headers, body, deadlineSeconds })
    const verdict = codeVerdict(posted) ?? commonVerdict(posted) ?? statusVerdict(posted)
    return told(deps.log, NAME, text, verdict)
  }

  return { name: NAME, deadlineSeconds, send, close: async () => {} }
}

// The code says more than the status: 403 is wrong credentials, or a country that the account may not send to.
function codeVerdict(posted: Posted): TextVerdict | null {
  if (posted.outcome !== 'answered' || posted.status < 400 || posted.status >= 500) return null
  const { code } = membersOf(posted.text)
  if (typeof code !== 'number' || ABOUT_US.includes(posted.status)) return null
  if (OPTED_OUT.includes(code)) return refused('opted_out')
  if (GONE.includes(code)) return refusedAsGone()
  if (code === UNREACHABLE_NOW) return { kind: 'deferred', reason: `twilio_${code}`, recipientOnly: true }
  return UNREACHABLE.includes(code) ? refused('unreachable') : notThisOne(`twilio_${code}`)
}

function statusVerdict(posted: Posted): TextVerdict {
  if (posted.outcome !== 'answered') return unanswered
  if (posted.status >= 300) return notThisOne(`http_${posted.status}`)
  const receiptId = nameOf(membersOf(posted.text).sid)
  return { kind: 'accepted', ...(receiptId && { receiptId }) }
}
