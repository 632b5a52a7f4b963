import type { ReplayStore } from '../signin/index.ts'
import type { Database, Statement } from './database.ts'

// The primary key lets one of parallel inserts win; the sweep deletes a row a minute after its time.
const ONCE: Statement = {
  name: 'replays_once',
  text: `insert into replay (id, expires_at) values ($1, $2) on conflict (id) do nothing returning 1`,
}

/** What may be used once, in `replay`, beside the engine's own values. */
export function createReplayStore(db: Database): ReplayStore {
  return { once: async (id, expiresAt) => (await db.run(ONCE, [id, expiresAt])).length === 1 }
}
