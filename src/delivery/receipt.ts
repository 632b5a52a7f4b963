import type { Audit } from '../audit/index.ts'
import type { Address, Clock, Transact, Tx } from '../base/index.ts'
import type { Channel } from '../text/index.ts'
import type { DeliveryMetrics } from './metrics.ts'
import { NO_ROUTE } from './outcome.ts'
import type { DeliveryStore, ReceiptedDelivery, SuppressionReason, SuppressionStore } from './store.ts'

/** A message that came back for no reason of its address. */
const UNDELIVERED = 'undelivered'

/**
 * What somebody further on said of a message that was handed over; checked to come from there. It is named by what the
 * route calls it, or by its address, or by both. `failed`: it does not arrive; `reason` says what that means for the
 * address (null: nothing), and with `lasting` it is remembered. `gone`: it says besides, for sure, that nobody is there.
 */
export type Receipt = {
  channel: Channel
  receiptId: string | null
  address: Address | null
} & ({ outcome: 'delivered' } | { outcome: 'failed'; reason: SuppressionReason | null; lasting: boolean; gone?: true })

type Failed = Extract<Receipt, { outcome: 'failed' }>

export interface ReceiptDeps {
  store: Pick<DeliveryStore, 'byReceipt' | 'byTarget' | 'delivered' | 'cameBack'>
  suppressions: Pick<SuppressionStore, 'remember'>
  died(tx: Tx, address: Address, saidOf: Date): Promise<void>
  transact: Transact
  addressKey(address: Address): string
  audit: Pick<Audit, 'record'>
  metrics: DeliveryMetrics
  clock: Clock
}

/**
 * Takes receipts: the same one twice changes nothing the second time. A message whose code was used has arrived, so
 * that no bounce unsays it; a complaint is remembered even then. One that names another address than its message went to
 * speaks of where somebody has their mail forwarded to: of our address it says nothing.
 */
export function createReceiptTaker(deps: ReceiptDeps): (receipt: Receipt) => Promise<void> {
  const { store, transact, metrics } = deps

  async function find({ channel, receiptId, address }: Receipt): Promise<ReceiptedDelivery | null> {
    const named = receiptId === null ? null : await store.byReceipt(channel, receiptId)
    if (named || address === null) return named
    // A message that its route calls otherwise is not the one that is meant.
    return store.byTarget(channel, address, receiptId !== null)
  }

  async function take(receipt: Receipt): Promise<void> {
    const message = await find(receipt)
    if (receipt.outcome === 'delivered') {
      if (message) await delivered(receipt, message)
      return
    }
    await failed(receipt, message)
  }

  async function delivered({ channel }: Receipt, message: ReceiptedDelivery): Promise<void> {
    const first = await transact(async (tx) => {
      if (!(await store.delivered(tx, message.id, deps.clock.now()))) return false
      const detail = { deliveryId: message.id, channel }
      await deps.audit.record(tx, 'message.delivered', { attemptId: message.attemptId, detail })
      return true
    })
    if (first) metrics.count(channel, message.route ?? NO_ROUTE, 'delivered', 'none')
  }

  async function failed(
    { channel, address: named, reason, lasting, gone }: Failed,
    message: ReceiptedDelivery | null,
  ): Promise<void> {
    const address = message?.target ?? named
    const ofAnother = message !== null && named !== null && named !== message.target
    const disproved = message?.used === true && (reason === 'bounced' || reason === 'unreachable')
    const remembered = lasting && reason !== null && address !== null && !disproved && !ofAnother
    const told = reason ?? UNDELIVERED
    const changed = await transact(async (tx) => {
      const state = reason === null ? 'expired' : 'refused'
      const cameBack = message !== null && !message.used && (await store.cameBack(tx, message.id, state, told))
      const news = remembered && (await deps.suppressions.remember(tx, suppression(channel, address, reason)))
      // Told again it is no news, whatever became of the address meanwhile.
      const first = message === null ? news : cameBack
      if (remembered && gone && first) await deps.died(tx, address, message?.createdAt ?? deps.clock.now())
      if (!cameBack && !news) return false
      const detail = { ...(message && { deliveryId: message.id }), channel, reason: told }
      await deps.audit.record(tx, 'message.bounced', { attemptId: message?.attemptId, detail })
      return true
    })
    if (changed) metrics.count(channel, message?.route ?? NO_ROUTE, 'bounced', told)
  }

  function suppression(channel: Channel, address: Address, reason: SuppressionReason) {
    return { targetKey: deps.addressKey(address), channel, reason, at: deps.clock.now() }
  }

  return take
}
