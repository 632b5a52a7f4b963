import type { Address, Tx } from '../base/index.ts'
import type { Channel } from '../text/index.ts'
import type { DeliveryState } from './store.ts'

/** One message as administrators see it. It holds no words, no code and no link. */
export interface MessageRow {
  id: string
  channel: Channel
  /** Its name in the catalogue of messages. */
  message: string
  /** Empty: to nobody. */
  target: string
  state: DeliveryState
  reason: string | null
  tries: number
  route: string | null
  createdAt: Date
  handedAt: Date | null
  deliveredAt: Date | null
  dueAt: Date
  /** See `Delivery.again`. */
  mayGoAgain: boolean
}

export interface MessageFilter {
  /** To one of these. */
  targets?: readonly Address[] | undefined
  channel?: Channel | undefined
  state?: DeliveryState | undefined
}

/** What reading messages needs from storage. `now` is the moment that `mayGoAgain` speaks of. */
export interface MessageReaderStore {
  /** Newest first: by their creation, then by `id`. */
  list(filter: MessageFilter, before: { at: Date; id: string } | null, limit: number, now: Date): Promise<MessageRow[]>
  find(id: string, now: Date): Promise<MessageRow | null>
  /** The same within a transaction, which sees what it changed. */
  findIn(tx: Tx, id: string, now: Date): Promise<MessageRow | null>
}
