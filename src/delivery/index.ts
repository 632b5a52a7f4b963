// delivery: gets messages to people, by mail and by text. It owns the life of a message (queued, sending, handed over,
// deferred, refused, expired), tries and back-off, the routes, their breakers and their failover, receipts, and the
// memory of addresses that take no messages. It does not own the words (text), what a message's link and code are
// (handed in as `compose`), the money of texts (handed in as `spend`), nor how a route talks (channels/).
// Tables: delivery, suppression. Job: `deliver`. Specs: RFC 5321 (replies, §4.2), RFC 5322 (Message-ID), RFC 3834
// (Auto-Submitted), Standard Webhooks, signatures of Amazon SNS and Twilio. Requirements,
// R-164, F-19, F-28 to F-33.
export {
  type Composed,
  type ComposedMail,
  type ComposedText,
  createDelivery,
  DELIVER_TASK,
  type Delivery,
  type DeliveryDeps,
  type MessageOrder,
} from './delivery.ts'
export { isLoopback } from './loopback.ts'
export { messageView } from './message-view.ts'
export type { MessageFilter, MessageReaderStore, MessageRow } from './messages.ts'
export type { Receipt } from './receipt.ts'
export { createReceiptDesk, type ReceiptDesk, type ReceiptDeskDeps, type Received } from './receipts/desk.ts'
export type { InboxMessage, MailRoute, OutgoingMail, OutgoingText, TextRoute } from './route.ts'
export type { Spend } from './spend.ts'
export type {
  DeliveryState,
  DeliveryStore,
  DueDelivery,
  NewestDelivery,
  ReceiptedDelivery,
  SuppressionReason,
  SuppressionStore,
} from './store.ts'
export { createWebhookSignature } from './webhook-signature.ts'
