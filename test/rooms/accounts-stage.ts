import {
  type Accounts,
  type Addresses,
  type Closing,
  createAccounts,
  createAddresses,
  createClosing,
  createProfiles,
  type Profiles,
  type ProvenAddress,
} from '../../src/accounts/index.ts'
import { createAudit } from '../../src/audit/index.ts'
import {
  type Address,
  addSeconds,
  createLog,
  createMetrics,
  type EmailAddress,
  isEmail,
  type PhoneNumber,
  parseEmailAddress,
  parsePhoneNumber,
} from '../../src/base/index.ts'
import type { Signup } from '../../src/config/index.ts'
import {
  afterCommit,
  createAccountStore,
  createAddressStore,
  createAuditStore,
  createClosingStore,
  createProfileStore,
  type Database,
  openDatabase,
} from '../../src/store/index.ts'
import { freshDatabase } from '../support/database.ts'

export const START = new Date('2030-01-01T00:00:00.900Z')
export const PHONE_PROOF_AGE_SECONDS = 180 * 86_400

/** Accounts on one database, seen by two instances, with a clock that moves when it is told to. */
export async function startAccounts() {
  let now = START
  const clock = { now: () => now }
  const log = createLog('silent')
  const url = await freshDatabase()
  const open = () => openDatabase({ url, poolSize: 10, log, metrics: createMetrics(), clock })
  const [one, two] = [open(), open()]

  const phoneProofAgeSeconds = PHONE_PROOF_AGE_SECONDS
  const auditOn = (db: Database) =>
    createAudit({ store: createAuditStore(db), afterCommit, clock, log, metrics: createMetrics() })

  function accountsOn(db: Database, signup: Signup = { kind: 'open' }): Accounts {
    return createAccounts({ store: createAccountStore(db), audit: auditOn(db), clock, signup, phoneProofAgeSeconds })
  }

  function addressesOn(db: Database): Addresses {
    return createAddresses({ store: createAddressStore(db), audit: auditOn(db), clock, phoneProofAgeSeconds })
  }

  function closingOn(db: Database, batchSize = 100): Closing {
    const { transact } = db
    return createClosing({ store: createClosingStore(), audit: auditOn(db), transact, clock, batchSize })
  }

  /** An account that begins with the proof of this address. */
  async function begun(address: Address): Promise<string> {
    const proven = await one.transact((tx) => accountsOn(one).prove(tx, proofOf(address)))
    if (proven.outcome !== 'created') throw new Error(proven.outcome)
    return proven.account.id
  }

  return {
    url,
    one,
    two,
    clock,
    accountsOn,
    addressesOn,
    closingOn,
    profiles: createProfiles({ store: createProfileStore(), clock }) satisfies Profiles,
    begun,
    /** Moves the clock to so many seconds after `START`. */
    at(seconds: number): void {
      now = addSeconds(START, seconds)
    },
    stop: () => Promise.all([one.close(), two.close()]),
  }
}

export type AccountsStage = Awaited<ReturnType<typeof startAccounts>>

export function email(text: string): EmailAddress {
  const parsed = parseEmailAddress(text)
  if (!parsed) throw new Error(`${text} is no address`)
  return parsed
}

export function phone(text: string): PhoneNumber {
  const read = parsePhoneNumber(text, null)
  if (read.outcome !== 'fit') throw new Error(`${text} takes no texts`)
  return read.number
}

export function proofOf(address: Address): ProvenAddress {
  return { kind: isEmail(address) ? 'email' : 'phone', address, locale: 'de', attemptId: 'attempt-1', clientId: 'app' }
}
