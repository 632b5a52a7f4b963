import type { ClosingStore } from '../accounts/index.ts'
import { runIn, type Statement } from './database.ts'
import { eraseAccount, lockDue } from './erasure.ts'

const ASK: Statement = {
  name: 'closing_ask',
  text: `update account set closing_at = $2::timestamptz where id = $1 and state = 'active' and closing_at is null returning 1`,
}

// Not while it is suspended: an administrator who deletes somebody suspends them.
const KEEP: Statement = {
  name: 'closing_keep',
  text: `update account set closing_at = null where id = $1 and closing_at > $2::timestamptz and state = 'active' returning 1`,
}

/** The end of accounts: `account.closing_at`, and what goes then. */
export function createClosingStore(): ClosingStore {
  return {
    ask: async (tx, accountId, at) => (await runIn(tx, ASK, [accountId, at])).length === 1,
    keep: async (tx, accountId, now) => (await runIn(tx, KEEP, [accountId, now])).length === 1,
    lockDue,
    erase: eraseAccount,
  }
}
