import type { ActorStore, AdminActor, AdminScope, PersonActor, Role } from '../admin/index.ts'
import { hashOf, type Tx } from '../base/index.ts'
import { lockClients } from './clients.ts'
import { asked } from './credential-sql.ts'
import { type Database, runIn, type Statement } from './database.ts'
import { lockRoles } from './roles.ts'

// Whoever is to be deleted administers no more, though they may still change their mind.
const ACTIVE = `a.state = 'active' and a.closing_at is null`

// What is locked is deleted by whoever suspends the person, changes their role or ends the session: they wait, or this
// finds nothing. The account itself is not locked, so that a person may be changed by themselves.
const BY_SESSION: Statement = {
  name: 'admin_actors_by_session',
  text: `
    select 1 from account_session own
    join account a on a.id = own.account_id and a.role = $4 and ${ACTIVE}
    where own.id = $1 and own.account_id = $2 and own.expires_at > $3::timestamptz and exists (
      select from oidc_record engine
      where engine.model = 'Session' and engine.account_id = own.account_id and engine.expires_at > $3::timestamptz
        and engine.payload -> 'authorizations' -> own.client_id ->> 'sid' = own.sid)
    for key share of own`,
}

const BY_GRANT: Statement = {
  name: 'admin_actors_by_grant',
  text: `
    select 1 from oidc_record held
    join account a on a.id = held.account_id and a.role = $4 and ${ACTIVE}
    where held.model = 'Grant' and held.id = $1 and held.account_id = $2 and held.expires_at > $3::timestamptz
    for key share of held`,
}

const PERSON_BY_GRANT: Statement = {
  name: 'admin_actors_person_by_grant',
  text: `
    select a.role, exists (
      select from credential c
      where c.account_id = a.id and ${asked('c', 'a')}
    ) as "secondFactor"
    from oidc_record held join account a on a.id = held.account_id and ${ACTIVE}
    where held.model = 'Grant' and held.id = $1 and held.account_id = $2 and held.expires_at > $3::timestamptz`,
}

const ENABLED = `id = $1 and disabled_at is null and (expires_at is null or expires_at > $2::timestamptz)`

// A change of the registration waits for it: `share` conflicts with every update.
const CLIENT_STANDS: Statement = {
  name: 'admin_actors_client_stands',
  text: `select 1 from client where ${ENABLED} and coalesce(policy -> 'adminScopes', '[]') ? $3 for share`,
}

const MACHINE: Statement = {
  name: 'admin_actors_machine',
  text: `select coalesce(policy -> 'adminScopes', '[]') as scopes from client where ${ENABLED}`,
}

/** Who asks for an operation: what `account`, `account_session`, `oidc_record` and `client` say of it now. */
export function createActorStore(db: Pick<Database, 'run'>): ActorStore {
  return {
    async stillMay(tx, actor, scope, now, shutsOut = false) {
      // First: whoever shuts another out holds this before the session of anybody, so that two who do it to each other, or a
      // machine to its own registration twice, meet here.
      if (scope === 'administrators:write' || shutsOut) await lockRoles(tx)
      if (scope === 'clients:write') await lockClients(tx)
      return stands(tx, actor, scope, now)
    },
    personByGrant: async (accountId, grantId, now) =>
      (await db.run<{ role: Role | null; secondFactor: boolean }>(PERSON_BY_GRANT, [hashOf(grantId), accountId, now]))[0] ?? null,
    machine: async (clientId, now) => (await db.run<{ scopes: AdminScope[] }>(MACHINE, [clientId, now]))[0] ?? null,
  }
}

async function stands(tx: Tx, actor: AdminActor, scope: AdminScope, now: Date): Promise<boolean> {
  if (actor.kind === 'local') return true
  if (actor.kind === 'client') return (await runIn(tx, CLIENT_STANDS, [actor.clientId, now, scope])).length === 1
  const [statement, id] = standingOf(actor)
  return (await runIn(tx, statement, [id, actor.accountId, now, actor.role])).length === 1
}

function standingOf({ standing }: PersonActor): [Statement, string] {
  return 'session' in standing ? [BY_SESSION, standing.session] : [BY_GRANT, hashOf(standing.grant)]
}
