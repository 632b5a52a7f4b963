import type { EmailAddress } from '../base/index.ts'

/** Who a mail comes from. The address is what the operator wrote in `MAIL_FROM`, checked by the settings. */
export interface Sender {
  name: string
  address: string
}

/** Link and code as they stand in the mail. Only the trial inbox reads them; no other route looks. */
export interface MailFacts {
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
  facts?: MailFacts
}

/**
 * What the next server said. `accepted`: it has taken the mail over. `deferred`: not now. `refused`: never,
 * for this recipient. `reason` is a class such as `smtp_421`, `dns` or `timeout`: never the server's words.
 */
export type SendResult = { kind: 'accepted' } | { kind: 'deferred'; reason: string } | { kind: 'refused'; reason: string }

/**
 * The whole mail was sent and no answer came: the server may have taken it or not. Such a mail is sent once
 * more and not again, so that nobody gets more than one duplicate.
 */
export const UNANSWERED = 'unanswered'

/** A way to hand mails over. `send` never throws and settles within `deadlineSeconds`. */
export interface MailRoute {
  name: string
  deadlineSeconds: number
  send(mail: OutgoingMail): Promise<SendResult>
  /** Throws when the next server cannot be reached or does not take our credentials. Sends nothing. */
  check?(): Promise<void>
  /** Ends idle connections; those in the middle of a mail finish it first. */
  close(): Promise<void>
}

/** A mail as the trial inbox shows it. */
export interface InboxMail {
  id: string
  to: string
  subject: string
  text: string
  html: string
  locale: string
  at: Date
  code: string | null
  link: string | null
}
