import { primary } from './address-sql.ts'
import { counted, demanded } from './credential-sql.ts'

/**
 * The columns of an `Identity` of src/accounts, of the row `a` of `account` beside `identityJoins`. An account whose closing
 * has come is closed for everybody at that moment, erased or not.
 */
export const identityColumns = (now: string) => `
  a.id, case when a.closing_at <= ${now}::timestamptz then 'closed' else a.state end as state, a.profile, a.locale,
  a.created_at as "createdAt", a.closing_at as "closingAt", e.canonical as email, e.proven_at as "emailProvenAt",
  p.canonical as phone, p.proven_at as "phoneProvenAt",
  a.recovered_at as "recoveredAt", a.recovery_started_at as "recoveryStartedAt"`

/** What those columns are read from, to follow the row `a`. */
export const identityJoins = (now: string) => primary('e', 'email', now) + primary('p', 'phone', now)

/** The columns of an `Account` of src/accounts, beside `accountJoins`. */
export const accountColumns = (now: string) => `${identityColumns(now)},
  k.authenticators, k.passkeys, ${demanded('a')} as "demandsSecond"`

/** What those columns are read from, to follow the row `a`. */
export const accountJoins = (now: string) => identityJoins(now) + counted('a')
