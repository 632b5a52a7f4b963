import { type Address, type EmailAddress, isEmail, maskPhone, type PhoneNumber } from '../base/index.ts'

export type AccountState = 'active' | 'suspended' | 'closed'

/** One person, with the primary ones of their addresses. `id` is the subject (`sub`): random, never an address, never used again. */
export interface Account {
  id: string
  state: AccountState
  /** Standard claims by their names in OpenID Connect Core §5.1. */
  profile: Readonly<Record<string, unknown>>
  /** BCP 47 tag of the language the person used when the account was made. */
  locale: string | null
  createdAt: Date
  /** The person asked for it to be deleted: from then on it is closed, and erased. Null when nobody did. */
  closingAt: Date | null
  /** Null when the account has none. */
  email: EmailAddress | null
  emailProvenAt: Date | null
  /** Null when the account has none. */
  phone: PhoneNumber | null
  /** When the number was proven last: numbers pass to other people. */
  phoneProvenAt: Date | null
  /** How many authenticators every sign-in asks for one of: apps that were proven once, and passkeys where wanted so. */
  authenticators: number
  passkeys: number
  /** A passkey is asked for in every sign-in: the person wants it so, or administers. */
  demandsSecond: boolean
  /** When the person got back in by a rescue, after a second factor was lost; null for never. */
  recoveredAt: Date | null
  /** When that rescue was begun. */
  recoveryStartedAt: Date | null
}

/** An account without what a sign-in may ask its person for: enough for whoever holds a token of theirs. */
export type Identity = Omit<Account, 'authenticators' | 'passkeys' | 'demandsSecond'>

/** What an account goes by for people: its email address, else its number; null when it has neither. */
export function handleOf(account: Account): Address | null {
  return account.email ?? account.phone
}

/** The same in words, for the person's own eyes: an email address in full, a number masked; empty when there is neither. */
export function nameOf(account: Account): string {
  const handle = handleOf(account)
  if (!handle) return ''
  return isEmail(handle) ? handle : maskPhone(handle)
}

/** Two characters to stand for an account: the first two of an email address, the last two of a number. */
export function initialsOf(account: Account): string {
  const handle = handleOf(account)
  if (!handle) return ''
  return isEmail(handle) ? handle.slice(0, 2).toUpperCase() : handle.slice(-2)
}
