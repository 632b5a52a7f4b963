import pg from 'pg'
import type { Log } from '../base/index.ts'
import { describeFailure } from './failures.ts'
import { jittered, pause } from './pause.ts'

/** Shows the other instances that the workers of this process live, and frees the jobs of those that do not. */
export interface Presence {
  /** Shows that the worker pool lives; resolves once others can see it. Before it takes its first job. */
  show(poolId: string): Promise<void>
  /** The pools of this process have ended: what they left locked is found like that of a dead process. */
  hide(): Promise<void>
  /** Gives the jobs that still run in this process to the others. */
  stop(): Promise<void>
}

/** How often is looked for what nobody tells of. */
export const LOOK_EVERY_MS = 5000
const LOCK_SPACE = 0x44575251 // the first half of our advisory locks; any number that nothing else uses

const LOCK_ID = (name: string) => `(hashtext(${name}) & 2147483647)`
const SHOW = `select pg_advisory_lock_shared(${LOCK_SPACE}, ${LOCK_ID('$1')})`
// Read from the table of locks and not by trying one: looking must never look like living.
const ABSENT = `
  select distinct job.locked_by as "poolId" from graphile_worker._private_jobs job
  where job.locked_by is not null and not exists (
    select from pg_locks held
    where held.locktype = 'advisory' and held.granted and held.classid = ${LOCK_SPACE} and held.objsubid = 2
      and held.database = (select oid from pg_database where datname = current_database())
      and held.objid = ${LOCK_ID('job.locked_by')}::oid)`
const FREE = 'select graphile_worker.force_unlock_workers($1::text[])'

/**
 * A job whose worker was killed stays locked, and graphile-worker frees it after four hours. Here each worker pool
 * holds an advisory lock on a connection of its own as long as its process lives, for PostgreSQL gives it back by
 * itself. Every five seconds each instance looks for locked jobs without such a lock: who is absent twice in a row is
 * dead, and its jobs are free. Twice, since a database that was restarted has forgotten the locks of the living too.
 * `databaseUrl` must be direct: the lock belongs to the session.
 */
export function createPresence(deps: { databaseUrl: string; log: Log; lookEveryMs?: number }): Presence {
  const { databaseUrl, log, lookEveryMs = LOOK_EVERY_MS } = deps
  const poolIds = new Set<string>()
  const stopped = new AbortController()
  let client: pg.Client | null = null
  let suspects = new Set<string>()
  let turn: Promise<unknown> = Promise.resolve()
  let looking: Promise<void> | null = null

  // One use of the connection at a time; a broken one is made anew, and shows all pools again.
  function withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const mine = turn.then(async () => {
      try {
        client ??= await connect()
        return await work(client)
      } catch (error) {
        await drop()
        throw error
      }
    })
    turn = mine.catch(() => {})
    return mine
  }

  async function connect(): Promise<pg.Client> {
    const fresh = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'doorward presence',
      connectionTimeoutMillis: 5000,
      query_timeout: 5000,
      keepAlive: true,
    })
    fresh.on('error', () => {
      if (client === fresh) client = null
    })
    await fresh.connect()
    for (const poolId of poolIds) await fresh.query(SHOW, [poolId])
    return fresh
  }

  async function drop(): Promise<void> {
    const old = client
    client = null
    suspects = new Set()
    await old?.end().catch(() => {})
  }

  async function look(): Promise<void> {
    await withClient(async (connected) => {
      const { rows } = await connected.query<{ poolId: string }>(ABSENT)
      const absent = rows.map((row) => row.poolId).filter((poolId) => !poolIds.has(poolId))
      const dead = absent.filter((poolId) => suspects.has(poolId))
      suspects = new Set(absent)
      if (dead.length === 0) return
      await connected.query(FREE, [dead])
      log.warn({ workers: dead.length }, 'jobs of workers that are gone are free again')
    })
  }

  async function keepLooking(): Promise<void> {
    while (!stopped.signal.aborted) {
      await look().catch((error) => log.warn({ reason: describeFailure(error) }, 'lost jobs could not be looked for'))
      await pause(jittered(lookEveryMs), stopped.signal)
    }
  }

  return {
    async show(poolId) {
      poolIds.add(poolId) // first: a connection made anew shows it, should this one fail
      looking ??= keepLooking()
      await withClient((connected) => connected.query(SHOW, [poolId]))
    },
    // Their locks go with the connection; one made anew shows those that begin from now on.
    hide() {
      poolIds.clear()
      return withClient(drop).catch(() => {})
    },
    async stop() {
      stopped.abort()
      await looking
      await withClient((connected) => connected.query(FREE, [[...poolIds]])).catch(() => {})
      await drop()
    },
  }
}
