import type { Account, Accounts, Addresses } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock, Transact, Tx } from '../base/index.ts'
import type { Limits } from '../limits/index.ts'
import type { Notices } from '../notices/index.ts'
import type { Asker, Attempt, AttemptStore } from '../signin/index.ts'
import type { RescueStore } from './rescue.ts'

/** What the settings say, in seconds. */
export interface RescuePolicy {
  on: boolean
  delaySeconds: number
  /** Where the browser is a remembered device of the account. */
  knownDelaySeconds: number
  windowSeconds: number
  lockSeconds: number
  /** Whether what outlives sessions ends with them. */
  endsOffline: boolean
  /** For so long an address must have been the account's to begin one: a thief who adds an address cannot. */
  settledSeconds: number
  /** A number that was not proven for so long may be somebody else's by now: it is not asked for. */
  phoneProofAgeSeconds: number
  /** With a clock that is further from the database's nothing is told, and so nothing opens. */
  clockSkewMaxSeconds: number
  /** Whether texts can be sent. */
  texts: boolean
}

export interface RescueDeps {
  store: RescueStore
  accounts: Pick<Accounts, 'find'>
  addresses: Pick<Addresses, 'ofAccount' | 'ofAccountIn' | 'keepAll'>
  attempts: Pick<AttemptStore, 'require' | 'prove' | 'endOthers'>
  /** Sends a code to another address of the account within the attempt. Throws `Refusal('too_many_requests')`. */
  startOnFile(attempt: Attempt, to: Pick<Account, 'email' | 'phone'>, kind: 'email' | 'sms', asker: Asker): Promise<void>
  devices: {
    isRemembered(token: string | undefined, accountId: string): Promise<boolean>
    forgetAll(tx: Tx, accountId: string): Promise<void>
  }
  sessions: {
    /**
     * Ends what the account's people are signed in to, and every sign-in under way but this attempt, with the session
     * that it was begun in.
     */
    endAllBut(tx: Tx, accountId: string, attempt: Pick<Attempt, 'id' | 'interactionUid'> | null, offline: boolean): Promise<void>
  }
  roles: {
    /** Before anything else of the account is locked. */
    lock(tx: Tx): Promise<void>
    of(tx: Tx, accountId: string): Promise<string | null>
    takeAway(tx: Tx, accountId: string): Promise<void>
  }
  notices: Pick<Notices, 'tell'>
  audit: Pick<Audit, 'record' | 'note'>
  limits: Pick<Limits, 'take' | 'giveBack'>
  /** How far the database's clock is from the process's; null when it cannot be asked. */
  clockSkewSeconds(): Promise<number | null>
  transact: Transact
  clock: Clock
  policy: RescuePolicy
  /** Of people whose language is not known. */
  defaultLocale: string
}
