// delivery/channels: how a mail leaves the house. It owns SMTP and the trial inbox; nothing else imports
// nodemailer. It does not own tries, back-off or the record of a message: see delivery.
// No table, no route. Specs: RFC 5321, RFC 3207 (STARTTLS), RFC 8314 (implicit TLS), RFC 3834.
export { createInbox, type Inbox } from './inbox.ts'
export { createSmtpRoute } from './smtp.ts'
