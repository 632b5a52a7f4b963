import type { SessionStore, SignedInSession } from '../oidc/index.ts'
import { endAttempts } from './attempts.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { partiesOf, tellOfLogouts } from './logouts.ts'
import { endClientsGrants, endGranted } from './oidc-records.ts'

// A session that has just got a new identifier may have two rows. `account` is the account page's client.
const OF_ACCOUNT: Statement = {
  name: 'sessions_of_account',
  text: `
    with living as (
      select uid, payload -> 'place' ->> 'device' as device, payload -> 'authorizations' as known,
        payload #>> '{authorizations,account,sid}' as sid,
        coalesce((payload #>> '{place,firstSeenAt}')::timestamptz, to_timestamp((payload ->> 'loginTs')::float8)) as first_seen_at,
        coalesce((payload #>> '{place,lastSeenAt}')::timestamptz, to_timestamp((payload ->> 'iat')::float8)) as last_seen_at
      from oidc_record where model = 'Session' and account_id = $1 and expires_at > $2
    )
    select uid, (array_agg(device order by last_seen_at desc))[1] as device, min(first_seen_at) as "signedInAt",
      greatest(max(last_seen_at), (
        select max(page.last_seen_at) from account_session page
        where page.account_id = $1 and page.sid = any(array_agg(living.sid)))) as "lastSeenAt",
      array(
        select distinct key from living as own, jsonb_each(coalesce(own.known, '{}'))
        where own.uid = living.uid and key <> 'account' and value ? 'grantId' order by key) as "clientIds"
    from living group by uid order by 4 desc, uid`,
}

// Of an account: all, or $2 alone, and never $3.
const SESSIONS = `model = 'Session' and ($2::text is null or uid = $2) and uid is distinct from $3::text`

// What a person proved and has not yet brought to the application, and what was begun in a session that ends. Without a
// session it goes with all of them.
const INTERACTIONS = `
  model = 'Interaction' and ($2::text is null or payload ->> 'session' = $2)
    and ($3::text is null or payload ->> 'session' is distinct from $3)`

const LEFT: Statement = {
  name: 'sessions_left',
  text: `
    select 1 from oidc_record
    where account_id = $1 and (${SESSIONS} or ${INTERACTIONS}) limit 1`,
}

const END: Statement = {
  name: 'sessions_end',
  text: `
    delete from oidc_record
    where account_id = $1 and ${SESSIONS}
    returning uid, expires_at > $4 as living, coalesce(payload -> 'authorizations', '{}') as authorizations`,
}

const END_INTERACTIONS: Statement = {
  name: 'sessions_end_interactions',
  text: `delete from oidc_record where account_id = $1 and ${INTERACTIONS}`,
}

const END_ON_OWN_PAGES: Statement = {
  name: 'sessions_end_on_own_pages',
  text: 'delete from account_session where account_id = $1 and sid = any($2::text[])',
}

const OF_INTERACTION: Statement = {
  name: 'sessions_of_interaction',
  text: `select payload ->> 'session' as session from oidc_record where model = 'Interaction' and id = $1`,
}

interface Ended {
  uid: string
  living: boolean
  authorizations: Record<string, { grantId?: string; sid?: string }>
}

/** Sessions of the engine, by the account they are of. */
export function createSessionStore(db: Database): SessionStore {
  return {
    ofAccount: (accountId, now) => db.run<SignedInSession>(OF_ACCOUNT, [accountId, now]),
    async end(tx, accountId, which, now) {
      const [only, except, attempt] = 'only' in which ? [which.only, null, null] : [null, which.except, which.attempt ?? null]
      const ended: Ended[] = []
      // Before anything else: a sign-in that still found its attempt standing has marked its interaction by then.
      if (only === null) await endAttempts(tx, accountId, attempt)
      // A session that is just getting a new identifier, or comes of an interaction, is seen in the next round.
      while ((await runIn(tx, LEFT, [accountId, only, except])).length > 0) {
        ended.push(...(await runIn<Ended>(tx, END, [accountId, only, except, now])))
        await runIn(tx, END_INTERACTIONS, [accountId, only, except])
      }
      const known = ended.flatMap(({ authorizations }) => Object.values(authorizations))
      await endGranted(tx, [...new Set(known.flatMap(({ grantId }) => grantId ?? []))])
      const sids = known.flatMap(({ sid }) => sid ?? [])
      await runIn(tx, END_ON_OWN_PAGES, [accountId, sids])
      const parties = ended.flatMap(({ authorizations }) => partiesOf(accountId, authorizations))
      await tellOfLogouts(tx, parties, now)
      return new Set(ended.filter(({ living }) => living).map(({ uid }) => uid)).size
    },
    ofInteraction: async (tx, id) => (await runIn<{ session: string | null }>(tx, OF_INTERACTION, [id]))[0]?.session ?? null,
    async endGrants(tx, accountId) {
      await endClientsGrants(tx, accountId, null)
    },
  }
}
