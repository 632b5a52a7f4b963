import type { ClientSight, SightingStore } from '../keys/index.ts'
import type { Database, Statement } from './database.ts'

/** Networks that are kept for one client: the latest ones. */
const NETWORKS_MAX = 20

// Nobody waits for clients in browsers and on phones, and those that are built in stand in no table. What a statement
// deletes it has seen before its own insert, so that a client may have a few more until the next one.
const TOKENS: Statement = {
  name: 'key_sightings_tokens',
  text: `
    with seen as (
      select distinct on (seen.client_id, seen.network) seen.client_id, seen.network, seen.at
      from unnest($1::text[], $2::text[], $3::timestamptz[]) as seen(client_id, network, at)
      join client on client.id = seen.client_id and client.metadata ->> 'token_endpoint_auth_method' <> 'none'
      order by seen.client_id, seen.network, seen.at desc
    ), surplus as (
      delete from client_network old using (
        select client_id, network, row_number() over (partition by client_id order by last_at desc) as place
        from client_network where client_id in (select client_id from seen)
      ) ranked
      where ranked.place > ${NETWORKS_MAX} and old.client_id = ranked.client_id and old.network = ranked.network
        and (old.client_id, old.network) not in (select client_id, network from seen)
    )
    insert into client_network (client_id, network, last_at)
    select client_id, network, at from seen order by client_id, network
    on conflict (client_id, network) do update set last_at = greatest(client_network.last_at, excluded.last_at)`,
}

// Only networks of clients: whoever else fetches the keys leaves nothing behind.
const FETCHES: Statement = {
  name: 'key_sightings_fetches',
  text: `
    insert into jwks_fetch (network, fetches, last_at)
    select seen.network, seen.fetches, seen.at
    from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as seen(network, fetches, at)
    where exists (select from client_network where client_network.network = seen.network)
    order by seen.network
    on conflict (network) do update set
      fetches = jwks_fetch.fetches + excluded.fetches, last_at = greatest(jwks_fetch.last_at, excluded.last_at)`,
}

const ACTIVE: Statement = {
  name: 'key_sightings_active',
  text: `
    select client.id as "clientId", client.metadata ->> 'client_name' as name, max(jwks_fetch.last_at) as "fetchedAt"
    from client
    join client_network on client_network.client_id = client.id
    left join jwks_fetch on jwks_fetch.network = client_network.network
    where client_network.last_at > $1 and client.disabled_at is null and client.source not in ('removed', 'try')
      and client.metadata ->> 'token_endpoint_auth_method' <> 'none'
    group by client.id order by client.id`,
}

/** Who has seen the signing keys, in `client_network` and `jwks_fetch`. */
export function createSightingStore(db: Pick<Database, 'run'>): SightingStore {
  return {
    async addTokens(seen) {
      await db.run(TOKENS, [seen.map(({ clientId }) => clientId), seen.map(({ network }) => network), seen.map(({ at }) => at)])
    },
    async addFetches(seen) {
      await db.run(FETCHES, [seen.map(({ network }) => network), seen.map(({ count }) => count), seen.map(({ at }) => at)])
    },
    active: (since) => db.run<ClientSight>(ACTIVE, [since]),
  }
}
