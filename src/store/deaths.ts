import type { DeadAddressOf, DeathStore } from '../accounts/index.ts'
import { runIn, type Statement } from './database.ts'

const DIED: Statement = {
  name: 'deaths_died',
  text: `
    update address set dead_since = $3::timestamptz from account a
    where kind = $1 and canonical = $2 and dead_since is null and proven_at <= $4::timestamptz
      and (leaves_at is null or leaves_at > $3::timestamptz)
      and a.id = account_id and (a.closing_at is null or a.closing_at > $3::timestamptz)
    returning a.id as "accountId", a.locale`,
}

const REVIVE: Statement = {
  name: 'deaths_revive',
  text: `
    update address set dead_since = null
    where kind = $1 and canonical = $2 and dead_since is not null and ($3::text is null or account_id = $3)
    returning account_id as "accountId"`,
}

/** Which addresses are dead, in `address`. */
export function createDeathStore(): DeathStore {
  return {
    died: async (tx, kind, address, saidOf, now) =>
      (await runIn<DeadAddressOf>(tx, DIED, [kind, address, now, saidOf]))[0] ?? null,
    revive: async (tx, kind, address, accountId) =>
      (await runIn<Pick<DeadAddressOf, 'accountId'>>(tx, REVIVE, [kind, address, accountId]))[0]?.accountId ?? null,
  }
}
