import type { ProfileStore } from '../accounts/index.ts'
import { runIn, type Statement } from './database.ts'

// One statement, so that of two at once neither loses what the other has set. Nothing is written that is so already.
const CHANGED = `((profile - 'updatedAt' - $2::text[]) || $3::jsonb)`
const CHANGE: Statement = {
  name: 'profiles_change',
  text: `
    update account set profile = ${CHANGED} || jsonb_build_object('updatedAt', $4::text)
    where id = $1 and ${CHANGED} <> profile - 'updatedAt' returning 1`,
}

/** What people say about themselves, in `account.profile`. */
export function createProfileStore(): ProfileStore {
  return {
    change: async (tx, accountId, { set, removed, now }) =>
      (await runIn(tx, CHANGE, [accountId, removed, JSON.stringify(set), now.toISOString()])).length === 1,
  }
}
