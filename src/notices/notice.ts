import type { Tx } from '../base/index.ts'
import type { NoticeKind } from '../text/index.ts'

/** Something that a person is told about their own account. */
export interface Notice {
  id: string
  accountId: string
  kind: NoticeKind
  /** What its words name, such as a masked address. */
  values: Readonly<Record<string, string>>
  /** What an objection takes back; never shown. */
  undo: Readonly<Record<string, string>>
  /** Browser and system in words, where it was done. */
  device: string
  /** When it was done. */
  at: Date
  /** Null where there is nothing to object to. */
  objectUntil: Date | null
  objectedAt: Date | null
}

/** What notices need from storage. A notice goes with its account. */
export interface NoticeStore {
  add(tx: Tx, notice: Notice): Promise<void>
  /**
   * The same, unless the account was told of this kind and of the same `once` since `since`: of parallel calls a single
   * one answers true.
   */
  addOnce(tx: Tx, notice: Notice, once: string, since: Date): Promise<boolean>
  /** Takes back what `tx` has added. */
  drop(tx: Tx, id: string): Promise<void>
  find(id: string): Promise<Notice | null>
  /** How many texts about it were queued for an account since then. */
  texts(tx: Tx, accountId: string, since: Date): Promise<number>
  /** What nobody has objected to, and may be until after `now`, told since `since`; newest first, their rows locked. */
  openSince(tx: Tx, accountId: string, since: Date, now: Date): Promise<Notice[]>
  /** Single winner: what nobody has objected to, and may be until after `now`, is objected to. */
  object(tx: Tx, id: string, now: Date): Promise<boolean>
}
