import { Refusal, type Transact } from '../base/index.ts'
import type { Database } from './database.ts'

/** As long as one waits for the pool itself. */
const WAIT_MS = 5000
/** How long somebody is asked to stay away who waited in vain. */
const RETRY_AFTER_SECONDS = 2

/**
 * The same database for those who may take only so many of its connections at once: a statement is one, and so is a
 * transaction with all that it asks. The others wait for their turn in the order in which they came, and after five
 * seconds get `Refusal('unavailable')`. As for the pool itself: who holds a `Tx` asks for nothing else.
 */
export function shareOf(db: Database, connectionsMax: number): Database {
  const line = new Set<() => void>()
  let free = connectionsMax

  async function turn(): Promise<void> {
    if (free > 0) {
      free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const called = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        line.delete(called)
        reject(new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS }))
      }, WAIT_MS)
      line.add(called)
    })
  }

  function leave(): void {
    const [next] = line
    if (next) {
      line.delete(next)
      next() // the connection goes on without having been free
    } else free++
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    await turn()
    try {
      return await work()
    } finally {
      leave()
    }
  }

  const transact: Transact = (work) => inTurn(() => db.transact(work))
  return {
    run: (statement, values) => inTurn(() => db.run(statement, values)),
    transact,
    orm: () => db.orm(),
    health: () => db.health(),
    distrust: () => db.distrust(),
    close: () => db.close(),
  }
}
