import type { ImportStore, PortableRow } from '../admin/index.ts'
import { primary } from './address-sql.ts'
import { type Database, runIn, type Statement } from './database.ts'

const claimed = (kind: 'email' | 'phone') =>
  `(select canonical from claimed_address said where said.account_id = a.id and said.kind = '${kind}' order by canonical limit 1)`

const PAGE: Statement = {
  name: 'imports_page',
  text: `
    with page as materialized (
      select * from account a
      where (a.created_at, a.id) > ($2::timestamptz, $3::text) and a.state <> 'closed'
        and (a.closing_at is null or a.closing_at > $1::timestamptz)
      order by a.created_at, a.id limit $4
    )
    select a.id, coalesce(e.canonical, ${claimed('email')}) as email, e.canonical is not null as "emailProven",
      coalesce(p.canonical, ${claimed('phone')}) as phone, p.canonical is not null as "phoneProven", a.locale, a.profile,
      a.state = 'suspended' as suspended, a.created_at as "createdAt"
    from page a ${primary('e', 'email', '$1')} ${primary('p', 'phone', '$1')} order by a.created_at, a.id`,
}

const LOCK: Statement = { name: 'imports_lock', text: `select pg_advisory_xact_lock(hashtext('doorward/import'))` }

const RELEASE_LEFT: Statement = {
  name: 'imports_release_left',
  text: `
    delete from address where (kind, canonical) in (
      select split_part(key, ':', 1), substr(key, strpos(key, ':') + 1) from unnest($1::text[]) as key
    ) and leaves_at <= $2::timestamptz`,
}

const TAKEN: Statement = {
  name: 'imports_taken',
  text: `
    with asked as (
      select key, split_part(key, ':', 1) as kind, substr(key, strpos(key, ':') + 1) as value from unnest($1::text[]) as key
    )
    select asked.key, a.id as "accountId" from asked join account a on asked.kind = 'sub' and a.id = asked.value
    union all
    select asked.key, held.account_id from asked join address held on held.kind = asked.kind and held.canonical = asked.value
    union all
    select asked.key, said.account_id from asked join claimed_address said on said.kind = asked.kind and said.canonical = asked.value`,
}

const AWAITED: Statement = {
  name: 'imports_awaited',
  text: `
    select kind || ':' || canonical as key from invitation
    where role is not null and expires_at > $2::timestamptz and (kind, canonical) in (
      select split_part(key, ':', 1), substr(key, strpos(key, ':') + 1) from unnest($1::text[]) as key
    )`,
}

const UNUSABLE: Statement = {
  name: 'imports_unusable',
  text: `
    select id from client where id = any($1::text[])
    union
    select account_id from audit_entry where account_id = any($1::text[]) and event = 'account.erased'`,
}

const ROWS = `jsonb_to_recordset($1::jsonb) as new(id text, email text, "emailProven" boolean, phone text,
  "phoneProven" boolean, locale text, profile jsonb, suspended boolean, "createdAt" timestamptz)`

const ADD_ACCOUNTS: Statement = {
  name: 'imports_add_accounts',
  text: `
    insert into account (id, state, profile, locale, created_at)
    select new.id, case when new.suspended then 'suspended' else 'active' end,
      case when new.profile = '{}' then new.profile else new.profile || jsonb_build_object('updatedAt', $2::text) end,
      new.locale, new."createdAt"
    from ${ROWS} on conflict (id) do nothing returning id`,
}

const SAID = `
  select 'email' as kind, new.email as canonical, new.id, new."emailProven" as proven from ${ROWS} where new.email is not null
  union all
  select 'phone', new.phone, new.id, new."phoneProven" from ${ROWS} where new.phone is not null`

// In one order, so that two who prove and import the same addresses wait for each other and do not lock each other out.
const ADD_ADDRESSES: Statement = {
  name: 'imports_add_addresses',
  text: `
    insert into address (kind, canonical, account_id, primary_from, usable_from, proven_at, created_at)
    select kind, canonical, id, $2::timestamptz, $2::timestamptz, $2::timestamptz, $2::timestamptz from (${SAID}) said
    where proven and id = any($3::text[]) order by kind, canonical
    on conflict (kind, canonical) do nothing returning account_id as id`,
}

const ADD_CLAIMED: Statement = {
  name: 'imports_add_claimed',
  text: `
    insert into claimed_address (kind, canonical, account_id, created_at)
    select kind, canonical, id, $2::timestamptz from (${SAID}) said
    where not proven and id = any($3::text[]) and not exists (
      select from address held where held.kind = said.kind and held.canonical = said.canonical)
    order by kind, canonical
    on conflict (kind, canonical) do nothing returning account_id as id`,
}

const REMOVE: Statement = { name: 'imports_remove', text: 'delete from account where id = any($1::text[])' }

/** People that are carried here and away: `account`, `address` and `claimed_address`. */
export function createImportStore(db: Pick<Database, 'run'>): ImportStore {
  return {
    page: (after, limit, now) => db.run<PortableRow>(PAGE, [now, after?.createdAt ?? '-infinity', after?.id ?? '', limit]),
    lock: async (tx) => void (await runIn(tx, LOCK, [])),
    async taken(tx, keys, now) {
      await runIn(tx, RELEASE_LEFT, [keys, now])
      return runIn(tx, TAKEN, [keys])
    },
    awaited: async (tx, keys, now) => new Set((await runIn<{ key: string }>(tx, AWAITED, [keys, now])).map(({ key }) => key)),
    unusable: async (tx, ids) => new Set((await runIn<{ id: string }>(tx, UNUSABLE, [ids])).map(({ id }) => id)),
    async add(tx, accounts, now) {
      if (accounts.length === 0) return new Set()
      const rows = JSON.stringify(accounts)
      const idsOf = (found: { id: string }[]) => found.map(({ id }) => id)
      const made = idsOf(await runIn<{ id: string }>(tx, ADD_ACCOUNTS, [rows, now.toISOString()]))
      const proven = idsOf(await runIn<{ id: string }>(tx, ADD_ADDRESSES, [rows, now, made]))
      const said = idsOf(await runIn<{ id: string }>(tx, ADD_CLAIMED, [rows, now, made]))
      const whole = new Set(made.filter((id) => countOf([...proven, ...said], id) === addressesOf(accounts, id)))
      const rest = made.filter((id) => !whole.has(id))
      if (rest.length > 0) await runIn(tx, REMOVE, [rest])
      return whole
    },
  }
}

function countOf(ids: readonly string[], id: string): number {
  return ids.filter((each) => each === id).length
}

function addressesOf(accounts: readonly PortableRow[], id: string): number {
  const row = accounts.find((each) => each.id === id)
  return (row?.email ? 1 : 0) + (row?.phone ? 1 : 0)
}
