import type { Log } from '../base/index.ts'
import type { Database } from './database.ts'
import { pause } from './pause.ts'

const FIRST_PAUSE_MS = 200
const PAUSE_MS_MAX = 2000
const REPEAT_EVERY = 15

/**
 * Waits at start until the database answers, with pauses that grow to two seconds (F-01). What is wrong is logged
 * when it changes, and every half a minute. Ends early when `until` says so.
 */
export async function waitForDatabase(
  db: Pick<Database, 'health'>,
  { log, until }: { log: Log; until(): boolean },
): Promise<void> {
  let told = ''
  for (let tries = 0, pauseMs = FIRST_PAUSE_MS; !until(); tries++) {
    const { reachable, reason } = await db.health()
    if (reachable) {
      if (told) log.info('the database answers')
      return
    }
    const why = reason ?? 'no answer'
    if (why !== told || tries % REPEAT_EVERY === 0) log.error(`waiting for the database: ${why}`)
    told = why
    await pause(pauseMs)
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)
  }
}
