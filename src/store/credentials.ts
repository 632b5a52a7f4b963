import type { Credential, CredentialStore, OwnedCredential, PasskeyStore } from '../factors/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = `id, kind, data, label, counter, external_id as "externalId", proven_at as "provenAt",
  last_used_at as "lastUsedAt", created_at as "createdAt"`

// The one used last first, as people are offered them. One that was removed is none, wherever it is asked for.
const OF_ACCOUNT: Statement = {
  name: 'credentials_of_account',
  text: `
    select ${COLUMNS}
    from credential where account_id = $1 and removed_at is null
    order by last_used_at desc nulls last, created_at, id`,
}

const ADD: Statement = {
  name: 'credentials_add',
  text: `insert into credential (id, account_id, kind, data, label, proven_at, created_at) values ($1, $2, $3, $4, $5, $6, $7)`,
}

// Of several at once each waits for the row and looks at it again: one finds it as it must be.
const PROVEN: Statement = {
  name: 'credentials_proven',
  text: `
    update credential set proven_at = $3, last_used_at = $3, counter = $2
    where id = $1 and proven_at is null and removed_at is null and counter < $2 returning id`,
}

// what is used up, and all below it, is refused from now on, on every instance.
const BURN: Statement = {
  name: 'credentials_burn',
  text: `
    update credential set counter = $2, last_used_at = $3
    where id = $1 and proven_at is not null and removed_at is null and counter < $2 returning id`,
}

const REMOVE_UNPROVEN: Statement = {
  name: 'credentials_remove_unproven',
  text: 'delete from credential where account_id = $1 and kind = $2 and proven_at is null and label = $3',
}

const LOCK_ACCOUNT: Statement = {
  name: 'credentials_lock_account',
  text: 'select id from account where id = $1 for no key update',
}

const REMOVE_KIND: Statement = {
  name: 'credentials_remove_kind',
  text: 'delete from credential where account_id = $1 and kind = $2',
}

const RENAME: Statement = {
  name: 'credentials_rename',
  text: 'update credential set label = $2 where id = $1 and account_id = $3 and removed_at is null',
}

// The row stays for a while: its person may object.
const REMOVE: Statement = {
  name: 'credentials_remove',
  text: 'update credential set removed_at = $3 where id = $1 and account_id = $2 and removed_at is null returning id',
}

const RESTORE: Statement = {
  name: 'credentials_restore',
  text: 'update credential set removed_at = null where id = $1 and account_id = $2 and removed_at is not null returning id',
}

const DISCARD: Statement = { name: 'credentials_discard', text: 'delete from credential where id = $1 and account_id = $2' }

const RESTORE_BETWEEN: Statement = {
  name: 'credentials_restore_between',
  text: `update credential set removed_at = null
    where account_id = $1 and kind = $2 and proven_at is not null and removed_at >= $3 and removed_at < $4`,
}

const BY_EXTERNAL_ID: Statement = {
  name: 'credentials_by_external_id',
  text: `
    select ${COLUMNS}, account_id as "accountId"
    from credential where external_id = $1 and proven_at is not null and removed_at is null`,
}

// the unique index decides, over all accounts and those that were removed.
const ADD_PASSKEY: Statement = {
  name: 'credentials_add_passkey',
  text: `
    insert into credential (id, account_id, kind, data, label, proven_at, created_at, counter, external_id)
    values ($1, $2, 'passkey', $3, $4, $5, $5, $6, $7) on conflict (external_id) do nothing returning id`,
}

const USED_PASSKEY: Statement = {
  name: 'credentials_used_passkey',
  text: `
    update credential set counter = $2, data = $3, last_used_at = $4
    where id = $1 and proven_at is not null and removed_at is null and (counter < $2 or counter = 0 and $2 = 0) returning id`,
}

const DEMAND: Statement = {
  name: 'credentials_demand',
  text: 'update account set demands_second = $2 where id = $1 and demands_second <> $2 returning id',
}

type Row = Omit<Credential, 'counter'> & { counter: string }

/** What people set up to prove who they are, in `credential`. */
export function createCredentialStore(db: Database): CredentialStore & PasskeyStore {
  return {
    ofAccount: async (accountId) => (await db.run<Row>(OF_ACCOUNT, [accountId])).map(read),
    ofAccountIn: async (tx, accountId) => (await runIn<Row>(tx, OF_ACCOUNT, [accountId])).map(read),
    async lock(tx, accountId) {
      await runIn(tx, LOCK_ACCOUNT, [accountId])
    },
    async add(tx, accountId, { id, kind, data, label, provenAt, now }) {
      await runIn(tx, ADD, [id, accountId, kind, data, label, provenAt, now])
    },
    proven: async (tx, id, counter, now) => (await runIn(tx, PROVEN, [id, counter, now])).length === 1,
    burn: async (tx, id, counter, now) => (await runIn(tx, BURN, [id, counter, now])).length === 1,
    async removeUnproven(tx, accountId, kind, label) {
      await runIn(tx, REMOVE_UNPROVEN, [accountId, kind, label])
    },
    // A statement of its own: the one after it sees what another transaction added while this one waited, so that of
    // two new sets at once only one stays.
    async removeKind(tx, accountId, kind) {
      await runIn(tx, LOCK_ACCOUNT, [accountId])
      await runIn(tx, REMOVE_KIND, [accountId, kind])
    },
    async rename(tx, accountId, id, label) {
      await runIn(tx, RENAME, [id, label, accountId])
    },
    remove: async (tx, accountId, id, now) => (await runIn(tx, REMOVE, [id, accountId, now])).length === 1,
    discard: async (tx, accountId, id) => void (await runIn(tx, DISCARD, [id, accountId])),
    restoreBetween: async (tx, accountId, kind, from, before) =>
      void (await runIn(tx, RESTORE_BETWEEN, [accountId, kind, from, before])),
    async byExternalId(externalId) {
      const row = (await db.run<Row & { accountId: string }>(BY_EXTERNAL_ID, [externalId]))[0]
      return row ? (read(row) as OwnedCredential) : null
    },
    async addPasskey(tx, accountId, { id, externalId, data, label, counter, now }) {
      const values = [id, accountId, data, label, now, counter, externalId]
      return (await runIn(tx, ADD_PASSKEY, values)).length === 1
    },
    usedPasskey: async (tx, id, { counter, data }, now) => (await runIn(tx, USED_PASSKEY, [id, counter, data, now])).length === 1,
    demand: async (tx, accountId, always) => (await runIn(tx, DEMAND, [accountId, always])).length === 1,
    restore: async (tx, accountId, id) => (await runIn(tx, RESTORE, [id, accountId])).length === 1,
  }
}

// The driver reads a bigint as text.
function read(row: Row): Credential {
  return { ...row, counter: BigInt(row.counter) }
}
