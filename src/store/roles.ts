import type { PersonRow, RoleStore } from '../admin/index.ts'
import type { Tx } from '../base/index.ts'
import { PEOPLE_COLUMNS, PEOPLE_JOINS } from './admin-people.ts'
import { asked } from './credential-sql.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { endClientsGrants } from './oidc-records.ts'

const LIST: Statement = {
  name: 'roles_list',
  text: `
    select ${PEOPLE_COLUMNS('$1')}, exists (
      select from credential c
      where c.account_id = a.id and ${asked('c', 'a')}
    ) as "secondFactor"
    from account a ${PEOPLE_JOINS('$1')} where a.role is not null order by a.created_at, a.id`,
}

// The lock ends with the transaction.
const LOCK: Statement = { name: 'roles_lock', text: `select pg_advisory_xact_lock(hashtext('doorward/roles'))` }

const OTHER_ADMINS: Statement = {
  name: 'roles_other_admins',
  text: `select count(*)::int as count from account where role = 'admin' and state = 'active' and closing_at is null and id <> $1`,
}

const OF: Statement = { name: 'roles_of', text: 'select role from account where id = $1 for no key update' }

const OF_ADDRESS: Statement = {
  name: 'roles_of_address',
  text: `
    select a.role from account a join address e on e.account_id = a.id
    where e.kind = $1 and e.canonical = $2 for no key update of a`,
}

const SET: Statement = { name: 'roles_set', text: 'update account set role = $2 where id = $1' }

const END_CONSOLE: Statement = {
  name: 'roles_end_console',
  text: `delete from account_session where account_id = $1 and client_id = 'console'`,
}

const CLIENTS_OF_API: Statement = {
  name: 'roles_clients_of_api',
  text: `
    select distinct payload ->> 'clientId' as id from oidc_record
    where account_id = $1 and model = 'Grant' and payload -> 'resources' ? $2 order by 1`,
}

const CLOSE_FIRST_LINK: Statement = {
  name: 'roles_close_first_link',
  text: 'update deployment set admin_claimed_at = $1::timestamptz where admin_claimed_at is null',
}

/** Whoever changes who administers holds this until its transaction ends. */
export async function lockRoles(tx: Tx): Promise<void> {
  await runIn(tx, LOCK, [])
}

/** Who may administer: `account.role`. */
export function createRoleStore(db: Pick<Database, 'run'>): RoleStore {
  return {
    list: (now) => db.run<PersonRow & { secondFactor: boolean }>(LIST, [now]),
    lock: lockRoles,
    otherAdmins: async (tx, id) => (await runIn<{ count: number }>(tx, OTHER_ADMINS, [id]))[0]?.count ?? 0,
    of: async (tx, id) => (await runIn<Pick<PersonRow, 'role'>>(tx, OF, [id]))[0]?.role ?? null,
    ofAddress: async (tx, kind, address) =>
      (await runIn<Pick<PersonRow, 'role'>>(tx, OF_ADDRESS, [kind, address]))[0]?.role ?? null,
    set: async (tx, id, role) => void (await runIn(tx, SET, [id, role])),
    async endAdministration(tx, id, adminApi) {
      await runIn(tx, END_CONSOLE, [id])
      const clients = await runIn<{ id: string }>(tx, CLIENTS_OF_API, [id, adminApi])
      for (const client of clients) await endClientsGrants(tx, id, client.id)
    },
    closeFirstLink: async (tx, now) => void (await runIn(tx, CLOSE_FIRST_LINK, [now])),
  }
}
