import type { AcceptedInvitation, Account, AccountStore, FoundAccount } from '../accounts/index.ts'
import { accountColumns, accountJoins } from './account-sql.ts'
import { counts } from './address-sql.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { freeAddress } from './erasure.ts'

const FIND: Statement = {
  name: 'accounts_find',
  text: `
    select ${accountColumns('$2')} from account a ${accountJoins('$2')}
    where a.id = $1`,
}

const BY_ADDRESS: Statement = {
  name: 'accounts_by_address',
  text: `
    select ${accountColumns('$3')}, proven.proven_at as "provenAt", proven.dead_since as "deadSince" from address proven
    join account a on a.id = proven.account_id ${accountJoins('$3')}
    where proven.kind = $1 and proven.canonical = $2 and ${counts('proven', '$3')}`,
}

// The address is the lock: its primary key lets one of parallel inserts win, and the account follows only then.
// The foreign key is checked at the end of the statement, when both rows are there.
const CREATE: Statement = {
  name: 'accounts_create',
  text: `
    with won as (
      insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
      values ($5, $2, $1, $4, $4, $4, $4) on conflict (kind, canonical) do nothing returning account_id
    ), disproven as (
      delete from claimed_address where kind = $5 and canonical = $2 and exists (select from won)
    )
    insert into account (id, state, profile, locale, created_at)
    select account_id, 'active', '{}', $3, $4 from won returning id`,
}

// Later is later: of two proofs at once the older one takes nothing back. Without a number it is clear which one is
// meant only where there is no other.
const NUMBER_PROVEN: Statement = {
  name: 'accounts_number_proven',
  text: `
    update address set proven_at = $3::timestamptz
    where account_id = $1 and kind = 'phone' and proven_at < $3::timestamptz and (canonical = $2 or $2::text is null and not exists (
      select from address other where other.account_id = $1 and other.kind = 'phone' and other.canonical <> address.canonical))`,
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
  text: `
    update account set last_sign_in_at = $2::timestamptz
    where id = $1 and state = 'active' and (closing_at is null or closing_at > $2::timestamptz) returning id`,
}

const AT_DOOR: Statement = {
  name: 'accounts_at_door',
  text: `
    select (
      select a.state from address proven join account a on a.id = proven.account_id
      where proven.kind = $1 and proven.canonical = $2 and ${counts('proven', '$3')} and (a.closing_at is null or a.closing_at > $3::timestamptz)
    ) as living, exists (
      select from invitation where kind = $1 and canonical = $2 and expires_at > $3::timestamptz
    ) as invited, (
      select a.state from claimed_address said join account a on a.id = said.account_id
      where said.kind = $1 and said.canonical = $2 and (a.closing_at is null or a.closing_at > $3::timestamptz) and not exists (select from address where account_id = a.id)
    ) as waiting`,
}

const IS_INVITED: Statement = {
  name: 'accounts_is_invited',
  text: 'select 1 from invitation where kind = $1 and canonical = $2 and expires_at > $3::timestamptz',
}

// The role is given in the statement that takes the invitation: by one of several at once, and never in place of another.
const ACCEPT: Statement = {
  name: 'accounts_accept_invitation',
  text: `
    with taken as (
      delete from invitation where kind = $1 and canonical = $2 and expires_at > $4::timestamptz
      returning role, invited_by
    ), given as (
      update account set role = taken.role from taken where account.id = $3 and account.role is null and taken.role is not null
      returning account.role
    ), claimed as (
      update deployment set admin_claimed_at = $4::timestamptz
      where admin_claimed_at is null and exists (select from given where role = 'admin')
    )
    select given.role, taken.invited_by as "invitedBy" from taken left join given on true`,
}

// The account first: of two of its addresses that are proven at once the second finds the first, and is not believed.
const LOCK_WAITING: Statement = {
  name: 'accounts_lock_waiting',
  text: `
    select a.id as "accountId", a.state from claimed_address said join account a on a.id = said.account_id
    where said.kind = $1 and said.canonical = $2 and (a.closing_at is null or a.closing_at > $3::timestamptz)
    for no key update of a for update of said`,
}

const CLAIM: Statement = {
  name: 'accounts_claim',
  text: `
    with said as (
      delete from claimed_address where kind = $1 and canonical = $2 returning account_id
    )
    insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
    select $1, $2, account_id, $3::timestamptz, $3::timestamptz, $3::timestamptz, $3::timestamptz from said
    on conflict (kind, canonical) do nothing returning account_id`,
}

const HAS_ADDRESS: Statement = { name: 'accounts_has_address', text: 'select 1 from address where account_id = $1 limit 1' }

/** Accounts and their proven addresses in `account` and `address`; addresses that were only said in `claimed_address`. */
export function createAccountStore(db: Database): AccountStore {
  return {
    find: async (id, now) => (await db.run<Account>(FIND, [id, now]))[0] ?? null,
    byAddress: async (kind, address, now) => found(await db.run<FoundRow>(BY_ADDRESS, [kind, address, now])),
    byAddressIn: async (tx, kind, address, now) => found(await runIn<FoundRow>(tx, BY_ADDRESS, [kind, address, now])),
    free: freeAddress,
    create: async (tx, { id, kind, address, locale, now }) =>
      (await runIn(tx, CREATE, [id, address, locale, now, kind])).length === 1,
    proven: async (tx, id, number, now) => {
      await runIn(tx, NUMBER_PROVEN, [id, number, now])
    },
    release: async (tx, { kind, address, accountId, provenBefore }) =>
      (await runIn(tx, RELEASE, [kind, address, accountId, provenBefore])).length === 1,
    signedIn: async (tx, id, now) => (await runIn(tx, SIGNED_IN, [id, now])).length === 1,
    atDoor: async (kind, address, now) => (await db.run<AtDoor>(AT_DOOR, [kind, address, now]))[0] ?? NOBODY,
    isInvited: async (tx, kind, address, now) => (await runIn(tx, IS_INVITED, [kind, address, now])).length === 1,
    acceptInvitation: async (tx, kind, address, accountId, now) =>
      (await runIn<AcceptedInvitation>(tx, ACCEPT, [kind, address, accountId, now]))[0] ?? null,
    // Two statements: the second sees what another transaction wrote while the first one waited.
    async waiting(tx, kind, address, now) {
      const [waiting] = await runIn<Waiting>(tx, LOCK_WAITING, [kind, address, now])
      return waiting && (await runIn(tx, HAS_ADDRESS, [waiting.accountId])).length === 0 ? waiting : null
    },
    claim: async (tx, kind, address, now) => (await runIn(tx, CLAIM, [kind, address, now])).length === 1,
  }
}

type AtDoor = Awaited<ReturnType<AccountStore['atDoor']>>
const NOBODY: AtDoor = { living: null, invited: false, waiting: null }
type Waiting = NonNullable<Awaited<ReturnType<AccountStore['waiting']>>>
type FoundRow = Account & Omit<FoundAccount, 'account'>

function found([row]: FoundRow[]): FoundAccount | null {
  if (!row) return null
  const { provenAt, deadSince, ...account } = row
  return { account, provenAt, deadSince }
}
