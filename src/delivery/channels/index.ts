// delivery/channels: how a message leaves the house. It owns SMTP, Amazon SNS, Twilio, the signed webhook and the
// trial inbox; nothing else imports nodemailer or the AWS SDK. It does not own tries, back-off, failover or the record
// of a message: see delivery. No table, no route. Specs: RFC 5321, RFC 3207 (STARTTLS), RFC 8314 (implicit TLS),
// RFC 3834, Amazon SNS Publish, Twilio Messages resource, Standard Webhooks.
export { createInbox, type Inbox } from './inbox.ts'
export { createSmtpRoute, createSmtpRoutes } from './smtp.ts'
export { createSnsRoute } from './sns.ts'
export { createTwilioRoute } from './twilio.ts'
export { createWebhookRoute } from './webhook.ts'
