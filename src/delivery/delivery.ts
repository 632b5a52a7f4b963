import type { Audit } from '../audit/index.ts'
import {
  addSeconds,
  type Clock,
  domainOf,
  type EmailAddress,
  type Log,
  type Metrics,
  newId,
  type Transact,
  type Tx,
} from '../base/index.ts'
import type { MailName, MessageView } from '../text/index.ts'
import { nextTryAt } from './backoff.ts'
import { createDeliveryMetrics } from './metrics.ts'
import { type MailFacts, type MailRoute, type OutgoingMail, type Sender, UNANSWERED } from './route.ts'
import { sendByRoutes } from './send.ts'
import type { DeliveryStore, DueDelivery } from './store.ts'

/** The job that tries to hand one message over; its payload is `{ deliveryId }`. */
export const DELIVER_TASK = 'deliver'

const CHANNEL = 'email'
/** Why a message ends when what it is for has ended. */
const OBSOLETE = 'obsolete'
/** Beyond what the routes may take: composing and recording. */
const CLAIM_SPARE_SECONDS = 30
const LEFT_BEHIND_SECONDS = 15
const LEFT_BEHIND_MAX = 200

/** A mail with its words, before it has an envelope. */
export interface ComposedMail {
  subject: string
  text: string
  html: string
  facts?: MailFacts
}

export interface DeliveryDeps {
  store: DeliveryStore
  transact: Transact
  /** Adds a job in the caller's transaction. A waiting job with the same key is replaced. */
  enqueue(tx: Tx, task: string, payload: Record<string, string>, options: { runAt?: Date; key?: string }): Promise<unknown>
  /** Puts the message into words. `null` when there is nothing to say any more. */
  compose(delivery: DueDelivery): Promise<ComposedMail | null>
  /** Tells the challenge that a mail of it was handed over, in the transaction that records it. */
  handedOver(tx: Tx, challengeId: string, at: Date): Promise<void>
  from: Sender
  /** In order of preference. */
  routes: readonly MailRoute[]
  /** `record` counts and logs the event as well. */
  audit: Pick<Audit, 'record'>
  clock: Clock
  log: Log
  metrics: Metrics
}

interface MessageOrder {
  challengeId: string | null
  /** For the audit only. */
  attemptId?: string
  message: MailName
  target: EmailAddress
  locale: string
  /** After this moment the message is worth nothing and is not sent. */
  giveUpAt: Date
}

export interface Delivery {
  /** Adds a message and its job in the caller's transaction: both come to be, or neither. */
  queue(tx: Tx, order: MessageOrder): Promise<{ id: string }>
  /**
   * The job: claims the message, composes it, sends it outside of any transaction and records what came of it.
   * Does nothing when somebody else holds the message or it is done. Throws only when the database is away.
   */
  deliver(deliveryId: string): Promise<void>
  /** The state of a challenge's newest message, as the waiting page says it. `null` when there is none. */
  newestState(challengeId: string): Promise<MessageView | null>
  /** Adds jobs for messages that a crash left without one, and measures how many wait. Answers how many it took up. */
  resume(): Promise<number>
}

/** Hands messages over to the next server, exactly once where the server allows it and at most twice where it does not. */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { store, transact, clock, log } = deps
  const metrics = createDeliveryMetrics(deps.metrics)
  const claimSeconds = deps.routes.reduce((sum, route) => sum + route.deadlineSeconds, CLAIM_SPARE_SECONDS)

  const enqueue = (tx: Tx, id: string, runAt?: Date) =>
    deps.enqueue(tx, DELIVER_TASK, { deliveryId: id }, { key: `${DELIVER_TASK}:${id}`, ...(runAt && { runAt }) })

  async function queue(tx: Tx, order: MessageOrder): Promise<{ id: string }> {
    const { attemptId, ...rest } = order
    const id = newId()
    await store.insert(tx, { id, channel: CHANNEL, createdAt: clock.now(), ...rest })
    await enqueue(tx, id)
    await deps.audit.record(tx, 'message.queued', { attemptId, detail: { ...subject({ id }), message: order.message } })
    return { id }
  }

  async function deliver(deliveryId: string): Promise<void> {
    const now = clock.now()
    const due = await store.claim(deliveryId, now, addSeconds(now, claimSeconds))
    if (!due) return
    if (due.giveUpAt <= now) return expire(due, 'late')
    if (due.resumed && due.unanswered) return expire(due, UNANSWERED)
    const mail = await composed(due)
    if (mail === null) return expire(due, OBSOLETE)
    if (mail === 'failed') return defer(due, 'compose_failed', 'none')
    const result = await sendByRoutes({ routes: deps.routes, metrics, log }, envelope(due, mail))
    if (result.kind === 'accepted') return handOver(due, result.route)
    if (result.kind === 'refused') return refuse(due, result.reason, result.route)
    return defer(due, result.reason, result.route)
  }

  // A fault in composing must not look like a try that may have arrived.
  async function composed(due: DueDelivery): Promise<ComposedMail | null | 'failed'> {
    try {
      return await deps.compose(due)
    } catch (error) {
      log.error(
        { deliveryId: due.id, message: due.message, fault: error instanceof Error ? error.name : 'unknown' },
        'composing failed',
      )
      return 'failed'
    }
  }

  function envelope(due: DueDelivery, mail: ComposedMail): OutgoingMail {
    const messageId = `<${due.id}@${deps.from.address.slice(deps.from.address.lastIndexOf('@') + 1)}>`
    return { ...mail, from: deps.from, to: due.target, locale: due.locale, messageId, date: clock.now() }
  }

  async function handOver(due: DueDelivery, route: string): Promise<void> {
    const at = clock.now()
    const first = await transact(async (tx) => {
      if (!(await store.handOver(tx, due.id, at))) return false
      if (due.challengeId) await deps.handedOver(tx, due.challengeId, at)
      await deps.audit.record(tx, 'message.handed_over', { ...who(due), detail: { ...subject(due), route } })
      return true
    })
    if (!first) return
    metrics.count(route, 'handed_over', 'none')
    metrics.handedOver(route, Math.max(0, (at.getTime() - due.createdAt.getTime()) / 1000))
  }

  async function defer(due: DueDelivery, reason: string, route: string): Promise<void> {
    const mayHaveArrivedTwice = reason === UNANSWERED && (due.unanswered || due.resumed)
    const at = mayHaveArrivedTwice ? null : nextTryAt(due, clock.now())
    if (!at) return expire(due, reason, route)
    const held = await transact(async (tx) => {
      if (!(await store.defer(tx, due.id, due.tries, reason, at))) return false
      await enqueue(tx, due.id, at)
      await deps.audit.record(tx, 'message.deferred', { ...who(due), detail: { ...subject(due), route, reason } })
      return true
    })
    if (held) metrics.count(route, 'deferred', reason)
  }

  async function refuse(due: DueDelivery, reason: string, route: string): Promise<void> {
    const held = await transact(async (tx) => {
      if (!(await store.end(tx, due.id, due.tries, 'refused', reason))) return false
      await deps.audit.record(tx, 'message.refused', { ...who(due), detail: { ...subject(due), route, reason } })
      return true
    })
    if (held) metrics.count(route, 'refused', reason)
  }

  async function expire(due: DueDelivery, reason: string, route = 'none'): Promise<void> {
    const held = await transact(async (tx) => {
      if (!(await store.end(tx, due.id, due.tries, 'expired', reason))) return false
      await deps.audit.record(tx, 'message.expired', { ...who(due), detail: subject(due) })
      return true
    })
    if (!held) return
    metrics.count(route, 'expired', reason)
    if (reason !== OBSOLETE)
      log.warn({ deliveryId: due.id, domain: domainOf(due.target), route, reason, tries: due.tries }, 'message given up')
  }

  async function newestState(challengeId: string): Promise<MessageView | null> {
    const newest = await store.newest(challengeId)
    if (!newest) return null
    const domain = domainOf(newest.target)
    if (newest.state === 'handed_over') return { state: 'handed_over', at: newest.handedAt ?? newest.dueAt }
    if (newest.state === 'refused') return { state: 'refused', domain }
    // Nothing more will be tried: late for good, so that the page offers what else there is.
    if (newest.state === 'expired') return { state: 'deferred', nextAt: null, domain }
    // While a later try is under way the page keeps saying that the mail is late.
    return newest.reason === null ? { state: 'queued' } : { state: 'deferred', nextAt: newest.dueAt, domain }
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

  return { queue, deliver, newestState, resume }
}

function who(due: DueDelivery) {
  return { attemptId: due.attemptId }
}

function subject(due: { id: string }) {
  return { deliveryId: due.id, channel: CHANNEL }
}
