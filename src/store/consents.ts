import type { Consent, ConsentStore } from '../oidc/index.ts'
import { type Database, runIn, type Statement } from './database.ts'

const find: Statement = {
  name: 'consent_find',
  text: `select account_id as "accountId", client_id as "clientId", scopes, claims, resources
         from consent where account_id = $1 and client_id = $2`,
}

// Agreeing again adds; a resource's scopes are joined one resource at a time.
const add: Statement = {
  name: 'consent_add',
  text: `
    insert into consent as old (account_id, client_id, scopes, claims, resources, granted_at, updated_at)
    values ($1, $2, $3::text[], $4::text[], $5::jsonb, $6::timestamptz, $6::timestamptz)
    on conflict (account_id, client_id) do update set
      scopes = array(select distinct unnest(old.scopes || excluded.scopes)),
      claims = array(select distinct unnest(old.claims || excluded.claims)),
      resources = (
        select coalesce(jsonb_object_agg(key, scopes), '{}') from (
          select key, jsonb_agg(distinct scope) as scopes
          from (select * from jsonb_each(old.resources) union all select * from jsonb_each(excluded.resources)) as both_sides,
            jsonb_array_elements(value) as scope
          group by key) as joined),
      updated_at = excluded.updated_at`,
}

/** What people agreed to, in PostgreSQL. */
export function createConsentStore(db: Database): ConsentStore {
  return {
    async find(accountId, clientId) {
      return (await db.run<Consent>(find, [accountId, clientId]))[0] ?? null
    },
    async add(tx, consent, at) {
      const { accountId, clientId, scopes, claims, resources } = consent
      await runIn(tx, add, [accountId, clientId, scopes, claims, JSON.stringify(resources), at])
    },
  }
}
