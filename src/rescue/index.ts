// rescue: getting back in after a second factor was lost. Whoever proves the account's mailbox, and its number where it
// has one, waits; the person is told on every channel and stops it by one tap; after the wait another factor takes the
// place of all there were. It owns the wait, who may begin and end it, and what it changes; it knows no page, and the
// factor itself is set up in signin.
// Table: rescue. Requirements, V-16, V-25, V-31.
export type { Begun, BegunByAdmin, MayRescue } from './begin.ts'
export type { RescueDeps, RescuePolicy } from './deps.ts'
export type { LockedAccount, Rescue, RescueEnd, RescueStore, RescueView } from './rescue.ts'
export { createRescues, type Rescues } from './rescues.ts'
export type { StoppedBy } from './stop.ts'
