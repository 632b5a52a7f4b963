import type { EmailAddress, PhoneNumber } from '../base/index.ts'
import type { Channel } from '../text/index.ts'

/** Who a mail comes from. The address is what the operator wrote in `MAIL_FROM`, checked by the settings. */
export interface Sender {
  name: string
  address: string
}

/** Link and code as they stand in the message. Only the trial inbox reads them; no other route looks. */
export interface MessageFacts {
  code: string | null
  link: string | null
}

/** One mail, ready to go. Every text in it is ours: nothing that a stranger typed except the address. */
export interface OutgoingMail {
  from: Sender
  to: EmailAddress
  subject: string
  text: string
  html: string
  /** Language of the text (BCP 47). */
  locale: string
  /** The same for every try of one delivery, so that a server may drop a duplicate (RFC 5322 §3.6.4). */
  messageId: string
  date: Date
  facts?: MessageFacts
}

/** One text message, ready to go. */
export interface OutgoingText {
  /** Of the delivery: the same for every try. */
  id: string
  to: PhoneNumber
  text: string
  /** Language of the text (BCP 47). */
  locale: string
  at: Date
  facts?: MessageFacts
}

/** Why an address takes no message from a route, for good. Both are remembered. */
export type RefusedForGood = 'opted_out' | 'unreachable'

/**
 * What the next server said. `accepted`: it has taken the message over; `receiptId` is its own name for it, by which
 * receipts speak of it. `deferred`: not now; with `recipientOnly` the route answers well and the fault may lie in this
 * recipient. `refused`: never, for this recipient; with `gone` it is sure that nobody is there any more. `reason` is a class such as `smtp_421`, `dns` or `opted_out`: never the
 * server's words.
 */
export type SendResult =
  | { kind: 'accepted'; receiptId?: string }
  | { kind: 'deferred'; reason: string; recipientOnly?: true }
  | { kind: 'refused'; reason: string; gone?: true }

/**
 * The whole message was sent and no answer came: the server may have taken it or not. A mail is then sent once more
 * and not again, so that nobody gets more than one duplicate; a text, which costs money, is not sent again.
 */
export const UNANSWERED = 'unanswered'

/** A way to hand messages over. `send` never throws and settles within `deadlineSeconds`. */
export interface Route<M> {
  /** Stands in metrics, in the trail and with the message. */
  name: string
  deadlineSeconds: number
  send(message: M): Promise<SendResult>
  /** Throws when the next server cannot be reached or does not take our credentials. Sends nothing. */
  check?(): Promise<void>
  /** Ends idle connections; those in the middle of a message finish it first. */
  close(): Promise<void>
}

export type MailRoute = Route<OutgoingMail>
export type TextRoute = Route<OutgoingText>

/** A mail or a text as the trial inbox keeps it. `subject` and `html` are null for a text. */
export interface InboxMessage {
  id: string
  channel: Channel
  to: string
  subject: string | null
  text: string
  html: string | null
  locale: string
  at: Date
  code: string | null
  link: string | null
}
