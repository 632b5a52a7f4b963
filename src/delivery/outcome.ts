import type { Audit } from '../audit/index.ts'
import type { Address, Clock, Log, Transact, Tx } from '../base/index.ts'
import { nextTryAt } from './backoff.ts'
import { mailDomain } from './message-view.ts'
import type { DeliveryMetrics } from './metrics.ts'
import { type RefusedForGood, UNANSWERED } from './route.ts'
import type { Spend } from './spend.ts'
import type { DeliveryStore, DueDelivery, SuppressionStore } from './store.ts'

/** Why a message ends when what it is for has ended. */
export const OBSOLETE = 'obsolete'
/** Stands for the route where none was asked. */
export const NO_ROUTE = 'none'

const REMEMBERED: readonly RefusedForGood[] = ['opted_out', 'unreachable']

export interface OutcomeDeps {
  store: Pick<DeliveryStore, 'handOver' | 'defer' | 'end'>
  suppressions: Pick<SuppressionStore, 'remember'>
  died(tx: Tx, address: Address, saidOf: Date): Promise<void>
  spend: Pick<Spend, 'giveBack'>
  transact: Transact
  enqueue(tx: Tx, deliveryId: string, runAt: Date): Promise<unknown>
  addressKey(address: Address): string
  audit: Pick<Audit, 'record' | 'prepare' | 'announce'>
  metrics: DeliveryMetrics
  clock: Clock
  log: Log
}

/** Records what came of one try: state, trail, metrics, and the money of a text that never left. */
export function createOutcomes(deps: OutcomeDeps) {
  const { store, transact, metrics, clock, log } = deps

  async function handOver(due: DueDelivery, by: { route: string; receiptId?: string }): Promise<void> {
    const at = clock.now()
    const { route, receiptId = null } = by
    const seconds = Math.max(0, (at.getTime() - due.createdAt.getTime()) / 1000)
    const entry = deps.audit.prepare('message.handed_over', { ...who(due), detail: { ...subject(due), route, seconds } })
    if (!(await store.handOver(due.id, { at, route, receiptId, entry }))) return
    deps.audit.announce([entry])
    metrics.count(due.channel, route, 'handed_over', 'none')
    metrics.handedOver(due.channel, route, seconds)
  }

  /** Tries again later, unless that would be too late or the message may arrive twice. */
  async function defer(due: DueDelivery, reason: string, route: string): Promise<void> {
    const mayHaveArrived = reason === UNANSWERED && (due.channel === 'sms' || due.unanswered || due.resumed)
    const at = mayHaveArrived ? null : nextTryAt(due, clock.now())
    if (!at) return expire(due, reason, route)
    const held = await transact(async (tx) => {
      if (!(await store.defer(tx, due.id, due.tries, reason, at))) return false
      await deps.enqueue(tx, due.id, at)
      await deps.audit.record(tx, 'message.deferred', { ...who(due), detail: { ...subject(due), route, reason } })
      return true
    })
    if (held) metrics.count(due.channel, route, 'deferred', reason)
  }

  /** Ends a message that is not wanted there. What a carrier says of a number is remembered. `gone`: nobody is there any more. */
  async function refuse(due: DueDelivery, reason: string, route: string, gone = false): Promise<void> {
    const held = await transact(async (tx) => {
      if (!(await store.end(tx, due.id, due.tries, 'refused', reason))) return false
      if (route !== NO_ROUTE) await remember(tx, due, reason, gone)
      await deps.audit.record(tx, 'message.refused', { ...who(due), detail: { ...subject(due), route, reason } })
      return true
    })
    if (!held) return
    metrics.count(due.channel, route, 'refused', reason)
    await giveBack(due, reason)
  }

  async function remember(tx: Tx, due: DueDelivery, reason: string, gone: boolean): Promise<void> {
    const known = REMEMBERED.find((one) => one === reason)
    if (!known || due.target === '') return
    const targetKey = due.targetKey || deps.addressKey(due.target)
    const at = clock.now()
    await deps.suppressions.remember(tx, { targetKey, channel: due.channel, reason: known, at })
    if (gone) await deps.died(tx, due.target, at)
  }

  async function expire(due: DueDelivery, reason: string, route: string = NO_ROUTE): Promise<void> {
    const held = await transact(async (tx) => {
      if (!(await store.end(tx, due.id, due.tries, 'expired', reason))) return false
      await deps.audit.record(tx, 'message.expired', { ...who(due), detail: subject(due) })
      return true
    })
    if (!held) return
    metrics.count(due.channel, route, 'expired', reason)
    if (reason !== OBSOLETE) {
      const { channel, tries } = due
      log.warn({ deliveryId: due.id, channel, domain: mailDomain(due.target), route, reason, tries }, 'message given up')
    }
    await giveBack(due, reason)
  }

  // After the end is recorded: a crash between the two leaves the money counted, never a text without its money.
  async function giveBack(due: DueDelivery, reason: string): Promise<void> {
    const mayHaveLeft = due.resumed || due.unanswered || reason === UNANSWERED
    if (due.channel !== 'sms' || mayHaveLeft) return
    try {
      await deps.spend.giveBack(due.id)
    } catch (err) {
      log.warn({ err, deliveryId: due.id }, 'the price of a text that was not sent stays counted')
    }
  }

  return { handOver, defer, refuse, expire }
}

function who(due: DueDelivery) {
  return { attemptId: due.attemptId }
}

function subject(due: DueDelivery) {
  return { deliveryId: due.id, channel: due.channel }
}
