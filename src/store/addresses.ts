import type { AddressStore, OwnAddress } from '../accounts/index.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { freeAddress } from './erasure.ts'

const OF_ACCOUNT: Statement = {
  name: 'addresses_of_account',
  text: `
    select kind, canonical as address, primary_from as "primaryFrom", usable_from as "usableFrom", leaves_at as "leavesAt",
      proven_at as "provenAt", dead_since as "deadSince", created_at as "createdAt"
    from address where account_id = $1 and (leaves_at is null or leaves_at > $2::timestamptz)
    order by created_at, kind, canonical`,
}

const LOCK: Statement = {
  name: 'addresses_lock_account',
  text: `
    select state from account where id = $1 and (closing_at is null or closing_at > $2::timestamptz)
    for no key update`,
}

// Whoever an import said it to be, it is proven to be this account's.
const INSERT: Statement = {
  name: 'addresses_insert',
  text: `
    with won as (
      insert into address (account_id, kind, canonical, primary_from, usable_from, proven_at, created_at)
      values ($1, $2, $3, $4, $5, $6, $6) on conflict (kind, canonical) do nothing returning 1
    ), disproven as (
      delete from claimed_address where kind = $2 and canonical = $3 and exists (select from won)
    )
    select 1 from won`,
}

const SCHEDULE: Statement = {
  name: 'addresses_schedule',
  text: 'update address set primary_from = $4, leaves_at = $5 where account_id = $1 and kind = $2 and canonical = $3',
}

const DELETE: Statement = {
  name: 'addresses_delete',
  text: 'delete from address where account_id = $1 and kind = $2 and canonical = $3',
}

/** The addresses of one account in `address`. */
export function createAddressStore(db: Database): AddressStore {
  return {
    ofAccount: (accountId, now) => db.run<OwnAddress>(OF_ACCOUNT, [accountId, now]),
    ofAccountIn: (tx, accountId, now) => runIn<OwnAddress>(tx, OF_ACCOUNT, [accountId, now]),
    // Two statements: the second sees what another transaction wrote while the first one waited for the row.
    async lock(tx, accountId, now) {
      const [account] = await runIn<{ state: string }>(tx, LOCK, [accountId, now])
      if (!account) return null
      return { active: account.state === 'active', addresses: await runIn<OwnAddress>(tx, OF_ACCOUNT, [accountId, now]) }
    },
    free: freeAddress,
    insert: async (tx, accountId, { kind, address, primaryFrom, usableFrom, provenAt }) =>
      (await runIn(tx, INSERT, [accountId, kind, address, primaryFrom, usableFrom, provenAt])).length === 1,
    async schedule(tx, accountId, { kind, address, primaryFrom, leavesAt }) {
      await runIn(tx, SCHEDULE, [accountId, kind, address, primaryFrom, leavesAt])
    },
    async delete(tx, accountId, { kind, address }) {
      await runIn(tx, DELETE, [accountId, kind, address])
    },
  }
}
