import type { Audit } from '../audit/index.ts'
import {
  type Address,
  addSeconds,
  type Clock,
  type EmailAddress,
  type Log,
  type Metrics,
  newId,
  type PhoneNumber,
  type Transact,
  type Tx,
} from '../base/index.ts'
import type { Channel, MailName, MessageView, SmsName } from '../text/index.ts'
import { createHolder, firstTry, HELD_SECONDS } from './held.ts'
import { messageView } from './message-view.ts'
import { createDeliveryMetrics } from './metrics.ts'
import { createOutcomes, NO_ROUTE, OBSOLETE } from './outcome.ts'
import { createReceiptTaker, type Receipt } from './receipt.ts'
import {
  type MailRoute,
  type MessageFacts,
  type OutgoingMail,
  type OutgoingText,
  type Sender,
  type TextRoute,
  UNANSWERED,
} from './route.ts'
import { createSend, type RoutedResult } from './send.ts'
import type { Spend } from './spend.ts'
import type { DeliveryStore, DueDelivery, SuppressionReason, SuppressionStore } from './store.ts'

/** The job that tries to hand one message over; its payload is `{ deliveryId }`. */
export const DELIVER_TASK = 'deliver'

/** Beyond what the routes may take: composing, counting and recording, and the clocks of others (`HELD_SECONDS`). */
const CLAIM_SPARE_SECONDS = 30
const LEFT_BEHIND_SECONDS = 15
const LEFT_BEHIND_MAX = 200

/** A mail with its words, before it has an envelope. */
export interface ComposedMail {
  subject: string
  text: string
  html: string
  facts?: MessageFacts
}

/** A text message with its words. */
export interface ComposedText {
  text: string
  facts?: MessageFacts
}

export type Composed = ({ channel: 'email' } & ComposedMail) | ({ channel: 'sms' } & ComposedText)

export interface DeliveryDeps {
  store: DeliveryStore
  suppressions: SuppressionStore
  spend: Spend
  transact: Transact
  /** Adds a job in the caller's transaction. A waiting job with the same key is replaced. */
  enqueue(tx: Tx, task: string, payload: Record<string, string>, options: { runAt?: Date; key?: string }): Promise<unknown>
  /**
   * Has a task run as soon as the caller's transaction is committed, waiting for none of another lane. A crash or a stop
   * may lose it: `resume` finds its message. `held` is done in place of the task, by this process or by none.
   */
  soon(
    tx: Tx,
    task: string,
    payload: Record<string, string>,
    options: { key: string; lane: Channel; held?: () => Promise<void> },
  ): Promise<unknown>
  /** Whether what is asked for soon would be begun by this process at once. */
  hasPlace(lane: Channel): boolean
  /** Puts the message into words, for its channel. `null` when there is nothing to say any more. */
  compose(delivery: DueDelivery): Promise<Composed | null>
  /** Nobody is at this address any more, as of a message of that moment; in the transaction that remembers so. */
  died(tx: Tx, address: Address, saidOf: Date): Promise<void>
  /** Keyed hash of an address, as challenges have it: under it the address is remembered. */
  addressKey(address: Address): string
  from: Sender
  /** By channel, each in order of preference. */
  routes: { email: readonly MailRoute[]; sms: readonly TextRoute[] }
  /** How many jobs run at once. A route is given one message fewer: one that hangs must not keep all other work. */
  jobsAtOnce: number
  /** `record` counts and logs the event as well. */
  audit: Pick<Audit, 'record' | 'prepare' | 'announce'>
  clock: Clock
  log: Log
  metrics: Metrics
}

export interface MessageOrder {
  channel: Channel
  challengeId: string | null
  /** What it tells, where it answers no challenge. */
  noticeId?: string
  /** For the audit only. */
  attemptId?: string
  message: MailName | SmsName
  /** Empty: nobody named a number. The message ends without having been sent. */
  target: Address | ''
  locale: string
  /** After this moment the message is worth nothing and is not sent. */
  giveUpAt: Date
}

export interface Delivery {
  /** Adds a message in the caller's transaction; it is sent as soon as that is committed, and never when it is not. */
  queue(tx: Tx, order: MessageOrder): Promise<{ id: string }>
  /**
   * The job: claims the message, composes it, sends it outside of any transaction and records what came of it.
   * Does nothing when somebody else holds the message or it is done. Throws only when the database is away.
   */
  deliver(deliveryId: string): Promise<void>
  /** The state of a challenge's newest message, as the waiting page says it. `null` when there is none. */
  newestState(challengeId: string): Promise<MessageView | null>
  /** Adds jobs for messages that a crash left to nobody, and measures how many wait. Answers how many it took up. */
  resume(): Promise<number>
  /** Takes what was said of a message after its hand-over. Who says it was checked before. */
  receipt(receipt: Receipt): Promise<void>
  /**
   * Somebody says that an address takes messages again: this one message goes out despite what is remembered, which
   * stays, since it may be a stranger who says so.
   */
  allow(tx: Tx, targetKey: string, deliveryId: string): Promise<void>
  /**
   * Forgets that an address refuses messages: its owner proved that one arrived, or an administrator says so. False when
   * nothing was remembered.
   */
  lift(tx: Tx, targetKey: string): Promise<boolean>
  /**
   * A message that waits is tried now; one that was refused is, too, unless it was handed over once, what it is for has
   * ended, or its address takes none. Its channel; null when nothing was changed. Single winner, and no message is sent
   * more often for it: it was counted when it was asked for.
   */
  again(tx: Tx, deliveryId: string): Promise<Channel | null>
  /** Why an address takes no messages, and since when; null when it does. */
  suppressed(address: Address): Promise<{ reason: SuppressionReason; since: Date } | null>
}

/**
 * Hands messages over to the next server: a mail exactly once where the server allows it and at most twice where it
 * does not, a text at most once.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { store, transact, clock, log } = deps
  const metrics = createDeliveryMetrics(deps.metrics)
  const claimSeconds = { email: claimFor(deps.routes.email), sms: claimFor(deps.routes.sms) }
  const sending = { atOnceMax: Math.max(1, deps.jobsAtOnce - 1), metrics, clock, log }
  const sendMail = createSend<OutgoingMail>({ channel: 'email', routes: deps.routes.email, ...sending })
  const sendText = createSend<OutgoingText>({ channel: 'sms', routes: deps.routes.sms, ...sending })
  const holding = createHolder({ store, transact, enqueue, clock, holdSeconds: claimSeconds.email })
  const outcomes = createOutcomes({ ...deps, metrics, enqueue })

  async function enqueue(tx: Tx, id: string, runAt?: Date): Promise<void> {
    await deps.enqueue(tx, DELIVER_TASK, { deliveryId: id }, { key: keyOf(id), ...(runAt && { runAt }) })
  }

  async function queue(tx: Tx, order: MessageOrder): Promise<{ id: string }> {
    const { attemptId, noticeId = null, ...rest } = order
    const id = newId()
    const { channel, target } = order
    const targetKey = target === '' ? null : deps.addressKey(target)
    const row = { id, noticeId, createdAt: clock.now(), targetKey, ...rest }
    // A text is claimed when it is begun: what a crash left under a claim may have arrived, and a text is not sent twice.
    const mayHold = channel === 'email' && target !== '' && deps.hasPlace(channel)
    const isHeld = await store.insert(tx, row, mayHold ? addSeconds(row.createdAt, HELD_SECONDS) : null)
    const held = isHeld ? () => holding(firstTry(row, attemptId), carryOut) : undefined
    // A mail server that hangs keeps no text waiting.
    await deps.soon(tx, DELIVER_TASK, { deliveryId: id }, { key: keyOf(id), lane: channel, ...(held && { held }) })
    const detail = { deliveryId: id, channel, message: order.message }
    await deps.audit.record(tx, 'message.queued', { attemptId, detail })
    return { id }
  }

  async function deliver(deliveryId: string): Promise<void> {
    const now = clock.now()
    const until = { email: addSeconds(now, claimSeconds.email), sms: addSeconds(now, claimSeconds.sms) }
    const due = await store.claim(deliveryId, now, until)
    if (due) await carryOut(due)
  }

  async function carryOut(due: DueDelivery): Promise<void> {
    if (due.giveUpAt <= clock.now()) return outcomes.expire(due, 'late')
    if (mayArriveAgain(due)) return outcomes.expire(due, UNANSWERED)
    if (due.target === '' || !answersSomething(due)) return outcomes.expire(due, OBSOLETE)
    if (due.suppressed) return outcomes.refuse(due, due.suppressed, NO_ROUTE)
    const message = await composed(due)
    if (message === null) return outcomes.expire(due, OBSOLETE)
    if (message === 'failed') return outcomes.defer(due, 'compose_failed', NO_ROUTE)
    if (message.channel === 'email') return record(due, await sendMail(mailOf(due, message, deps.from, clock.now())))
    return deliverText(due, message)
  }

  // The money first: what cannot be counted is not sent.
  async function deliverText(due: DueDelivery, message: ComposedText): Promise<void> {
    const number = due.target as PhoneNumber
    const { clientId, knownBrowser, unasked, challengeId } = due
    const counted = { clientId, knownBrowser, unasked, ...(challengeId === null && { answerless: true as const }) }
    const reserved = await reserve({ deliveryId: due.id, number, ...counted })
    if (reserved === 'failed') return outcomes.defer(due, 'not_counted', NO_ROUTE)
    if (!reserved.ok) return outcomes.refuse(due, reserved.why === 'country' ? 'unreachable' : 'no_budget', NO_ROUTE)
    const { text, facts } = message
    const { id, locale } = due
    return record(due, await sendText({ id, to: number, text, locale, at: clock.now(), ...(facts && { facts }) }))
  }

  async function reserve(order: Parameters<Spend['reserve']>[0]) {
    try {
      return await deps.spend.reserve(order)
    } catch (err) {
      log.error({ err, deliveryId: order.deliveryId }, 'the price of a text could not be counted: it is not sent')
      return 'failed'
    }
  }

  async function record(due: DueDelivery, result: RoutedResult): Promise<void> {
    if (result.kind === 'accepted') return outcomes.handOver(due, result)
    if (result.kind === 'refused') return outcomes.refuse(due, result.reason, result.route, result.gone)
    return outcomes.defer(due, result.reason, result.route)
  }

  // A fault in composing must not look like a try that may have arrived.
  async function composed(due: DueDelivery): Promise<Composed | null | 'failed'> {
    try {
      const message = await deps.compose(due)
      if (message && message.channel !== due.channel) throw new Error('composed for another channel')
      return message
    } catch (error) {
      const fault = error instanceof Error ? error.name : 'unknown'
      log.error({ deliveryId: due.id, message: due.message, fault }, 'composing failed')
      return 'failed'
    }
  }

  async function again(tx: Tx, id: string): Promise<Channel | null> {
    const channel = await store.again(tx, id, clock.now())
    if (channel) await enqueue(tx, id)
    return channel
  }

  async function newestState(challengeId: string): Promise<MessageView | null> {
    const newest = await store.newest(challengeId)
    return newest && messageView(newest)
  }

  async function resume(): Promise<number> {
    const now = clock.now()
    const left = await store.leftBehind(now, addSeconds(now, -LEFT_BEHIND_SECONDS), LEFT_BEHIND_MAX)
    // The time they were due at keeps their order among the jobs that wait.
    if (left.length > 0) await transact(async (tx) => void (await enqueueAll(tx, left)))
    metrics.waiting(await store.waiting())
    return left.length
  }

  async function enqueueAll(tx: Tx, left: readonly { id: string; dueAt: Date }[]): Promise<void> {
    for (const { id, dueAt } of left) await enqueue(tx, id, dueAt)
  }

  return {
    queue,
    deliver,
    newestState,
    resume,
    receipt: createReceiptTaker({ ...deps, metrics }),
    allow: (tx, targetKey, deliveryId) => deps.suppressions.allow(tx, targetKey, deliveryId),
    lift: (tx, targetKey) => deps.suppressions.forget(tx, targetKey),
    again,
    suppressed: (address) => store.suppressed(deps.addressKey(address)),
  }
}

const keyOf = (id: string) => `${DELIVER_TASK}:${id}`

function mailOf(due: DueDelivery, mail: ComposedMail, from: Sender, date: Date): OutgoingMail {
  const { subject, text, html, facts } = mail
  const messageId = `<${due.id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`
  const to = due.target as EmailAddress
  return { from, to, subject, text, html, locale: due.locale, messageId, date, ...(facts && { facts }) }
}

function claimFor(routes: readonly { deadlineSeconds: number }[]): number {
  return routes.reduce((sum, route) => sum + route.deadlineSeconds, CLAIM_SPARE_SECONDS)
}

// What it answered was swept, or went with its account.
function answersSomething(due: DueDelivery): boolean {
  return due.challengeId !== null || due.noticeId !== null || due.message === 'invitation'
}

// A mail whose worker died is sent once more, a text is not: nobody gets or pays for the same one twice.
function mayArriveAgain(due: DueDelivery): boolean {
  return due.channel === 'sms' ? due.resumed || due.unanswered : due.resumed && due.unanswered
}
