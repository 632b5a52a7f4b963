import type { Tx } from '../base/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

/** How many rows there are of what a restore to an earlier moment makes good again. */
export interface RestoredCounts {
  /** Sessions, codes, tokens, grants and interactions of the engine. */
  records: number
  /** Sign-ins under way, with their links and codes. */
  signIns: number
  /** Sessions on the account page and the console. */
  sessions: number
  rememberedDevices: number
  /** Mails and texts that were to go out. */
  messages: number
  jobs: number
  /** Invitations that a role waits in. */
  invitations: number
  idempotentAnswers: number
  authenticators: number
}

/** What nobody can know after a restore, and what stays therefore. */
export interface LeftCounts {
  accounts: number
  /** Accounts with a role. */
  administrators: number
  /** Recovery codes that count as unused. */
  recoveryCodes: number
  consents: number
  clients: number
  invitations: number
  /** Addresses that are to come or to go. */
  addressChanges: number
  closingAccounts: number
  /** Addresses and numbers that are not written to: who said so since is missing. */
  suppressedAddresses: number
  signingKeys: number
  /** When the newest of them was made; null where there is none. */
  newestSigningKey: Date | null
}

const WAITING = `state in ('queued', 'sending', 'deferred')`

const COUNT: Statement = {
  name: 'restored_count',
  text: `
    select (select count(*)::int from oidc_record) as records,
      (select count(*)::int from attempt) as "signIns",
      (select count(*)::int from account_session) as sessions,
      (select count(*)::int from remembered_device) as "rememberedDevices",
      (select count(*)::int from delivery where ${WAITING}) as messages,
      (select count(*)::int from graphile_worker._private_jobs) as jobs,
      (select count(*)::int from invitation where role is not null) as invitations,
      (select count(*)::int from idempotent_answer) as "idempotentAnswers",
      (select count(*)::int from credential where kind = 'totp') as authenticators`,
}

const INSTANCES: Statement = {
  name: 'restored_instances',
  text: `
    select count(*)::int as connections from pg_stat_activity
    where datname = current_database() and application_name in ('doorward queue', 'doorward presence', 'doorward notices')`,
}

const simple = (name: string, text: string): Statement => ({ name: `restored_${name}`, text })

const ENDED: readonly Statement[] = [
  simple('records', 'delete from oidc_record'),
  simple('attempts', 'delete from attempt'), // with their challenges; what was sent stays, to be asked about
  simple('sessions', 'delete from account_session'),
  simple('devices', 'delete from remembered_device'),
  simple('messages', `update delivery set state = 'expired', claimed_until = null where ${WAITING}`),
  simple('jobs', 'delete from graphile_worker._private_jobs'), // those of the timetable come back by themselves
  simple('invitations', 'delete from invitation where role is not null'),
  simple('answers', 'delete from idempotent_answer'),
  // Somebody may have stopped it since: what was told then is not known any more.
  simple('rescues', `delete from rescue where state = 'waiting'`),
  simple('ceremonies', 'delete from passkey_ceremony'), // what was signed since has been used
  // Where nobody was an administrator yet, the next start makes another link.
  simple('admin_link', 'update deployment set admin_nonce = null, admin_link_expires_at = null where admin_claimed_at is null'),
]

// every code up to this step is refused, as if each had been used.
const STEPS = simple('steps', `update credential set counter = $1 where kind = 'totp' and counter < $1`)

/** What `after-restore` needs of the tables. */
export function createAfterRestoreStore(db: Pick<Database, 'run' | 'orm'>) {
  return {
    count: async (): Promise<RestoredCounts> => (await db.run<RestoredCounts>(COUNT, []))[0] as RestoredCounts,
    async left(now: Date): Promise<LeftCounts> {
      const orm = await db.orm()
      const keys = await orm.signingKey.aggregate({ _count: true, _max: { createdAt: true } })
      return {
        accounts: await orm.account.count(),
        administrators: await orm.account.count({ where: { role: { not: null } } }),
        recoveryCodes: await orm.credential.count({ where: { kind: 'recovery', counter: 0, removedAt: null } }),
        consents: await orm.consent.count(),
        clients: await orm.client.count({ where: { source: { not: 'removed' } } }),
        invitations: await orm.invitation.count(),
        addressChanges: await orm.address.count({ where: { OR: [{ leavesAt: { gt: now } }, { usableFrom: { gt: now } }] } }),
        closingAccounts: await orm.account.count({ where: { closingAt: { gt: now } } }),
        suppressedAddresses: await orm.suppression.count(),
        signingKeys: keys._count,
        newestSigningKey: keys._max.createdAt,
      }
    },
    /** Whether a service works on this database now. */
    isServed: async (): Promise<boolean> => ((await db.run<{ connections: number }>(INSTANCES, []))[0]?.connections ?? 0) > 0,
    /** Ends all of it in the caller's transaction; codes of authenticators count as used up to `totpStep`. */
    async end(tx: Tx, totpStep: number): Promise<RestoredCounts> {
      const [counts] = await runIn<RestoredCounts>(tx, COUNT, [])
      for (const statement of ENDED) await runIn(tx, statement, [])
      await runIn(tx, STEPS, [totpStep])
      return counts as RestoredCounts
    },
  }
}
