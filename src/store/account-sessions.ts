import type { Tx } from '../base/index.ts'
import type { OwnSession, OwnSessionStore } from '../web/index.ts'
import { asked } from './credential-sql.ts'
import { type Database, runIn, type Statement } from './database.ts'

// The session of the engine must live, belong to the same account, and hold this place's `sid`: a person who signs out, is
// signed out, or takes the application's access away has none here any more. The newest row of a session counts.
const FIND: Statement = {
  name: 'account_sessions_find',
  text: `
    select own.id, own.account_id as "accountId", own.sid, engine.uid as "sessionUid", own.level, own.auth_time as "authTime",
      own.id_token as "idToken", own.sealed, own.last_seen_at as "lastSeenAt", a.role, (
        select count(*)::int from credential c where c.account_id = a.id and ${asked('c', 'a')}
      ) as authenticators
    from account_session own
    join account a on a.id = own.account_id and a.state = 'active' and (a.closing_at is null or a.closing_at > $2)
    join lateral (
      select uid from oidc_record
      where model = 'Session' and account_id = own.account_id and expires_at > $2
        and payload -> 'authorizations' -> own.client_id ->> 'sid' = own.sid
      order by expires_at desc limit 1
    ) engine on true
    where own.id = $1 and own.client_id = $4 and own.expires_at > $2 and own.last_seen_at > $3`,
}

// The row of the account is locked against its deletion by the foreign key; one that is gone already is not found.
const CREATE: Statement = {
  name: 'account_sessions_create',
  text: `
    with gone as (delete from account_session where id = $10)
    insert into account_session (id, account_id, client_id, sid, level, auth_time, id_token, sealed, created_at, last_seen_at, expires_at)
    select $1, a.id, $11, $3, $4::int, $5::timestamptz, $6, $7, $8::timestamptz, $8::timestamptz, $9::timestamptz from account a where a.id = $2
    returning id`,
}

// Shared: requests of one session do not wait for each other, and whoever ends it waits for them.
const STANDS: Statement = { name: 'account_sessions_stands', text: 'select id from account_session where id = $1 for key share' }

const SEEN: Statement = {
  name: 'account_sessions_seen',
  text: 'update account_session set last_seen_at = $2 where id = $1 and last_seen_at < $2',
}

const END: Statement = { name: 'account_sessions_end', text: 'delete from account_session where id = $1' }

// Whoever stands in the other sessions of the account does not wait for it.
const KEEP_SEALED: Statement = {
  name: 'account_sessions_keep_sealed',
  text: `
    update account_session set sealed = case when id = $1 then $2 end
    where id = $1 or (sealed is not null and account_id = (select account_id from account_session where id = $1))`,
}

const FORGET_SEALED: Statement = {
  name: 'account_sessions_forget_sealed',
  text: 'update account_session set sealed = null where id = $1',
}

interface Standing {
  /** Whether the session still is there; until the transaction ends nobody ends it. */
  stands(tx: Tx, id: string): Promise<boolean>
}

/** Sessions on the account page, or of another client of ours, in `account_session`. */
export function createAccountSessionStore(db: Database, clientId = 'account'): OwnSessionStore & Standing {
  return {
    find: async (id, now, seenAfter) => (await db.run<OwnSession>(FIND, [id, now, seenAfter, clientId]))[0] ?? null,
    async create({ id, accountId, sid, level, authTime, idToken, sealed, createdAt, expiresAt }, replaces) {
      const values = [id, accountId, sid, level, authTime, idToken, sealed, createdAt, expiresAt, replaces, clientId]
      return (await db.run(CREATE, values)).length === 1
    },
    stands: async (tx, id) => (await runIn(tx, STANDS, [id])).length === 1,
    seen: async (id, now) => void (await db.run(SEEN, [id, now])),
    end: async (id) => void (await db.run(END, [id])),
    keepSealed: async (tx, id, sealed) => void (await runIn(tx, KEEP_SEALED, [id, sealed])),
    forgetSealed: async (id) => void (await db.run(FORGET_SEALED, [id])),
  }
}
