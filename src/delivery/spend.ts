import type { PhoneNumber } from '../base/index.ts'

/** What texts cost, counted before they are sent. */
export interface Spend {
  /**
   * Counts the price of one text on all its caps, or on none; committed on its own, before it is sent; idempotent per
   * delivery. Throws `Refusal('unavailable')` when it cannot be counted: then nothing is sent. `knownBrowser`:
   * asked for from a browser that signed in with the number before. `unasked`: nothing has looked at this number yet,
   * since it is on file and was not typed; so the share of texts proven there is looked at here. `answerless`: it tells
   * something and nobody answers it, so that it is none of those of which a share is proven.
   */
  reserve(order: {
    deliveryId: string
    number: PhoneNumber
    clientId: string
    knownBrowser: boolean
    unasked: boolean
    answerless?: true
  }): Promise<{ ok: true } | { ok: false; why: 'country' | 'cap' }>
  /** The text was never handed to a carrier: takes its price off again. Once; nothing happens where none was counted. */
  giveBack(deliveryId: string): Promise<void>
}
