import type { Tx } from '../base/index.ts'
import type { DeviceStore, RememberedDevice } from '../signin/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = `
  id, account_id as "accountId", label, created_at as "createdAt", last_used_at as "lastUsedAt", expires_at as "expiresAt"`

const REMEMBER: Statement = {
  name: 'devices_remember',
  text: `
    insert into remembered_device (id, account_id, label, created_at, last_used_at, expires_at)
    values ($1, $2, $3, $4, $5, $6)`,
}

// An expired one is none, swept or not.
const USE: Statement = {
  name: 'devices_use',
  text: `
    update remembered_device set last_used_at = $2
    where id = $1 and account_id = $3 and expires_at > $2 returning id`,
}

const STANDS: Statement = {
  name: 'devices_stands',
  text: 'select id from remembered_device where id = $1 and account_id = $3 and expires_at > $2',
}

const OF_ACCOUNT: Statement = {
  name: 'devices_of_account',
  text: `
    select ${COLUMNS} from remembered_device where account_id = $1 and expires_at > $2
    order by last_used_at desc, id`,
}

const FORGET: Statement = {
  name: 'devices_forget',
  text: 'delete from remembered_device where id = $1 and account_id = $2 returning id',
}

const FORGET_ALL: Statement = {
  name: 'devices_forget_all',
  text: 'delete from remembered_device where account_id = $1',
}

interface DeviceList {
  /** Those that have not expired, the one used last first. */
  ofAccount(accountId: string, now: Date): Promise<RememberedDevice[]>
  /** Single winner; false as well when it is somebody else's. */
  forget(tx: Tx, accountId: string, id: string): Promise<boolean>
  forgetAll(tx: Tx, accountId: string): Promise<void>
}

/** Browsers that are not asked for a second factor, in `remembered_device`. */
export function createDeviceStore(db: Database): DeviceStore & DeviceList {
  return {
    async remember(tx, { id, accountId, label, createdAt, lastUsedAt, expiresAt }) {
      await runIn(tx, REMEMBER, [id, accountId, label, createdAt, lastUsedAt, expiresAt])
    },
    stands: async (id, accountId, now) => (await db.run(STANDS, [id, now, accountId])).length === 1,
    use: async (tx, id, accountId, now) => (await runIn(tx, USE, [id, now, accountId])).length === 1,
    ofAccount: (accountId, now) => db.run<RememberedDevice>(OF_ACCOUNT, [accountId, now]),
    forget: async (tx, accountId, id) => (await runIn(tx, FORGET, [id, accountId])).length === 1,
    async forgetAll(tx, accountId) {
      await runIn(tx, FORGET_ALL, [accountId])
    },
  }
}
