import type { EventEntry } from './event-entry.ts'

/** What happens to an account, and what its person does about it. */
export const accountEvents = {
  'account.created': { level: 'info', kept: true, detail: {}, help: 'A first proof of an address made an account.' },
  'address.proven': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'An address was proven to belong to an account.',
  },
  'address.released': {
    level: 'warn',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'A number that was not proven for long was taken from its account, which has no other address; a new account begins.',
  },
  'address.died': {
    level: 'warn',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'A message to an address came back for good: its proof alone opens its account no more.',
  },
  'address.revived': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'An address that messages had come back from was proven again beside something else, or an administrator let it take messages again.',
  },
  'address.proof_started': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'A code was sent to an address that somebody who is signed in wants to add, or to change to.',
  },
  'address.proof_given': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'That code was typed. Whether the account gets the address is told by `address.added` or `address.change_asked`.',
  },
  'address.added': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'A further address that was proven opens the account from now on.',
  },
  'address.change_asked': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'An address is to take the place of another one, or to become the primary one, after the hold-off.',
  },
  'address.removed': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'An address is to leave the account after the hold-off.',
  },
  'address.kept': {
    level: 'info',
    kept: true,
    detail: { kind: 'text', address: 'address' },
    help: 'What was to come about addresses of this kind was stopped.',
  },
  'factor.added': {
    level: 'info',
    kept: true,
    detail: { method: 'text' },
    help: 'A factor was set up and proven once.',
  },
  'factor.removed': {
    level: 'info',
    kept: true,
    detail: { method: 'text' },
    help: 'A factor was removed; it counts for nothing since.',
  },
  'second.always': {
    level: 'info',
    kept: true,
    detail: {},
    help: 'A person wants one of their passkeys asked for in every sign-in; from then on it is a second factor.',
  },
  'second.no_longer': {
    level: 'info',
    kept: true,
    detail: {},
    help: 'A person wants that no more: their passkeys are a way in, and no second factor.',
  },
  'codes.replaced': { level: 'info', kept: true, detail: {}, help: 'New recovery codes were made; the old ones ended.' },
  'device.new': {
    level: 'info',
    kept: true,
    detail: {},
    help: 'Somebody signed in to an account from a browser that had not signed in with its address before.',
  },
  'device.forgotten': { level: 'info', kept: true, detail: {}, help: 'A remembered browser is asked for a second factor again.' },
  'profile.changed': { level: 'info', kept: true, detail: {}, help: 'A person changed what their profile says.' },
  'notice.objected': {
    level: 'warn',
    kept: true,
    detail: { kind: 'text' },
    help: 'A person said by the link of a mail that it was not they who did it (`kind`): it was undone, and every session ended.',
  },
  'account.exported': {
    level: 'info',
    kept: true,
    detail: {},
    help: 'All that is kept about a person was downloaded: by them, or by the administrator whom the row names.',
  },
  'account.closing': {
    level: 'warn',
    kept: true,
    detail: {},
    help: 'A person asked for their account to be deleted; until the end of the grace period they can keep it.',
  },
  'account.kept': { level: 'info', kept: true, detail: {}, help: 'A person keeps the account that was to be deleted.' },
  'account.erased': { level: 'info', kept: true, detail: {}, help: 'An account and all that belonged to it was deleted.' },
} as const satisfies Record<string, EventEntry>
