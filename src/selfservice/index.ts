// selfservice: what a person can do about their own account. Each verb is one transaction of change, audit row and
// notice. That the proof of who asks is fresh and strong enough is seen to before, by the account page's guards.
// Tables: none of its own. Requirements.
export {
  type Actor,
  type AppAccess,
  type KeepCodes,
  type RoleVerbs,
  type SelfserviceDeps,
  SessionEnded,
  type SignedInSession,
} from './deps.ts'
export { createExporter, type RescueHistory } from './exporter.ts'
export { createSelfservice, type Selfservice } from './selfservice.ts'
