import type { EmailAddress, Tx } from '../base/index.ts'
import type { MailName } from '../text/index.ts'

/** The states of one message. `sending` is held by a worker until its claim ends. */
type DeliveryState = 'queued' | 'sending' | 'deferred' | 'handed_over' | 'refused' | 'expired'

interface NewDelivery {
  id: string
  challengeId: string | null
  channel: 'email'
  message: MailName
  target: EmailAddress
  locale: string
  createdAt: Date
  giveUpAt: Date
}

/** A message that one worker holds. */
export interface DueDelivery {
  id: string
  challengeId: string | null
  /** The attempt of the challenge, for the audit. */
  attemptId: string | null
  message: MailName
  target: EmailAddress
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
  state: DeliveryState
  reason: string | null
  target: EmailAddress
  dueAt: Date
  handedAt: Date | null
}

/** What this room asks of storage. */
export interface DeliveryStore {
  /** Adds a message in state `queued`, due at its creation. */
  insert(tx: Tx, delivery: NewDelivery): Promise<void>
  /**
   * Single winner: takes a message that is queued or deferred, or is `sending` under a claim that ended by
   * `now`; makes it `sending` until `claimedUntil` and counts the try. A claim that ended leaves the reason
   * `UNANSWERED`. `null` for everybody else.
   */
  claim(id: string, now: Date, claimedUntil: Date): Promise<DueDelivery | null>
  /** Single winner: `handed_over`, from whatever state, since that mail is out. False when it was that already. */
  handOver(tx: Tx, id: string, at: Date): Promise<boolean>
  /** Holder of the claim only: `deferred` until `dueAt`. A reason `UNANSWERED` stays. False when the claim is lost. */
  defer(tx: Tx, id: string, tries: number, reason: string, dueAt: Date): Promise<boolean>
  /** Holder of the claim only: `refused` or `expired`, for good. False when the claim is lost. */
  end(tx: Tx, id: string, tries: number, state: 'refused' | 'expired', reason: string): Promise<boolean>
  /** The newest message of a challenge. */
  newest(challengeId: string): Promise<NewestDelivery | null>
  /** Messages whose claim ended by `now`, or that were due by `dueBy`; newest first, at most `max`. */
  leftBehind(now: Date, dueBy: Date, max: number): Promise<{ id: string; dueAt: Date }[]>
  /** How many messages wait (queued, deferred or being sent). */
  waiting(): Promise<number>
}
