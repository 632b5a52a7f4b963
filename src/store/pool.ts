import { type Log, patienceLeftMs, Refusal } from '../base/index.ts'
import { openWire, type Wire, type WireOptions } from './wire.ts'

export interface PoolOptions {
  /** May lead through a pooler, in transaction mode too. */
  url: string
  poolSize: number
  /** Time-outs in milliseconds; the defaults are 5 s, 2 s and 10 s. Connecting and waiting for the pool: 5 s. */
  statementTimeoutMs?: number
  lockTimeoutMs?: number
  idleInTransactionTimeoutMs?: number
  log: Log
}

export interface Pool {
  /** A connection that nobody uses, to be given back; null when there is none. */
  takeIdle(): Wire | null
  /**
   * The next connection, to be given back. Throws `Refusal('unavailable')` at once where too many wait already, and when
   * the patience of the present work ends.
   */
  waitForOne(): Promise<Wire>
  /** Gives a connection back, of which no answer is awaited any more. A broken one serves nobody again. */
  give(wire: Wire, broken: boolean): void
  /** No connection of before serves anybody again. */
  distrust(): void
  counts(): { idle: number; busy: number; waiting: number; max: number }
  /** What sessions of the server are told; behind a pooler each transaction brings it along. */
  readonly session: WireOptions
  /** Resolves once every connection was given back. */
  close(): Promise<void>
}

const WAIT_MS = 5000
/** Whoever comes while so many wait for each connection would wait in vain. */
const WAITING_PER_CONNECTION = 50
const IDLE_MS = 60_000
const LIFETIME_MS = 3_600_000
const LOOK_EVERY_MS = 10_000
/** Above the server's own time-out, so that it has the chance to say so itself. */
const ANSWER_SPARE_MS = 1000

interface Waiting {
  /** Which one it is of all that ever waited. */
  number: number
  came(wire: Wire): void
  failed(error: unknown): void
}

/** The connections. None is made before somebody needs it. */
export function openPool(options: PoolOptions): Pool {
  const { poolSize, statementTimeoutMs = 5000, lockTimeoutMs = 2000, idleInTransactionTimeoutMs = 10_000, log } = options
  const answerTimeoutMs = statementTimeoutMs + ANSWER_SPARE_MS
  const timeouts = { statementTimeoutMs, lockTimeoutMs, idleInTransactionTimeoutMs, answerTimeoutMs }
  const session: WireOptions = { url: options.url, ...timeouts, onLost }
  const waitingMax = poolSize * WAITING_PER_CONNECTION
  let trusted = new WeakSet<Wire>()
  const idle: { wire: Wire; since: number }[] = []
  // No `Set`: its dead tables would hold on to requests that are long answered.
  const line: Waiting[] = []
  let waitedEver = 0
  let opening = 0
  let count = 0
  let told = false
  let closing = false
  let emptied = () => {}
  const looking = setInterval(endOld, LOOK_EVERY_MS).unref()

  async function waitForOne(): Promise<Wire> {
    if (closing) throw ended()
    if (line.length - opening >= waitingMax) throw new Refusal('unavailable')
    const leftMs = patienceLeftMs()
    if (leftMs <= 0) throw impatient()
    return await new Promise<Wire>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        const at = line.indexOf(waiting)
        if (at >= 0) line.splice(at, 1)
      }
      const waiting: Waiting = {
        number: ++waitedEver,
        came: (wire) => {
          leave()
          resolve(wire)
        },
        failed: (error) => {
          leave()
          reject(error)
        },
      }
      const late = () => (leftMs < WAIT_MS ? impatient() : new Error('timeout exceeded when trying to connect'))
      const timer = setTimeout(() => waiting.failed(late()), Math.min(leftMs, WAIT_MS))
      line.push(waiting)
      openMore()
    })
  }

  // One for each who waits, up to the size of the pool.
  function openMore(): void {
    while (!closing && count < poolSize && opening < line.length) void openOne()
  }

  async function openOne(): Promise<void> {
    count++
    opening++
    const sinceWhen = waitedEver
    try {
      const wire = await openWire(session)
      opening--
      trusted.add(wire)
      if (wire.isShared && !told) log.info({}, 'the database is reached through a pooler: statements are not prepared')
      told ||= wire.isShared
      give(wire, false)
    } catch (error) {
      opening--
      count--
      const [first] = line
      // Whoever came since is not told of an outage that may be over: the next attempt is theirs.
      if (first && first.number <= sinceWhen) first.failed(error)
      openMore()
      endIfEmpty()
    }
  }

  function give(wire: Wire, broken: boolean): void {
    const now = performance.now()
    const fit = !broken && !closing && wire.isWhole() && trusted.has(wire) && now - wire.since <= LIFETIME_MS
    const [next] = line
    if (!fit) drop(wire)
    else if (next) next.came(wire)
    else idle.push({ wire, since: now })
  }

  function drop(wire: Wire): void {
    count--
    wire.close()
    openMore()
    endIfEmpty()
  }

  function dropIdle(is: (of: { wire: Wire; since: number }) => boolean): void {
    for (const each of idle.filter(is)) {
      idle.splice(idle.indexOf(each), 1)
      drop(each.wire)
    }
  }

  function endOld(): void {
    const now = performance.now()
    dropIdle(({ wire, since }) => now - since > IDLE_MS || now - wire.since > LIFETIME_MS)
  }

  function onLost(lost: Wire, reason: string): void {
    if (!idle.some(({ wire }) => wire === lost)) return // whoever has it will see
    log.warn({ reason }, 'an idle database connection was lost')
    dropIdle(({ wire }) => wire === lost)
  }

  function endIfEmpty(): void {
    if (closing && count === 0) emptied()
  }

  return {
    takeIdle: () => idle.pop()?.wire ?? null,
    waitForOne,
    give,
    distrust() {
      trusted = new WeakSet()
      dropIdle(() => true)
    },
    counts: () => ({ idle: idle.length, busy: count - idle.length, waiting: Math.max(0, line.length - opening), max: poolSize }),
    session,
    close: () =>
      new Promise((resolve) => {
        closing = true
        emptied = resolve
        clearInterval(looking)
        for (const each of [...line]) each.failed(ended())
        dropIdle(() => true)
        endIfEmpty()
      }),
  }
}

function ended(): Error {
  return new Error('the database was asked after calling end on the pool')
}

/** The driver's words of a lost answer: the connection is given up, and what it was about to do with it. */
export function impatient(): Refusal {
  return new Refusal('unavailable', { cause: new Error('timeout expired: the database took too long in all') })
}
