/** Of the account of alias `account`, as `k`: how many a sign-in asks for one of, and how many are passkeys. */
export function counted(account: string): string {
  return `
    cross join lateral (
    select count(*) filter (where ${asked('c', account)})::int as authenticators,
      count(*) filter (where c.kind = 'passkey')::int as passkeys
    from credential c
    where c.account_id = ${account}.id and c.kind in ('totp', 'passkey') and c.proven_at is not null and c.removed_at is null
  ) k`
}

/**
 * Whether this credential is one that every sign-in asks for: an authenticator app, or a passkey of somebody who wants it
 * so, or who administers: else whoever reads their mail would. Both are aliases, of `credential` and of its `account`.
 */
export function asked(credential: string, account: string): string {
  return `${credential}.proven_at is not null and ${credential}.removed_at is null and (
    ${credential}.kind = 'totp' or ${credential}.kind = 'passkey' and ${demanded(account)})`
}

/** Whether the person of this account is asked for their passkeys always. */
export function demanded(account: string): string {
  return `(${account}.demands_second or ${account}.role is not null)`
}
