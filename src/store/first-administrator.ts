import type { FirstAdministratorState, FirstAdministratorStore } from '../admin/index.ts'
import { isEmail } from '../base/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const COLUMNS = `admin_nonce as nonce, admin_link_expires_at as "expiresAt",
  admin_claimed_at is not null or exists (select from account where role = 'admin') as closed`

const STATE: Statement = { name: 'first_administrator_state', text: `select ${COLUMNS} from deployment where id = 1` }

// Two statements: what the second reads was committed before the lock was got.
const LOCK: Statement = { name: 'first_administrator_lock', text: 'select id from deployment where id = 1 for update' }

const SET_LINK: Statement = {
  name: 'first_administrator_set_link',
  text: 'update deployment set admin_nonce = $1, admin_link_expires_at = $2::timestamptz where id = 1',
}

const CLOSE: Statement = {
  name: 'first_administrator_close',
  text: 'update deployment set admin_claimed_at = $1::timestamptz where id = 1 and admin_claimed_at is null returning id',
}

const ACCOUNT_OF: Statement = {
  name: 'first_administrator_account_of',
  text: `
    select account_id as "accountId" from address
    where kind = $1 and canonical = $2 and usable_from <= $3::timestamptz and (leaves_at is null or leaves_at > $3::timestamptz)
    for key share`,
}

const ACCOUNT: Statement = {
  name: 'first_administrator_account',
  text: `
    select role, state = 'active' and (closing_at is null or closing_at > $2::timestamptz) as active
    from account where id = $1 for no key update`,
}

const MAKE: Statement = { name: 'first_administrator_make', text: `update account set role = 'admin' where id = $1` }

/** The first administrator, in `deployment` and `account`. */
export function createFirstAdministratorStore(db: Pick<Database, 'run'>): FirstAdministratorStore {
  return {
    state: async () => found((await db.run<FirstAdministratorState>(STATE, []))[0]),
    async lock(tx) {
      await runIn(tx, LOCK, [])
      return found((await runIn<FirstAdministratorState>(tx, STATE, []))[0])
    },
    setLink: async (tx, nonce, expiresAt) => void (await runIn(tx, SET_LINK, [nonce, expiresAt])),
    close: async (tx, now) => (await runIn(tx, CLOSE, [now])).length === 1,
    async accountOf(tx, address, now) {
      const values = [isEmail(address) ? 'email' : 'phone', address, now]
      return (await runIn<{ accountId: string }>(tx, ACCOUNT_OF, values))[0]?.accountId ?? null
    },
    async makeAdministrator(tx, accountId, now) {
      const [account] = await runIn<{ role: string | null; active: boolean }>(tx, ACCOUNT, [accountId, now])
      if (!account?.active) return 'not_active'
      if (account.role === 'admin') return 'was_one'
      await runIn(tx, MAKE, [accountId])
      return 'made'
    },
  }
}

// The row is written at the first start, before anything asks.
function found(state: FirstAdministratorState | undefined): FirstAdministratorState {
  if (!state) throw new Error('the database was never used by a service: start one first')
  return state
}
