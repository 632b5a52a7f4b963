import { Client } from 'pg'
import { query } from '../support/database.ts'
import { until } from './fault-tools.ts'

/** Somebody's write waits at a place in the middle of its transaction, until it is let go or its process is gone. */
export interface Failpoint {
  /** Resolves once a write waits there. */
  reached(): Promise<void>
  /** The place is gone, and whatever waited there has ended without effect. */
  remove(): Promise<void>
}

const LOCK = 17

/** Between the last proof, which is kept by then, and the session. */
export const LAST_LOOK = ['update of account_id on oidc_record', `new.model = 'Interaction'`] as const

/**
 * Sets one, such as `insert on audit_entry` where `new.event = 'sign_in.proven'`. What waits has the service's own two
 * seconds for a lock.
 */
export async function failpointAt(databaseUrl: string, place: string, condition: string): Promise<Failpoint> {
  const holder = new Client({ connectionString: databaseUrl })
  await holder.connect()
  const table = place.split(' ').at(-1)
  await holder.query(`
    create function hold() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(${LOCK}); return new; end';
    create trigger hold before ${place} for each row when (${condition}) execute function hold();
    select pg_advisory_lock(${LOCK})`)
  const waiting = `pg_stat_activity where datname = current_database() and wait_event = 'advisory' and pid <> pg_backend_pid()`
  return {
    reached: async () => {
      await until('a write waits at the failpoint', async () => (await query(databaseUrl, `select from ${waiting}`)).length > 0)
    },
    remove: async () => {
      // The server notices only later that the client of a waiting statement is gone: the lock's end must not let it in.
      await holder.query(`select pg_terminate_backend(pid) from ${waiting}`)
      await holder.query(`drop trigger hold on ${table}; drop function hold; select pg_advisory_unlock(${LOCK})`)
      await holder.end()
    },
  }
}
