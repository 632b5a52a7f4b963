// limits: how often something may be asked for — by address, by network, by client and in all — and how many
// wrong codes in a row an address may see. It counts and says for how long; how a limit is written is config's
// business, and what is refused, in which words, the caller's.
// Tables: limit_counter, guess_counter. Requirements. RFC 6585 §4.
export { createGuesses, type Guesses, type GuessStore } from './guesses.ts'
export { ipSubject } from './ip-subject.ts'
export { createLimits, type LimitCount, type LimitRequest, type LimitStore, type Limits, type Taken } from './limits.ts'
export { createLocalLimits, type LocalLimits } from './local-limits.ts'
