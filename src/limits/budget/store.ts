/** A counter of one day: what it counts, and the most it may reach, in millionths of the currency. */
export interface SpendCap {
  id: string
  capMicros: number
}

/** One text that is about to be sent. */
export interface SpendOrder {
  deliveryId: string
  /** Day (UTC), `YYYY-MM-DD`. */
  day: string
  /** Beginning of the hour that it is tallied in. */
  hour: Date
  priceMicros: number
  /** Narrowest first: locks are taken in this order, always by the same kinds. */
  caps: readonly SpendCap[]
  tallyIds: readonly string[]
}

/** What a reserved text cost, and for whom. */
export interface Reserved {
  target: string
  clientId: string
  knownBrowser: boolean
  /** It answers no challenge, and was not tallied. */
  answerless: boolean
  costMicros: number
  day: string
}

/** Texts of this hour and the one before it. */
export interface Tally {
  id: string
  sent: number
  proven: number
  sentThisHour: number
}

/** What the budget needs from storage. Everything commits on its own. */
export interface BudgetStore {
  /**
   * Counts the price on every cap, notes it on the delivery and tallies a text sent, or does nothing of it. Atomic over
   * all instances: no counter ever passes its cap. A delivery that has a cost is `counted` already and counts no more.
   * `met`: another call took the last room, or the same delivery, meanwhile; nothing was done, and the next look tells.
   */
  reserve(order: SpendOrder): Promise<{ outcome: 'counted' | 'met' | 'unknown' } | { outcome: 'full'; ids: string[] }>
  /** What was reserved for a delivery; null when nothing is. */
  reserved(deliveryId: string): Promise<Reserved | null>
  /** Takes the price off the counters of its day and off the delivery, and one off the tallies. Single winner. */
  giveBack(order: Omit<SpendOrder, 'caps' | 'priceMicros'> & { costMicros: number; ids: readonly string[] }): Promise<void>
  /** Adds one to what was proven in that hour. */
  proven(tallyIds: readonly string[], hour: Date): Promise<void>
  /** The caps that have no room for the price, and the tallies. Reads only. */
  look(at: {
    day: string
    hour: Date
    priceMicros: number
    caps: readonly SpendCap[]
    tallyIds: readonly string[]
  }): Promise<{ full: string[]; tallies: Tally[] }>
  /** What was spent on a day by each of the counters, and the tallies. Reads only. */
  measure(at: { day: string; hour: Date; ids: readonly string[] }): Promise<{
    spent: { id: string; spentMicros: number }[]
    tallies: Tally[]
  }>
}
