import type { Tx } from '../base/index.ts'
import { addJob } from './add-job.ts'
import { type Database, runIn, type Statement } from './database.ts'

/** The job that ends what one transaction has left of what was granted to a client. */
export const END_CLIENT_TASK = 'end-client'

/** What one transaction ends: no statement comes near its time-out, and whoever waits for a row waits shortly. */
const PEOPLE_MAX = 200
const RECORDS_MAX = 5000

/** Whose grants a client has. The index `oidc_record_client_idx` is over grants and tokens of machines alone. */
const GRANTS_OF = (clients: string) => `model = 'Grant' and payload ->> 'clientId' ${clients}`

/** Picks what is granted to a client, by the people who have grants of it: their records are found by an index. */
export const GRANTED_TO = (clients: string): string => `
  account_id in (select account_id from oidc_record where ${GRANTS_OF(clients)})
  and model not in ('Session', 'Interaction') and payload ->> 'clientId' ${clients}`

const OWN = `model in ('Grant', 'ClientCredentials') and payload ->> 'clientId'`

// Only of clients that are deleted: what people agreed to outlives a client that is switched off.
const END_CONSENTS: Statement = {
  name: 'client_endings_consents',
  text: `
    delete from consent where ctid = any(array(
      select consent.ctid from consent join client on client.id = consent.client_id
      where consent.client_id = any($1::text[]) and client.source = 'removed' limit $2))`,
}

// Whoever holds the grants has all that is granted by them: see oidc-records.ts. Of each person all of them.
const LOCK_GRANTS: Statement = {
  name: 'client_endings_lock_grants',
  text: `
    select account_id as "accountId" from oidc_record
    where ${GRANTS_OF('= any($1::text[])')} and account_id = any(array(
      select account_id from oidc_record where ${GRANTS_OF('= any($1::text[])')} and account_id is not null limit $2))
    order by id for update`,
}

// The grants come last: as long as there is one, something is left.
const END_GRANTED: Statement = {
  name: 'client_endings_granted',
  text: `
    with due as materialized (
      select model, id from oidc_record
      where account_id = any($2::text[]) and model not in ('Session', 'Interaction') and payload ->> 'clientId' = any($1::text[])
      order by model = 'Grant' limit $3
    )
    delete from oidc_record old using due where old.model = due.model and old.id = due.id`,
}

// A machine's own hang on no grant, and the next client of the same id must not have them.
const END_REST: Statement = {
  name: 'client_endings_rest',
  text: `
    with due as materialized (
      select model, id from oidc_record
      where ${OWN} = any($1::text[]) and (model = 'ClientCredentials' or account_id is null) limit $2
    )
    delete from oidc_record old using due where old.model = due.model and old.id = due.id`,
}

const END_OWN: Statement = {
  name: 'client_endings_own',
  text: `delete from oidc_record where model = 'ClientCredentials' and payload ->> 'clientId' = any($1::text[])`,
}

const SOMETHING_LEFT = (client: string) => `(
  exists (select from oidc_record where ${OWN} = ${client})
  or exists (select from consent join client gone on gone.id = consent.client_id and gone.source = 'removed' where gone.id = ${client}))`

/** Of these clients those of which something is left. */
export const LEFT: Statement = {
  name: 'client_endings_left',
  text: `select id from unnest($1::text[]) as one(id) where ${SOMETHING_LEFT('one.id')}`,
}

// Nobody can use it from now on, and its id is not free before all of it has ended.
const LEAVE: Statement = {
  name: 'client_endings_leave',
  text: `
    update client set source = 'removed', disabled_at = coalesce(disabled_at, $2::timestamptz), secrets = '[]',
      secret_hashes = '{}', updated_at = $2::timestamptz
    where id = any($1::text[])`,
}

const REMOVE: Statement = {
  name: 'client_endings_remove',
  text: `delete from client where id = any($1::text[]) and source = 'removed'`,
}

// Whoever switches it on waits, and then has seen that nothing is left.
const LOCK_OFF: Statement = {
  name: 'client_endings_lock_off',
  text: 'select 1 from client where id = $1 and disabled_at is not null for update',
}

/**
 * Ends the codes, tokens and grants of clients that are off or deleted: a bounded number of them now, and the rest by a
 * job that begins at `at`. Answers the clients of which something is left. A client is off before, in this transaction
 * or another: the engine takes it for nobody by then.
 */
export async function endClientTokens(tx: Tx, clientIds: readonly string[], at: Date): Promise<string[]> {
  const left = clientIds.length === 0 ? [] : await endSome(tx, clientIds)
  for (const id of left) await addJob(tx, END_CLIENT_TASK, { clientId: id }, { at, key: `${END_CLIENT_TASK}:${id}` })
  return left
}

/** Ends the tokens that machines have for themselves. */
export async function endOwnTokens(tx: Tx, clientIds: readonly string[]): Promise<void> {
  await runIn(tx, END_OWN, [clientIds])
}

/** Deletes clients. Until all that was granted to one has ended its row stays, in no list and found by nobody. */
export async function removeClients(tx: Tx, clientIds: readonly string[], at: Date): Promise<void> {
  await runIn(tx, LEAVE, [clientIds, at])
  await endClientTokens(tx, clientIds, at)
}

/** The job: ends what is left of a client that is off, one bounded transaction after the other. */
export async function endClient(db: Pick<Database, 'transact'>, clientId: string, signal?: AbortSignal): Promise<void> {
  let left = true
  while (left) {
    if (signal?.aborted) throw new Error('the process stops: the rest is ended later')
    left = await db.transact(async (tx) => {
      const off = await runIn(tx, LOCK_OFF, [clientId])
      return off.length > 0 && (await endSome(tx, [clientId])).length > 0
    })
  }
}

async function endSome(tx: Tx, clientIds: readonly string[]): Promise<string[]> {
  await runIn(tx, END_CONSENTS, [clientIds, RECORDS_MAX])
  const granted = await runIn<{ accountId: string }>(tx, LOCK_GRANTS, [clientIds, PEOPLE_MAX])
  const people = [...new Set(granted.map(({ accountId }) => accountId))]
  if (people.length > 0) await runIn(tx, END_GRANTED, [clientIds, people, RECORDS_MAX])
  await runIn(tx, END_REST, [clientIds, RECORDS_MAX])
  const left = (await runIn<{ id: string }>(tx, LEFT, [clientIds])).map(({ id }) => id)
  await runIn(tx, REMOVE, [clientIds.filter((id) => !left.includes(id))])
  return left
}
