import type { Account, AccountStore } from '../accounts/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = `
  a.id, a.state, a.profile, a.locale, a.created_at as "createdAt", e.canonical as email, e.proven_at as "emailProvenAt"`

const FIND: Statement = {
  name: 'accounts_find',
  text: `
    select ${COLUMNS} from account a
    left join address e on e.account_id = a.id and e.kind = 'email' and e.is_primary
    where a.id = $1`,
}

const BY_EMAIL: Statement = {
  name: 'accounts_by_email',
  text: `
    select ${COLUMNS} from address proven
    join account a on a.id = proven.account_id
    left join address e on e.account_id = a.id and e.kind = 'email' and e.is_primary
    where proven.kind = 'email' and proven.canonical = $1`,
}

// The address is the lock: its primary key lets one of parallel inserts win, and the account follows only then.
// The foreign key is checked at the end of the statement, when both rows are there.
const CREATE: Statement = {
  name: 'accounts_create',
  text: `
    with won as (
      insert into address (kind, canonical, account_id, is_primary, proven_at, created_at)
      values ('email', $2, $1, true, $4, $4) on conflict (kind, canonical) do nothing returning account_id
    )
    insert into account (id, state, profile, locale, created_at)
    select account_id, 'active', '{}', $3, $4 from won returning id`,
}

const SIGNED_IN: Statement = {
  name: 'accounts_signed_in',
  text: `update account set last_sign_in_at = $2 where id = $1 and state = 'active' returning id`,
}

/** Accounts and their proven addresses in `account` and `address`. */
export function createAccountStore(db: Database): AccountStore {
  return {
    find: async (id) => (await db.run<Account>(FIND, [id]))[0] ?? null,
    byEmail: async (address) => (await db.run<Account>(BY_EMAIL, [address]))[0] ?? null,
    byEmailIn: async (tx, address) => (await runIn<Account>(tx, BY_EMAIL, [address]))[0] ?? null,
    create: async (tx, { id, address, locale, now }) => (await runIn(tx, CREATE, [id, address, locale, now])).length === 1,
    signedIn: async (tx, id, now) => (await runIn(tx, SIGNED_IN, [id, now])).length === 1,
  }
}
