import type { Account, Addresses, Profiles } from '../../accounts/index.ts'
import type { Audit } from '../../audit/index.ts'
import type { Address, Tx } from '../../base/index.ts'
import type { MessageReaderStore } from '../../delivery/index.ts'
import type { Demander, KeptFactors } from '../../factors/index.ts'
import type { Notices } from '../../notices/index.ts'
import type { Rescues } from '../../rescue/index.ts'
import type { EntriesAbout } from '../audit/entry-view.ts'
import type { Cursors } from '../cursor.ts'
import type { ImportStore, InvitationStore, PeopleStore, RoleStore } from './stores.ts'

/** A session of the engine. */
interface SignedInSession {
  uid: string
  device: string | null
  signedInAt: Date
  lastSeenAt: Date
  clientIds: readonly string[]
}

/** An application that has access to an account. */
interface AppAccess {
  clientId: string
  name: string
  scopes: readonly string[]
  since: Date
  lastUsedAt: Date | null
}

export interface PeopleDeps {
  store: PeopleStore
  roles: RoleStore
  invitations: InvitationStore
  imports: ImportStore
  accounts: { find(id: string): Promise<Account | null> }
  addresses: Pick<Addresses, 'ofAccount' | 'keepAll'>
  profiles: Pick<Profiles, 'save'>
  kept: Pick<KeptFactors, 'ofAccount' | 'ofAccountIn' | 'remove'>
  /** Whether one of a person's passkeys is asked for in every sign-in. */
  demand: {
    /** Who wants it so. Until `tx` ends nobody else changes it. */
    by(tx: Tx, accountId: string): Promise<Demander>
    /** False where it was so before. */
    set(tx: Tx, accountId: string, always: boolean): Promise<boolean>
  }
  notices: Pick<Notices, 'tell'>
  rescues: Pick<Rescues, 'open' | 'beginByAdmin' | 'shorten' | 'cancelIn' | 'spans'>
  /** Living sessions of the engine. */
  sessions: {
    ofAccount(accountId: string): Promise<SignedInSession[]>
    end(tx: Tx, accountId: string, uid: string): Promise<boolean>
    /** `offline`: every code, token and grant ends as well, and what was proven and is no session yet. */
    endAll(tx: Tx, accountId: string, which: { except: string | null; offline: boolean }): Promise<number>
  }
  connections: {
    ofAccount(accountId: string): Promise<AppAccess[]>
    revoke(tx: Tx, accountId: string, clientId: string): Promise<boolean>
  }
  devices: {
    ofAccount(accountId: string, now: Date): Promise<{ label: string; createdAt: Date; lastUsedAt: Date; expiresAt: Date }[]>
    forgetAll(tx: Tx, accountId: string): Promise<void>
  }
  /** Rows of the trail about one person. */
  entriesAbout: EntriesAbout
  messages: Pick<MessageReaderStore, 'list'>
  /** Reads all that is kept about a person. */
  exporter(accountId: string): Promise<Readonly<Record<string, unknown>>>
  /** Queues the mail that tells of an invitation. */
  mailInvitation(tx: Tx, address: Address, locale: string, giveUpAt: Date): Promise<void>
  /** "An administrator", in the person's language: what a notice names in place of a device. */
  adminInWords(locale: string): string
  /** The keyed hash by which an address is remembered. */
  addressKey(address: Address): string
  cursors: Cursors
  audit: Pick<Audit, 'record' | 'note'>
  /** The resource indicator of the admin API. */
  adminApi: string
  /** The language of people who have none. */
  defaultLocale: string
  /** Of numbers without a country code. */
  phoneCountry: string | null
  /** For so long an account that is to be deleted can be kept. */
  graceSeconds: number
  /** The least wait of a rescue that an administrator begins or shortens. */
  rescueMinSeconds: number
}
