import type { Database, Statement } from './database.ts'

/** A sign-in that waits for its mail, of somebody who administers or was invited to. */
export interface OpenSignIn {
  challengeId: string
  attemptId: string
  clientId: string
  /** Null where the account is yet to come. */
  accountId: string | null
  device: string
  createdAt: Date
  expiresAt: Date
}

const NEWEST: Statement = {
  name: 'sign_in_links_newest',
  text: `
    with owner as (
      select held.account_id as id from address held join account a on a.id = held.account_id
      where held.kind = 'email' and held.canonical = $1 and held.usable_from <= $2::timestamptz
        and (held.leaves_at is null or held.leaves_at > $2::timestamptz)
        and a.role is not null and a.state = 'active' and (a.closing_at is null or a.closing_at > $2::timestamptz)
    )
    select c.id as "challengeId", a.id as "attemptId", a.client_id as "clientId", (select id from owner) as "accountId",
      a.device, a.created_at as "createdAt", c.expires_at as "expiresAt"
    from challenge c join attempt a on a.id = c.attempt_id
    where c.kind = 'email' and c.target = $1 and c.state = 'open' and c.expires_at > $2::timestamptz
      and a.state = 'open' and a.purpose = 'sign-in' and a.expires_at > $2::timestamptz
      and (exists (select from owner) or exists (
        select from invitation i
        where i.kind = 'email' and i.canonical = $1 and i.role is not null and i.expires_at > $2::timestamptz))
    order by a.created_at desc limit 1`,
}

/** The newest sign-in under way for this email address, where its person has a role or one waits for them; else null. */
export function createSignInLinkStore(db: Pick<Database, 'run'>) {
  return {
    newest: async (address: string, now: Date): Promise<OpenSignIn | null> =>
      (await db.run<OpenSignIn>(NEWEST, [address, now]))[0] ?? null,
  }
}
