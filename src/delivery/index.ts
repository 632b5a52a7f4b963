// delivery: gets messages to people. It owns the life of a message (queued, sending, handed over, deferred,
// refused, expired), tries and back-off, the routes and their failover. It does not own the words (text), what
// a mail's link and code are (handed in as `compose`), nor how a route talks (channels/).
// Table: delivery. Job: `deliver`. Specs: RFC 5321 (replies, §4.2), RFC 5322 (Message-ID), RFC 3834
// (Auto-Submitted). Requirements, F-19, F-28 to F-32.
export {
  type ComposedMail,
  createDelivery,
  DELIVER_TASK,
  type Delivery,
  type DeliveryDeps,
} from './delivery.ts'
export type { InboxMail, MailRoute, OutgoingMail } from './route.ts'
export type { DeliveryStore, DueDelivery, NewestDelivery } from './store.ts'
