import type { AuditRow } from '../audit/index.ts'
import type { Address, Tx } from '../base/index.ts'
import type { Channel, MailName, SmsName } from '../text/index.ts'

/** The states of one message. `sending` is held by a worker until its claim ends. */
export type DeliveryState = 'queued' | 'sending' | 'deferred' | 'handed_over' | 'refused' | 'expired'

/** Why an address takes no messages. */
export type SuppressionReason = 'bounced' | 'complained' | 'opted_out' | 'unreachable'

export interface NewDelivery {
  id: string
  challengeId: string | null
  noticeId: string | null
  channel: Channel
  message: MailName | SmsName
  target: Address | ''
  /** Keyed hash of the target; null for nobody. */
  targetKey: string | null
  locale: string
  createdAt: Date
  giveUpAt: Date
}

/** A message that one worker holds. */
export interface DueDelivery {
  id: string
  channel: Channel
  /** What it answers; null for a message that tells something. */
  challengeId: string | null
  /** What it tells; null for a message that answers a challenge. */
  noticeId: string | null
  /** The attempt of the challenge, for the audit. */
  attemptId: string | null
  /** The client of the attempt; empty without one. */
  clientId: string
  message: MailName | SmsName
  /** Empty where somebody asked for a text to a number that nobody named: nothing is sent. */
  target: Address | ''
  /** Keyed hash of the address, as its challenge has it; empty without a challenge. */
  targetKey: string
  /** Asked for from a browser that had signed in as this address before. */
  knownBrowser: boolean
  /** To a number on file, not to one that was typed: its challenge is counted by another address, `nobody:…`. */
  unasked: boolean
  /** What is remembered of the address; null for the one message that may go out despite it. */
  suppressed: SuppressionReason | null
  locale: string
  createdAt: Date
  giveUpAt: Date
  /** Number of this try, from 1. It marks the claim: who holds another number holds nothing. */
  tries: number
  /** A worker before us ended without telling what came of its try. */
  resumed: boolean
  /** An earlier try may have arrived (`UNANSWERED`). */
  unanswered: boolean
}

/** What stands in the newest message of a challenge. */
export interface NewestDelivery {
  channel: Channel
  state: DeliveryState
  reason: string | null
  target: Address | ''
  dueAt: Date
  handedAt: Date | null
  deliveredAt: Date | null
}

/** A message that a receipt speaks of. */
export interface ReceiptedDelivery {
  id: string
  attemptId: string | null
  route: string | null
  target: Address
  createdAt: Date
  /** Its code or link was used: so it arrived. */
  used: boolean
}

/** What this room asks of storage. */
export interface DeliveryStore {
  /**
   * Adds a message, due at its creation: `queued`, or with `heldUntil` claimed until then for its first try, unless its
   * address takes no messages. True when it is claimed.
   */
  insert(tx: Tx, delivery: NewDelivery, heldUntil: Date | null): Promise<boolean>
  /**
   * Single winner: takes a message that is queued or deferred, or is `sending` under a claim that ended by
   * `now`; makes it `sending` until the moment of its channel and counts the try. A claim that ended leaves the
   * reason `UNANSWERED`. `null` for everybody else.
   */
  claim(id: string, now: Date, claimedUntil: Readonly<Record<Channel, Date>>): Promise<DueDelivery | null>
  /**
   * Single winner, committed on its own: `handed_over`, from whatever state, since that message is out. With it its
   * challenge, while that is open, gets its time from this moment on, and `entry` stands in the trail. False, and nothing
   * of it, when it was handed over already.
   */
  handOver(id: string, by: { at: Date; route: string; receiptId: string | null; entry: AuditRow }): Promise<boolean>
  /** Holder of the claim only: keeps it until then. */
  hold(id: string, tries: number, until: Date): Promise<void>
  /** Holder of the claim only, who has not begun: `queued` again, and the try was none. False when the claim is lost. */
  giveBack(tx: Tx, id: string, tries: number): Promise<boolean>
  /** Holder of the claim only: `deferred` until `dueAt`. A reason `UNANSWERED` stays. False when the claim is lost. */
  defer(tx: Tx, id: string, tries: number, reason: string, dueAt: Date): Promise<boolean>
  /** Holder of the claim only: `refused` or `expired`, for good. False when the claim is lost. */
  end(tx: Tx, id: string, tries: number, state: 'refused' | 'expired', reason: string): Promise<boolean>
  /** The newest message of a challenge. */
  newest(challengeId: string): Promise<NewestDelivery | null>
  /** Messages whose claim ended by `now`, or that were due by `dueBy`; newest first, at most `max`. */
  leftBehind(now: Date, dueBy: Date, max: number): Promise<{ id: string; dueAt: Date }[]>
  /**
   * Single winner: a message that waits is due now; one that was refused waits again, unless it was handed over once, what
   * it is for has ended by `now`, or its address takes none. Its channel; null when nothing was changed.
   */
  again(tx: Tx, id: string, now: Date): Promise<Channel | null>
  /** What is remembered of an address; null for nothing. */
  suppressed(targetKey: string): Promise<{ reason: SuppressionReason; since: Date } | null>
  /** How many messages wait (queued, deferred or being sent). */
  waiting(): Promise<number>
  /** The message that its route calls `receiptId`. */
  byReceipt(channel: Channel, receiptId: string): Promise<ReceiptedDelivery | null>
  /** The newest message to `target` that is `handed_over`; with `nameless`, that its route gave no name. */
  byTarget(channel: Channel, target: Address, nameless: boolean): Promise<ReceiptedDelivery | null>
  /** Single winner: notes that a message which is `handed_over` arrived. */
  delivered(tx: Tx, id: string, at: Date): Promise<boolean>
  /** Single winner: a message that was `handed_over` is `refused` or `expired` after all. */
  cameBack(tx: Tx, id: string, state: 'refused' | 'expired', reason: string): Promise<boolean>
}

/** What is remembered of addresses that take no messages. */
export interface SuppressionStore {
  /** Remembers the newest reason, and allows nothing any more. False when it was known already and nothing was allowed. */
  remember(tx: Tx, refusal: { targetKey: string; channel: Channel; reason: SuppressionReason; at: Date }): Promise<boolean>
  /** This message may go out despite what is remembered, and none that was allowed before. */
  allow(tx: Tx, targetKey: string, deliveryId: string): Promise<void>
  /** Single winner: false when nothing was remembered. */
  forget(tx: Tx, targetKey: string): Promise<boolean>
}
