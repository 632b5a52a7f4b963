// selfservice: what a person can do about their own account. Each verb is one transaction of change, audit row and
// notice. Whether the proof of who asks is fresh and strong enough is asked by `fresh.ts`; the pages decide where.
// Tables: none of its own. Requirements.
export type { Actor, AppAccess, Exported, Selfservice, SelfserviceDeps } from './selfservice.ts'
