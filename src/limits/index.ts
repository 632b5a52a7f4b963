// limits: how often something may be asked for — by address, by network, by client and in all —, how many wrong codes
// in a row an address may see, and what text messages may cost. It counts and says for how long; how a limit is written
// is config's business, what is refused, in which words, the caller's, and sending is delivery's.
// Tables: limit_counter, guess_counter, spend_counter, text_tally, and what a delivery cost.
// Requirements. RFC 6585 §4, ISO 3166-1, ISO 4217.
export { type BudgetDeps, createBudget, type TextBudget } from './budget/budget.ts'
export { type PricesResult, type PriceTable, priceOf, readPrices, shippedPrices } from './budget/prices.ts'
export type { BudgetStore, Reserved, SpendCap, SpendOrder, Tally } from './budget/store.ts'
export type { WorstCase } from './budget/worst-case.ts'
export { createGuesses, type Guesses, type GuessStore } from './guesses.ts'
export { ipSubject } from './ip-subject.ts'
export { createLimits, type LimitCount, type LimitRequest, type LimitStore, type Limits, type Taken } from './limits.ts'
export { createLocalLimits, type LocalLimits } from './local-limits.ts'
