import type { Account, AccountStore } from '../accounts/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = `
  a.id, a.state, a.profile, a.locale, a.created_at as "createdAt", e.canonical as email, e.proven_at as "emailProvenAt",
  p.canonical as phone, p.proven_at as "phoneProvenAt", (
    select count(*)::int from credential c where c.account_id = a.id and c.kind = 'totp' and c.proven_at is not null
  ) as authenticators`

/** An address that is the account's and opens it, at the moment `$now`. */
const COUNTS = (address: string, now: string) =>
  `${address}.usable_from <= ${now}::timestamptz and (${address}.leaves_at is null or ${address}.leaves_at > ${now}::timestamptz)`

// Of each kind the primary one: a change that is to come has not happened, whether swept or not.
const PRIMARY = (alias: string, kind: 'email' | 'phone', now: string) => `
    left join lateral (
      select canonical, proven_at from address own
      where own.account_id = a.id and own.kind = '${kind}' and ${COUNTS('own', now)} and own.primary_from <= ${now}::timestamptz
      order by own.primary_from desc limit 1
    ) ${alias} on true`

const ADDRESSES = (now: string) => PRIMARY('e', 'email', now) + PRIMARY('p', 'phone', now)

const FIND: Statement = {
  name: 'accounts_find',
  text: `
    select ${COLUMNS} from account a ${ADDRESSES('$2')}
    where a.id = $1`,
}

const BY_ADDRESS: Statement = {
  name: 'accounts_by_address',
  text: `
    select ${COLUMNS} from address proven
    join account a on a.id = proven.account_id ${ADDRESSES('$3')}
    where proven.kind = $1 and proven.canonical = $2 and ${COUNTS('proven', '$3')}`,
}

// The address is the lock: its primary key lets one of parallel inserts win, and the account follows only then.
// The foreign key is checked at the end of the statement, when both rows are there.
const CREATE: Statement = {
  name: 'accounts_create',
  text: `
    with won as (
      insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
      values ($5, $2, $1, $4, $4, $4, $4) on conflict (kind, canonical) do nothing returning account_id
    )
    insert into account (id, state, profile, locale, created_at)
    select account_id, 'active', '{}', $3, $4 from won returning id`,
}

// Later is later: of two proofs at once the older one takes nothing back.
const NUMBER_PROVEN: Statement = {
  name: 'accounts_number_proven',
  text: `
    update address set proven_at = $2::timestamptz
    where account_id = $1 and kind = 'phone' and proven_at < $2::timestamptz`,
}

// Whoever waited for the row looks at it again: a number that was renewed meanwhile stays, one that went is gone once.
const RELEASE: Statement = {
  name: 'accounts_release',
  text: `
    delete from address where kind = $1 and canonical = $2 and account_id = $3 and proven_at < $4::timestamptz
    returning account_id`,
}

const SIGNED_IN: Statement = {
  name: 'accounts_signed_in',
  text: `update account set last_sign_in_at = $2 where id = $1 and state = 'active' returning id`,
}

/** Accounts and their proven addresses in `account` and `address`. */
export function createAccountStore(db: Database): AccountStore {
  return {
    find: async (id, now) => (await db.run<Account>(FIND, [id, now]))[0] ?? null,
    byAddress: async (kind, address, now) => (await db.run<Account>(BY_ADDRESS, [kind, address, now]))[0] ?? null,
    byAddressIn: async (tx, kind, address, now) => (await runIn<Account>(tx, BY_ADDRESS, [kind, address, now]))[0] ?? null,
    create: async (tx, { id, kind, address, locale, now }) =>
      (await runIn(tx, CREATE, [id, address, locale, now, kind])).length === 1,
    proven: async (tx, id, now) => {
      await runIn(tx, NUMBER_PROVEN, [id, now])
    },
    release: async (tx, { kind, address, accountId, provenBefore }) =>
      (await runIn(tx, RELEASE, [kind, address, accountId, provenBefore])).length === 1,
    signedIn: async (tx, id, now) => (await runIn(tx, SIGNED_IN, [id, now])).length === 1,
  }
}
