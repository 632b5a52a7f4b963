import { hashOf, type Tx } from '../base/index.ts'
import type { LogoutDue, LogoutNews } from '../oidc/index.ts'
import { runIn, type Statement } from './database.ts'

/** The job that tells one application of one session that has ended. */
export const LOGOUT_TASK = 'backchannel-logout'

// Only clients that want to be told. Of one client one job at a time, so that a slow one holds up nobody but itself; the
// same session ended twice is one job.
const ADD: Statement = {
  name: 'logouts_add',
  text: `
    select from client
    join jsonb_to_recordset($1::jsonb) as ended("clientId" text, sid text, "accountId" text, since text, tries text, queue text)
      on client.id = ended."clientId"
    cross join lateral graphile_worker.add_job('${LOGOUT_TASK}', run_at := $2::timestamptz, queue_name := ended.queue,
      job_key := ended.queue || ':' || ended.sid,
      payload := json_build_object('clientId', client.id, 'sid', ended.sid, 'accountId', ended."accountId",
        'since', ended.since, 'tries', ended.tries)) as job
    where jsonb_exists(client.metadata, 'backchannel_logout_uri') and client.disabled_at is null and client.source <> 'removed'
    order by client.id, ended.sid`,
}

/** Has applications told, in the transaction that ends their sessions: none is lost by a crash, and none told for nothing. */
export async function tellOfLogouts(tx: Tx, ended: readonly LogoutNews[], now: Date): Promise<void> {
  const each = new Map(ended.map((one) => [`${one.clientId} ${one.sid}`, one]))
  const due = [...each.values()].map((one) => ({ ...one, since: now.toISOString(), tries: 0 }))
  await addLogouts(tx, due, now)
}

/** The same later, where it did not work. */
export async function addLogouts(tx: Tx, due: readonly LogoutDue[], at: Date): Promise<void> {
  if (due.length === 0) return
  const rows = due.map((one) => ({ ...one, tries: String(one.tries), queue: `logout:${hashOf(one.clientId)}` }))
  await runIn(tx, ADD, [JSON.stringify(rows), at])
}

/** Applications that took part in a session, by its `authorizations` as the engine keeps them. */
export function partiesOf(
  accountId: string | null,
  authorizations: Readonly<Record<string, { grantId?: string; sid?: string }>>,
): LogoutNews[] {
  if (accountId === null) return []
  return Object.entries(authorizations).flatMap(([clientId, { grantId, sid }]) =>
    grantId && sid ? [{ clientId, sid, accountId }] : [],
  )
}
