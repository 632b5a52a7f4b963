import { EventEmitter } from 'node:events'
import { parseCrontab, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import type pg from 'pg'
import { clock, type Log, type Metrics, type Tx } from '../base/index.ts'
import { addJob } from './add-job.ts'
import { afterCommit, type Database } from './database.ts'
import { describeFailure } from './failures.ts'
import { atMost, pause } from './pause.ts'
import { createPresence, LOOK_EVERY_MS, type Presence } from './presence.ts'
import { openQueuePool } from './queue-pool.ts'
import { createShortWay } from './short-way.ts'
import { createJobTeller, withTrace } from './told-job.ts'
import { workerLogger } from './worker-logger.ts'

interface TaskHelpers {
  /** Which try this is, from 1. */
  attempt: number
  attemptsMax: number
  /** Aborted when the process wants to stop and the job takes long. */
  signal: AbortSignal | undefined
}

/** One kind of job. It may run twice: what it does must be single-winner by its own rows. A throw means: again later. */
export type Task = (payload: Record<string, string>, helpers: TaskHelpers) => Promise<void>

export interface Queue {
  /**
   * Adds a job in the caller's transaction. `payload` holds ids only. A waiting job with the same `key` is replaced, and
   * no two of one `line` run at once, in whichever process.
   */
  add(
    tx: Tx,
    task: string,
    payload: Record<string, string>,
    options?: { runAt?: Date; key?: string; line?: string },
  ): Promise<void>
  /**
   * Has a task run by this process once the caller's transaction is committed, without a job, and tried once: for work
   * that rows of its own tell of, by which it is found again after a crash or a failure. Where this process takes no more
   * it is a job like any other, under this key; where it stops meanwhile, only the rows are left. Work of one `lane`
   * never waits for that of another; there are few of them, known beforehand. `held` is what is done in place of the task
   * where the rows say that this process does it: then it is never a job.
   */
  soon(
    tx: Tx,
    task: string,
    payload: Record<string, string>,
    options: { key: string; lane: string; held?: () => Promise<void> },
  ): Promise<void>
  /** Whether this process would begin work of that lane at once. */
  hasPlace(lane: string): boolean
  /** Begins to work, and begins anew after an outage of the database until `stop`. */
  start(): Promise<void>
  /**
   * Takes no more jobs and lets running ones end, for `graceSeconds` (10) at most; what is left runs again later. Until
   * `askedLast` settles, which is when nobody has a request here any more, work is still taken that is asked for soon.
   */
  stop(graceSeconds?: number, askedLast?: Promise<unknown>): Promise<void>
}

interface QueueDeps {
  /** A direct connection, past any pooler: the queue listens on it. */
  databaseUrl: string
  /** Told of a server that takes no writes any more: the queue, which writes every few seconds, is the first to meet it. */
  db: Pick<Database, 'transact' | 'distrust'>
  log: Log
  metrics: Metrics
  /** By name. */
  tasks: Record<string, Task>
  /** Lines of graphile-worker's crontab, such as `* * * * * sweep`. */
  crontab: string
  /** Jobs at once in this process. */
  concurrency: number
  /** Tasks at once that are no jobs (`soon`), in each lane, beside those. */
  soonAtOnce: number
  /**
   * How often each worker looks for jobs that nobody tells it of, which are those that were put off and those whose
   * worker died; and how often dead workers are looked for: found twice, their jobs are free. 5 s.
   */
  lookEveryMs?: number
}

const RESTART_PAUSE_MS = 2000
const GRACE_SECONDS = 10
const END_MS_MAX = 3000
const STUCK_ERRORS = 3

/** One try of a task, told and counted; throws when it failed. */
type Try = (payload: unknown, helpers: TaskHelpers, held?: Task) => Promise<void>

/** A task that runs once its transaction is committed. */
type Soon = { task: string; payload: Record<string, string>; held: Task | undefined }

/** The job queue, on graphile-worker. A job killed with its process is taken again within half a minute (presence). */
export function createQueue(deps: QueueDeps): Queue {
  const { log } = deps
  const tries = triesOf(deps)
  const shortWay = createShortWay<Soon>(deps.soonAtOnce, async ({ task, payload, held }) => {
    await tries
      .get(task)?.(payload, ONLY_TRY, held)
      .catch(() => {})
  })
  let presence: Presence | null = null
  let pool: pg.Pool | null = null
  let runner: Runner | null = null
  /** The same, also while it begins. */
  let begun: Promise<Runner | null> = Promise.resolve(null)
  let supervising: Promise<void> | null = null
  let stopped: Promise<void> | undefined
  const stopping = new AbortController()

  function begin(): Promise<Runner> {
    const beginning = beginOne()
    begun = beginning
    return beginning
  }

  async function beginOne(): Promise<Runner> {
    pool ??= openQueuePool(deps)
    const shown = presence ?? createPresence(deps)
    presence = shown
    return await run({
      pgPool: pool,
      taskList: taskList(tries),
      parsedCronItems: parseCrontab(deps.crontab),
      concurrency: deps.concurrency,
      noHandleSignals: true, // the process stops in its own order
      useNodeTime: true, // one clock, the process's
      pollInterval: deps.lookEveryMs ?? LOOK_EVERY_MS,
      logger: workerLogger(log),
      preset: { plugins: [presencePlugin(shown)] },
      events: watchForStuck(),
    })
  }

  /**
   * graphile-worker looks its tasks up once and keeps the answer, also when it is a lost connection: then it fails at
   * every look for a job, for ever. Where it fails again and again and the database answers, it begins anew.
   */
  function watchForStuck(): WorkerEvents {
    const events: WorkerEvents = new EventEmitter()
    let errors = 0
    let asking = false
    events.on('worker:getJob:empty', () => {
      errors = 0
    })
    events.on('job:start', () => {
      errors = 0
    })
    events.on('worker:getJob:error', () => {
      errors += 1
      if (errors < STUCK_ERRORS || asking) return
      asking = true
      void restartWhenReachable().finally(() => {
        asking = false
      })
    })
    return events
  }

  async function restartWhenReachable(): Promise<void> {
    const stuck = runner
    try {
      await pool?.query('select 1')
    } catch {
      return // an outage: it goes on by itself
    }
    if (stuck === null || stuck !== runner || stopping.signal.aborted) return
    log.warn('the job queue found no way back after an outage: it begins anew')
    await stuck.stop().catch(() => {})
  }

  async function supervise(first: Runner | null): Promise<void> {
    for (let current = first; !stopping.signal.aborted; current = null) {
      try {
        runner = current ?? (await begin())
        await runner.promise
      } catch (error) {
        log.error({ reason: describeFailure(error) }, 'the job queue stopped working: it begins anew')
      }
      runner = null
      await presence?.hide()
      await pause(RESTART_PAUSE_MS, stopping.signal)
    }
  }

  async function end(graceSeconds: number, askedLast: Promise<unknown>): Promise<void> {
    stopping.abort()
    // Jobs ask for such work too.
    const work = Promise.allSettled([begun.then(endOf), askedLast]).then(() => shortWay.close())
    const ended = await atMost(graceSeconds * 1000, work)
    shortWay.drop()
    // Bounded too: a database that hangs must not keep the process.
    if (presence) await atMost(END_MS_MAX, presence.stop())
    if (ended) await atMost(END_MS_MAX, Promise.resolve(supervising))
    if (pool) await atMost(END_MS_MAX, pool.end())
  }

  const add: Queue['add'] = (tx, task, payload, { runAt: at = clock.now(), key = null, line = null } = {}) =>
    addJob(tx, task, payload, { at, key, line })

  return {
    add,
    async soon(tx, task, payload, { key, lane, held }) {
      if (!held && !shortWay.isOpen(lane)) return add(tx, task, payload, { key })
      const soon = { task, payload: withTrace(payload), held }
      afterCommit(tx, () => shortWay.take(lane, soon))
    },
    hasPlace: shortWay.hasPlace,
    async start() {
      if (stopping.signal.aborted) return
      shortWay.open()
      const first = await begin().catch((error) => {
        log.error({ reason: describeFailure(error) }, 'the job queue does not work yet')
        return null
      })
      supervising ??= supervise(first)
    },
    stop(graceSeconds = GRACE_SECONDS, askedLast = Promise.resolve()) {
      stopped ??= end(graceSeconds, askedLast)
      return stopped
    },
  }
}

/** Lets running jobs end. A runner that is being stopped already says so by an error: it is waited for all the same. */
async function endOf(runner: Runner | null): Promise<void> {
  await runner?.stop().catch(() => runner.promise)
}

const ONLY_TRY: TaskHelpers = { attempt: 1, attemptsMax: 1, signal: undefined }

function triesOf({ tasks, log, metrics }: QueueDeps): Map<string, Try> {
  const told = createJobTeller(metrics)
  const tryOf =
    (name: string, task: Task): Try =>
    async (payload, tools, held = task) => {
      const { attempt, attemptsMax } = tools
      try {
        await told(name, attempt, stringsOf(payload), (ids) => held(ids, tools))
      } catch (error) {
        log.error({ err: error, task: name, attempt, attemptsMax }, 'a job failed')
        // Only this is kept with the job: the words of an error may name a person.
        throw new Error(`task ${name} failed`)
      }
    }
  return new Map(Object.entries(tasks).map(([name, task]) => [name, tryOf(name, task)]))
}

function taskList(tries: ReadonlyMap<string, Try>): TaskList {
  return Object.fromEntries(
    [...tries].map(([name, tryOnce]): [string, TaskList[string]] => [
      name,
      (payload, { job, abortSignal: signal }) =>
        tryOnce(payload, { attempt: job.attempts, attemptsMax: job.max_attempts, signal }),
    ]),
  )
}

// A cron job's payload holds graphile-worker's own facts too.
function stringsOf(payload: unknown): Record<string, string> {
  const entries = Object.entries((payload ?? {}) as Record<string, unknown>)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function presencePlugin(presence: Presence): GraphileConfig.Plugin {
  return {
    name: 'DoorwardPresence',
    version: '1.0.0',
    worker: {
      hooks: {
        // Awaited before the worker asks for its first job.
        async startWorker(_context, { worker }) {
          await presence.show(worker.workerPool.id)
        },
      },
    },
  }
}
