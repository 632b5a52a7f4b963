import { query } from './database.ts'

/**
 * Whoever gives a last proof in `work` gets no further: it is kept, and the last look before the session fails (with 500).
 * The same as where the process or the connection ends there.
 */
export async function stoppedAtProof<T>(databaseUrl: string, work: () => Promise<T>): Promise<T> {
  await query(
    databaseUrl,
    `create function stop_at_proof() returns trigger language plpgsql as 'begin raise exception ''stopped''; end'`,
  )
  await query(
    databaseUrl,
    `create trigger stop_at_proof before update of account_id on oidc_record for each row when (new.model = 'Interaction')
     execute function stop_at_proof()`,
  )
  try {
    return await work()
  } finally {
    await query(databaseUrl, 'drop function stop_at_proof cascade')
  }
}
