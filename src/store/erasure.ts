import type { Address, AddressKind, Tx } from '../base/index.ts'
import { runIn, type Statement } from './database.ts'
import { partiesOf, tellOfLogouts } from './logouts.ts'

/** Rows of the trail that one statement changes: an account that was used for years has many. */
const AUDIT_BATCH = 2000
const SESSION_KEEP_SECONDS = 3600

const TAKE_LEFT: Statement = {
  name: 'erasure_take_left',
  text: 'delete from address where kind = $1 and canonical = $2 and leaves_at <= $3::timestamptz',
}

// Whoever waited for the row looks at it again: an account is erased once.
const LOCK_HOLDER: Statement = {
  name: 'erasure_lock_holder',
  text: `
    select a.id from address held join account a on a.id = held.account_id
    where held.kind = $1 and held.canonical = $2 and a.closing_at <= $3::timestamptz for update of a`,
}

const LOCK_DUE: Statement = {
  name: 'erasure_lock_due',
  text: `
    select id from account where closing_at <= $1::timestamptz
    order by closing_at limit 1 for update skip locked`,
}

// Where it was done goes, with what leads to it: the attempt and the request have other rows and log lines. Without the
// salt nobody can try out what the chain's commitment was made of.
const SCRUB: Statement = {
  name: 'erasure_scrub_audit',
  text: `
    with said as (
      select id from audit_entry
      where account_id = $1 and (ip is not null or device is not null or attempt_id is not null or request_id is not null
        or jsonb_exists(detail, 'address') or chain_salt is not null)
      limit $2
    )
    update audit_entry as kept set ip = null, device = null, attempt_id = null, request_id = null, detail = detail - 'address',
      chain_salt = null
    from said where kept.id = said.id returning 1`,
}

// What they did to others stays with who it was; the address that it may name is somebody else's.
const SCRUB_DONE_BY: Statement = {
  name: 'erasure_scrub_done_by',
  text: `
    with said as (
      select id from audit_entry
      where actor_id = $1 and (ip is not null or device is not null or attempt_id is not null or request_id is not null
        or chain_salt is not null)
      limit $2
    )
    update audit_entry as kept set ip = null, device = null, attempt_id = null, request_id = null, chain_salt = null
    from said where kept.id = said.id returning 1`,
}

// A session may be in the middle of a sign-in, as another account by now, and so may be an interaction that was begun in
// it: they end a little later. Until then they open nothing, since their account is gone.
const SHORTEN_SESSIONS: Statement = {
  name: 'erasure_shorten_sessions',
  text: `
    update oidc_record set expires_at = least(expires_at, $2::timestamptz + make_interval(secs => ${SESSION_KEEP_SECONDS}))
    where account_id = $1 and model in ('Session', 'Interaction')
    returning coalesce(payload -> 'authorizations', '{}') as authorizations`,
}

const DELETE_RECORDS: Statement = {
  name: 'erasure_delete_records',
  text: `delete from oidc_record where account_id = $1 and model not in ('Session', 'Interaction')`,
}

// What was sent to its addresses, and to whoever is in the middle of a sign-in as this account.
const DELETE_DELIVERIES: Statement = {
  name: 'erasure_delete_deliveries',
  text: `
    delete from delivery where id = any(array(
      select d.id from address a join delivery d on d.target = a.canonical where a.account_id = $1
      union
      select d.id from attempt t join challenge h on h.attempt_id = t.id join delivery d on d.challenge_id = h.id
      where t.account_id = $1))`,
}

// With its addresses, credentials, remembered devices, consents, notices and sessions of the account page.
const DELETE_ACCOUNT: Statement = { name: 'erasure_delete_account', text: 'delete from account where id = $1' }

/** Locks an account whose closing has come and that nobody holds; null when there is none. */
export async function lockDue(tx: Tx, now: Date): Promise<string | null> {
  return (await runIn<{ id: string }>(tx, LOCK_DUE, [now]))[0]?.id ?? null
}

/** Deletes an account that the caller has locked, and whatever is kept about it; its rows in the trail stay without person. */
export async function eraseAccount(tx: Tx, accountId: string, now: Date): Promise<void> {
  while ((await runIn(tx, SCRUB, [accountId, AUDIT_BATCH])).length === AUDIT_BATCH);
  while ((await runIn(tx, SCRUB_DONE_BY, [accountId, AUDIT_BATCH])).length === AUDIT_BATCH);
  await runIn(tx, DELETE_DELIVERIES, [accountId])
  await runIn(tx, DELETE_RECORDS, [accountId])
  const ended = await runIn<{ authorizations: Parameters<typeof partiesOf>[1] }>(tx, SHORTEN_SESSIONS, [accountId, now])
  const parties = ended.flatMap(({ authorizations }) => partiesOf(accountId, authorizations))
  await tellOfLogouts(tx, parties, now)
  await runIn(tx, DELETE_ACCOUNT, [accountId])
}

/**
 * Takes an address from whoever it does not belong to any more, without waiting for the sweep. An account whose closing
 * has come is erased; its id is the answer.
 */
export async function freeAddress(tx: Tx, kind: AddressKind, address: Address, now: Date): Promise<string | null> {
  const left = runIn(tx, TAKE_LEFT, [kind, address, now])
  const [[holder]] = await Promise.all([runIn<{ id: string }>(tx, LOCK_HOLDER, [kind, address, now]), left])
  if (!holder) return null
  await eraseAccount(tx, holder.id, now)
  return holder.id
}
