/** Condition: an address, by its alias, that is its account's and opens it at the moment `$now`. */
export const counts = (alias: string, now: string) =>
  `${alias}.usable_from <= ${now}::timestamptz and (${alias}.leaves_at is null or ${alias}.leaves_at > ${now}::timestamptz)`

// Of each kind the primary one: a change that is to come has not happened, whether swept or not. The order is that of
// `primaryOf` in src/accounts/address-plan.ts.
export const primary = (alias: string, kind: 'email' | 'phone', now: string) => `
    left join lateral (
      select canonical, proven_at from address own
      where own.account_id = a.id and own.kind = '${kind}' and ${counts('own', now)}
      order by case when own.primary_from <= ${now}::timestamptz then own.primary_from end desc nulls last,
        own.created_at, own.canonical
      limit 1
    ) ${alias} on true`
