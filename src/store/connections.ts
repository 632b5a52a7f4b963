import type { ConnectionRow, ConnectionStore } from '../oidc/index.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { partiesOf, tellOfLogouts } from './logouts.ts'
import { endClientsGrants } from './oidc-records.ts'

// A grant alone is no access: it outlives its session, whose next one gets another. It says since when and to what.
const OF_ACCOUNT: Statement = {
  name: 'connections_of_account',
  text: `
    with granted as (
      select model, payload ->> 'clientId' as client_id, payload, to_timestamp((payload ->> 'iat')::float8) as at
      from oidc_record where account_id = $1 and model not in ('Session', 'Interaction') and expires_at > $2 and consumed_at is null
    ), known as (
      select key as client_id,
        min(coalesce((payload #>> '{place,firstSeenAt}')::timestamptz, to_timestamp((payload ->> 'loginTs')::float8))) as at
      from oidc_record, jsonb_each(coalesce(payload -> 'authorizations', '{}'))
      where account_id = $1 and model = 'Session' and expires_at > $2 and value ? 'grantId'
      group by key
    ), ids as (
      select client_id from consent where account_id = $1
      union select client_id from known
      union select client_id from granted where model <> 'Grant'
    )
    select ids.client_id as "clientId",
      case when agreed.client_id is null then null
        else jsonb_build_object('scopes', agreed.scopes, 'resources', agreed.resources) end as consent,
      coalesce(sums.grants, '[]') as grants,
      coalesce(agreed.granted_at, sums.since, known.at, $2::timestamptz) as since,
      sums.last_used_at as "lastUsedAt", coalesce(sums.offline, false) as offline
    from ids
    left join consent agreed on agreed.account_id = $1 and agreed.client_id = ids.client_id
    left join known on known.client_id = ids.client_id
    left join lateral (
      select min(at) as since, max(at) filter (where model <> 'Grant') as last_used_at,
        bool_or(model = 'RefreshToken' and 'offline_access' = any(string_to_array(coalesce(payload ->> 'scope', ''), ' '))) as offline,
        jsonb_agg(jsonb_build_object('scope', payload #> '{openid,scope}', 'resources', payload -> 'resources'))
          filter (where model = 'Grant') as grants
      from granted where granted.client_id = ids.client_id
    ) sums on true
    order by since desc, ids.client_id`,
}

const REMOVE_CONSENT: Statement = {
  name: 'connections_remove_consent',
  text: 'delete from consent where account_id = $1 and client_id = $2 returning 1',
}

const KNOWN_TO_SESSION: Statement = {
  name: 'connections_known_to_session',
  text: `select 1 from oidc_record where account_id = $1 and model = 'Session' and payload -> 'authorizations' ? $2 limit 1`,
}

const FORGET: Statement = {
  name: 'connections_forget',
  text: `
    with known as (
      select model, id, payload -> 'authorizations' -> $2 as party from oidc_record
      where account_id = $1 and model = 'Session' and payload -> 'authorizations' ? $2 order by id for update
    )
    update oidc_record old set payload = payload #- array['authorizations', $2]
    from known where old.model = known.model and old.id = known.id
    returning jsonb_build_object($2::text, known.party) as authorizations`,
}

/** Applications with access to an account: `consent` and what the engine keeps in `oidc_record`. */
export function createConnectionStore(db: Database): ConnectionStore {
  return {
    ofAccount: (accountId, now) => db.run<ConnectionRow>(OF_ACCOUNT, [accountId, now]),
    async revoke(tx, accountId, clientId, now) {
      const own = [accountId, clientId]
      let ended = (await runIn(tx, REMOVE_CONSENT, own)).length
      // A session that is just getting a new identifier is seen under it in the next round.
      while ((await runIn(tx, KNOWN_TO_SESSION, own)).length > 0) {
        const forgotten = await runIn<{ authorizations: Parameters<typeof partiesOf>[1] }>(tx, FORGET, own)
        const parties = forgotten.flatMap(({ authorizations }) => partiesOf(accountId, authorizations))
        await tellOfLogouts(tx, parties, now)
        ended += forgotten.length
      }
      return ended + (await endClientsGrants(tx, accountId, clientId)) > 0
    },
  }
}
