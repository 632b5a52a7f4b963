import type { Address } from '../base/index.ts'
import { accountEvents } from './account-events.ts'
import { adminEvents } from './admin-events.ts'
import type { DetailKind, EventEntry } from './event-entry.ts'
import { keyEvents } from './key-events.ts'
import { rescueEvents } from './rescue-events.ts'

/** Every event, with its level, its fields and one line for the manual. What is not listed here cannot be recorded. */
export const events = {
  'service.started': { level: 'info', kept: true, detail: { version: 'text' }, help: 'An instance began to serve.' },
  'service.restored': {
    level: 'warn',
    kept: true,
    detail: { records: 'number', sessions: 'number', messages: 'number', jobs: 'number', invitations: 'number' },
    help: 'After a restore to an earlier moment everything was ended that could have been used since: `after-restore` was run.',
  },
  'secrets.exchanged': {
    level: 'info',
    kept: true,
    detail: { newest: 'text' },
    help: 'Another one of `SECRETS` (`newest`: its id) seals and signs from now on.',
  },
  'sign_in.started': {
    level: 'info',
    kept: true,
    detail: { method: 'text', knownBrowser: 'flag' },
    optional: { address: 'address' },
    help: 'An attempt to sign in began: its message was queued, or (`method`: passkey) it began with a passkey.',
  },
  'sign_in.code_wrong': {
    level: 'warn',
    kept: true,
    detail: { method: 'text', tries: 'number' },
    help: 'A wrong code was typed; `tries` counts those of this challenge.',
  },
  'sign_in.code_closed': {
    level: 'warn',
    kept: true,
    detail: { method: 'text', scope: 'text' },
    help: 'Codes are closed after too many wrong ones, for the challenge or (`scope`: address) for the address; the link still works.',
  },
  'sign_in.proven': {
    level: 'info',
    kept: true,
    detail: { method: 'text', face: 'text' },
    help: 'A method was proven, by `face`: link, code or passkey.',
  },
  'passkey.wrong': {
    level: 'warn',
    kept: false,
    detail: { reason: 'text' },
    help: 'What a passkey is said to have signed was refused (`reason`): the challenge is none that stands here, no such passkey is known, or the assertion is wrong. Whoever sent it was told the same in each case.',
  },
  'passkey.counter_back': {
    level: 'warn',
    kept: true,
    detail: { credentialId: 'text' },
    help: 'A passkey signed rightly, with a counter that was used before: somebody may have a copy of it. The sign-in was refused; the passkey stays.',
  },
  'passkey.backup_changed': {
    level: 'warn',
    kept: true,
    detail: { credentialId: 'text' },
    help: 'A passkey signed rightly, and says of itself otherwise than before whether it can be copied. The sign-in was refused; the passkey stays.',
  },
  'sign_in.digits_named': {
    level: 'info',
    kept: true,
    detail: { right: 'flag' },
    help: 'The last digits of the number on file were named; a text went out only where they were right.',
  },
  'sign_in.second_needed': {
    level: 'info',
    kept: true,
    detail: { method: 'text', face: 'text' },
    help: 'A method was proven that is not enough by itself, such as a number that was not proven for long.',
  },
  'sign_in.second_asked': {
    level: 'info',
    kept: true,
    detail: { asks: 'text' },
    help: 'Something was proven, and a second factor is asked for, or set up first (`asks`: enrol).',
  },
  'sign_in.unmet': {
    level: 'warn',
    kept: true,
    detail: {},
    help: 'What an application insists on (an essential `acr`) cannot be had; it was told so.',
  },
  'sign_in.second_started': {
    level: 'info',
    kept: true,
    detail: { method: 'text', address: 'address', knownBrowser: 'flag' },
    help: 'The message for a second proof was queued.',
  },
  'text.closed': {
    level: 'warn',
    kept: false,
    detail: {},
    help: 'A text message was asked for while none may be sent there: a cap was reached, or too few codes were typed.',
  },
  'proof_of_work.refused': {
    level: 'warn',
    kept: false,
    detail: {},
    help: 'A proof of work was wrong or out of time.',
  },
  'sign_in.refused': {
    level: 'warn',
    kept: true,
    detail: { reason: 'text' },
    help: 'The address was proven, yet nobody was signed in: sign-up is closed, or the account is.',
  },
  'sign_in.completed': {
    level: 'info',
    kept: true,
    detail: { amr: 'text', acr: 'text' },
    optional: { seconds: 'number' },
    help: 'A session was made, `seconds` after the application asked for it.',
  },
  ...accountEvents,
  ...rescueEvents,
  ...adminEvents,
  ...keyEvents,
  'message.queued': {
    level: 'info',
    kept: true,
    detail: { deliveryId: 'text', channel: 'text', message: 'text' },
    help: 'A message was queued.',
  },
  'message.handed_over': {
    level: 'info',
    kept: true,
    detail: { deliveryId: 'text', channel: 'text', route: 'text' },
    optional: { seconds: 'number' },
    help: 'The next server took the message, `seconds` after it was queued.',
  },
  'message.deferred': {
    level: 'warn',
    kept: true,
    detail: { deliveryId: 'text', channel: 'text', route: 'text', reason: 'text' },
    help: 'The message could not be handed over yet and will be tried again; `reason` is a class such as smtp_421.',
  },
  'message.refused': {
    level: 'warn',
    kept: true,
    detail: { deliveryId: 'text', channel: 'text', route: 'text', reason: 'text' },
    help: 'The message will not be sent: the next server refused it for good, its address takes none, or the budget of texts does not allow it.',
  },
  'message.expired': {
    level: 'info',
    kept: true,
    detail: { deliveryId: 'text', channel: 'text' },
    help: 'The message was given up: what it is for had ended, or nobody knows whether it was taken.',
  },
  'message.delivered': {
    level: 'info',
    kept: true,
    detail: { deliveryId: 'text', channel: 'text' },
    help: 'A receipt said that the message arrived.',
  },
  'message.bounced': {
    level: 'warn',
    kept: true,
    detail: { channel: 'text', reason: 'text' },
    optional: { deliveryId: 'text' },
    help: 'A receipt said that the message did not arrive, or that its address takes none.',
  },
  'consent.granted': {
    level: 'info',
    kept: true,
    detail: { scopes: 'text' },
    help: 'A person agreed to what an application asked for.',
  },
  'consent.cancelled': { level: 'info', kept: true, detail: {}, help: 'A person did not agree.' },
  'consent.revoked': { level: 'info', kept: true, detail: {}, help: 'A person or an administrator took the agreement back.' },
  'session.ended': { level: 'info', kept: true, detail: { reason: 'text' }, help: 'A session was ended before its time.' },
  'token.issued': {
    level: 'info',
    kept: true,
    detail: { grantType: 'text' },
    optional: { scopes: 'text', resource: 'text' },
    help: 'Tokens were issued for a code or for a client itself. That a client got a JWT for itself is counted and logged, and has no row.',
  },
  'token.refreshed': {
    level: 'info',
    kept: true,
    detail: {},
    optional: { scopes: 'text', resource: 'text' },
    help: 'A refresh token was exchanged for new tokens.',
  },
  'token.reuse_detected': {
    level: 'warn',
    kept: true,
    detail: { kind: 'text' },
    help: 'A code or refresh token came a second time; what had come of it was revoked.',
  },
  'token.revoked': { level: 'info', kept: true, detail: { kind: 'text' }, help: 'A client gave a token back.' },
  'client.applied': {
    level: 'info',
    kept: true,
    detail: { source: 'text', change: 'text' },
    help: 'A registered client was created, updated or removed by the clients file, or left to the console by `release-clients-file`.',
  },
  'client.authentication_failed': {
    level: 'warn',
    kept: false,
    detail: { reason: 'text' },
    help: 'A client could not prove itself at the token endpoint.',
  },
  'limit.reached': {
    level: 'warn',
    kept: false,
    detail: { limit: 'text', retryAfterSeconds: 'number' },
    help: 'A request was refused because a limit was used up.',
  },
} as const satisfies Record<string, EventEntry>

export type EventName = keyof typeof events

/** Events that have a row, and so can be recorded in a transaction. */
export type KeptEventName = { [E in EventName]: (typeof events)[E]['kept'] extends true ? E : never }[EventName]

interface DetailTypes {
  text: string
  number: number
  flag: boolean
  address: Address
}

type Typed<D> = { [F in keyof D]: D[F] extends DetailKind ? DetailTypes[D[F]] : never }
type OptionalDetail<E extends EventName> = (typeof events)[E] extends { optional: infer O } ? Partial<Typed<O>> : unknown

/** The detail of one event, by the catalogue. */
export type EventDetail<E extends EventName> = Typed<(typeof events)[E]['detail']> & OptionalDetail<E>

/** Who did it, where, and in which request; whatever is known. */
export interface EventWho {
  accountId?: string | null | undefined
  clientId?: string | null | undefined
  attemptId?: string | null | undefined
  /** Who did it, where it was not the person: an account, a client, or `local`. */
  actorId?: string | null | undefined
  requestId?: string | null | undefined
  ip?: string | null | undefined
  /** Browser and system in words, as shown to people. */
  device?: string | null | undefined
}

/** What is said about an event: who and where, and its detail where the event has any. */
export type EventFields<E extends EventName> = EventWho &
  (keyof (typeof events)[E]['detail'] extends never ? { detail?: EventDetail<E> } : { detail: EventDetail<E> })
