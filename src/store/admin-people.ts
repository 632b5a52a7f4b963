import type { PeopleStore, PersonRow } from '../admin/index.ts'
import type { Tx } from '../base/index.ts'
import { primary } from './address-sql.ts'
import { createClaimedAddressStore } from './claimed-addresses.ts'
import { type Database, runIn, type Statement } from './database.ts'

const STATE = (now: string) => `case when a.closing_at <= ${now}::timestamptz then 'closed' else a.state end`

const claimed = (kind: 'email' | 'phone') =>
  `(select canonical from claimed_address said where said.account_id = a.id and said.kind = '${kind}' order by canonical limit 1)`

/** What a list shows of the account `a`, with `PEOPLE_JOINS`. */
export const PEOPLE_COLUMNS = (now: string) => `
  a.id, a.profile ->> 'name' as name, coalesce(e.canonical, ${claimed('email')}) as email,
  coalesce(p.canonical, ${claimed('phone')}) as phone, ${STATE(now)} as state, a.role, a.created_at as "createdAt",
  a.last_sign_in_at as "lastSignInAt", a.locale, a.profile, a.closing_at as "closingAt"`

export const PEOPLE_JOINS = (now: string) => primary('e', 'email', now) + primary('p', 'phone', now)

const FIND: Statement = {
  name: 'people_find',
  text: `select ${PEOPLE_COLUMNS('$2')} from account a ${PEOPLE_JOINS('$2')} where a.id = $1`,
}

const LOCK: Statement = { name: 'people_lock', text: 'select 1 from account where id = $1 for no key update' }

const NAME_WORDS = `to_tsvector('simple'::regconfig, coalesce(profile ->> 'name', ''))`
/** From how many found people on it is quicker to walk through all, newest first, than to sort those that were found. */
const FOUND_MAX = 1000

// A range and not `like`: its index serves whatever plan is made, and no character of the input means anything.
const within = (what: string, from: string, to: string) => `${what} ~>=~ ${from} and ${what} ~<~ ${to}`
const inAddress = (alias: string) => `(${within(`lower(${alias}.canonical)`, '$2', '$3')}
  or ${within(`split_part(${alias}.canonical, '@', 2)`, '$4', '$5')})`

function found(table: string): string {
  const address = `select account_id as id from ${table} where ${within('lower(canonical)', '$2', '$3')} limit ${FOUND_MAX + 1}`
  const domain = `select account_id from ${table} where ${within(`split_part(canonical, '@', 2)`, '$4', '$5')} limit ${FOUND_MAX + 1}`
  return `(${address}) union all (${domain})`
}

const FOUND: Statement = {
  name: 'people_found',
  text: `
    (select id from account where id = $1) union all ${found('address')} union all ${found('claimed_address')}
    union all (select id from account where ${NAME_WORDS} @@ to_tsquery('simple'::regconfig, $6) limit ${FOUND_MAX + 1})`,
}

const ALSO: Readonly<Record<'all' | 'those' | 'many', string>> = {
  all: 'true',
  those: 'a.id = any($1::text[])',
  // One person after the other: with `limit` no plan gathers all addresses first.
  many: `(a.id = $1 or (select true from address own where own.account_id = a.id and ${inAddress('own')} limit 1)
    or (select true from claimed_address own where own.account_id = a.id and ${inAddress('own')} limit 1)
    or ${NAME_WORDS} @@ to_tsquery('simple'::regconfig, $6))`,
}

const WHERE_PARAMETERS = { all: 0, those: 1, many: 6 }

/** A page of those whom `also` names. A filter by role has a text of its own, since few people have one. */
function listStatement(also: keyof typeof ALSO, role: boolean): Statement {
  const at = WHERE_PARAMETERS[also]
  const [now, createdAt, id, limit, state, asked] = [1, 2, 3, 4, 5, 6].map((n) => `$${at + n}`) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return {
    name: `people_list_${also}${role ? '_role' : ''}`,
    text: `
      with page as materialized (
        select * from account a
        where ${ALSO[also]} and (a.created_at, a.id) < (${createdAt}::timestamptz, ${id}::text)
          and (${state}::text is null or ${STATE(now)} = ${state}) ${role ? `and a.role = ${asked}` : ''}
        order by a.created_at desc, a.id desc limit ${limit}
      )
      select ${PEOPLE_COLUMNS(now)} from page a ${PEOPLE_JOINS(now)} order by a.created_at desc, a.id desc`,
  }
}

const LISTS = {
  all: [listStatement('all', false), listStatement('all', true)],
  those: [listStatement('those', false), listStatement('those', true)],
  many: [listStatement('many', false), listStatement('many', true)],
} as const

const SUPPRESSED: Statement = {
  name: 'people_suppressed',
  text: 'select target_key as key, reason from suppression where target_key = any($1::text[])',
}

const SET_STATE: Statement = { name: 'people_set_state', text: 'update account set state = $2 where id = $1' }

const SET_CLOSING: Statement = {
  name: 'people_set_closing',
  text: 'update account set closing_at = $2::timestamptz where id = $1',
}

const END_OWN: Statement = { name: 'people_end_own_sessions', text: 'delete from account_session where account_id = $1' }
const FORGET_DEVICES: Statement = {
  name: 'people_forget_devices',
  text: 'delete from remembered_device where account_id = $1',
}

/** People as administrators find, see and change them. */
export function createPeopleStore(db: Pick<Database, 'run'>): PeopleStore {
  async function list(...[{ search, state, role }, after, limit, now]: Parameters<PeopleStore['list']>): Promise<PersonRow[]> {
    const page = [now, after?.createdAt ?? 'infinity', after?.id ?? '', limit, state, ...(role ? [role] : [])]
    const by = role ? 1 : 0
    if (!search) return db.run<PersonRow>(LISTS.all[by], page)
    const { id, addresses, domains, words } = search
    const query = words.length > 0 ? words.map((word) => `'${word}':*`).join(' & ') : null
    const wanted = [id, addresses?.from ?? null, addresses?.to ?? null, domains?.from ?? null, domains?.to ?? null, query]
    const rows = await db.run<{ id: string }>(FOUND, wanted)
    if (rows.length > FOUND_MAX) return db.run<PersonRow>(LISTS.many[by], [...wanted, ...page])
    const ids = [...new Set(rows.map((row) => row.id))]
    return ids.length === 0 ? [] : db.run<PersonRow>(LISTS.those[by], [ids, ...page])
  }

  const findIn = async (tx: Tx, id: string, now: Date) => (await runIn<PersonRow>(tx, FIND, [id, now]))[0] ?? null

  return {
    list,
    find: async (id, now) => (await db.run<PersonRow>(FIND, [id, now]))[0] ?? null,
    findIn,
    // Two statements: the second sees what another transaction wrote while the first one waited for the row.
    async lock(tx, id, now) {
      return (await runIn(tx, LOCK, [id])).length === 1 ? findIn(tx, id, now) : null
    },
    claimedOf: createClaimedAddressStore(db).ofAccount,
    async suppressed(keys) {
      const rows = keys.length > 0 ? await db.run<{ key: string; reason: string }>(SUPPRESSED, [keys]) : []
      return new Map(rows.map(({ key, reason }) => [key, reason]))
    },
    setState: async (tx, id, state) => void (await runIn(tx, SET_STATE, [id, state])),
    setClosing: async (tx, id, at) => void (await runIn(tx, SET_CLOSING, [id, at])),
    async endOwnSessions(tx, id) {
      await runIn(tx, END_OWN, [id])
      await runIn(tx, FORGET_DEVICES, [id])
    },
  }
}
