import type { EmailAddress } from '../base/index.ts'

export type AccountState = 'active' | 'suspended' | 'closed'

/** One person. `id` is the subject (`sub`): random, never an address, never used again. */
export interface Account {
  id: string
  state: AccountState
  /** Standard claims by their names in OpenID Connect Core §5.1. */
  profile: Readonly<Record<string, unknown>>
  /** BCP 47 tag of the language the person used when the account was made. */
  locale: string | null
  createdAt: Date
  /** The primary address; null when the account has none. */
  email: EmailAddress | null
  emailProvenAt: Date | null
}
