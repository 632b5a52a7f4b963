import type { EventWho } from '../audit/index.ts'
import type { Tx } from '../base/index.ts'
import type { Attempt } from './attempt.ts'

/** What a rescue does in a sign-in. The room is above this one; it decides, and is asked here. */
export interface RescueHook {
  /**
   * Where this attempt may set up a factor in place of all there were, since a wait is over: what does so, in the same
   * transaction, once the factor counts. Null in every other case. Comes before anything else of the account is locked, and
   * until `tx` ends nobody else takes up or ends that rescue.
   */
  readyIn(tx: Tx, attempt: Attempt): Promise<CompleteRescue | null>
  /** A sign-in was completed with a factor that the person keeps: nothing is lost. */
  found(tx: Tx, accountId: string, where: EventWho): Promise<void>
}

/** Every other credential of the account goes, with whatever else a rescue ends; the person is told of it by a notice. */
export type CompleteRescue = (credentialId: string, where: EventWho) => Promise<void>
