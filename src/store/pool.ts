import pg from 'pg'
import { type Log, patienceLeftMs, Refusal, waitPatiently } from '../base/index.ts'
import { describeFailure } from './failures.ts'

/** A prepared statement. One name always stands for one text. */
export interface Statement {
  name: string
  text: string
}

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
  readonly inner: pg.Pool
  /**
   * A connection, to be released. Throws `Refusal('unavailable')` at once where too many wait already, and when the
   * patience of the present work ends.
   */
  connect(): Promise<pg.PoolClient>
  /** One statement on a connection, which waits no longer than the present work may. */
  query<Row>(client: pg.PoolClient, statement: Statement, values: readonly unknown[]): Promise<Row[]>
  /** Begins, commits or rolls back; answers what was done. */
  command(client: pg.PoolClient, word: 'begin' | 'commit' | 'rollback'): Promise<string>
  /** The connection leads through a pooler: its next transaction may meet another session of the server. */
  isShared(client: pg.PoolClient): boolean
}

const CONNECT_TIMEOUT_MS = 5000
const GREETING_TIMEOUT_MS = 3000
/** Whoever comes while so many wait for each connection would wait in vain. */
const WAITING_PER_CONNECTION = 50
const UNLOGGED = () => {}

/**
 * The connections. What a session of the server is told (time-outs, prepared statements) is lost behind a pooler in
 * transaction mode, and PgBouncer before 1.21 fails on it. A pooler is known by the process that it names in its
 * greeting: it is not the one that answers. There, each transaction brings its own time-outs and no statement is prepared.
 */
export function openPool(options: PoolOptions): Pool {
  const { statementTimeoutMs = 5000, lockTimeoutMs = 2000, idleInTransactionTimeoutMs = 10_000, log } = options
  const queryTimeoutMs = statementTimeoutMs + 1000
  const waitingMax = options.poolSize * WAITING_PER_CONNECTION
  const set = (how: 'set' | 'set local') =>
    [
      `${how} statement_timeout = ${Math.trunc(statementTimeoutMs)}`,
      `${how} lock_timeout = ${Math.trunc(lockTimeoutMs)}`,
      `${how} idle_in_transaction_session_timeout = ${Math.trunc(idleInTransactionTimeoutMs)}`,
      `${how} timezone = 'UTC'`,
    ].join('; ')
  const forSession = set('set')
  const beginShared = `begin; ${set('set local')}`
  const shared = new WeakSet<pg.ClientBase>()
  let told = false

  async function greet(client: pg.ClientBase): Promise<void> {
    const ask = (text: string) => client.query({ text, query_timeout: GREETING_TIMEOUT_MS } as pg.QueryConfig)
    const { rows } = await ask('select pg_backend_pid() as pid')
    if (rows[0].pid === processOf(client)) return void (await ask(forSession))
    shared.add(client)
    if (!told) log.info({}, 'the database is reached through a pooler: statements are not prepared')
    told = true
  }

  const inner = new pg.Pool({
    connectionString: options.url,
    application_name: 'doorward',
    max: options.poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 3600,
    // A server that takes requests and never answers ends here, after it had its own chance to say so.
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    onConnect: (client) => greet(client) as unknown as undefined,
  })
  // Both are needed: an idle client's error reaches the pool, one in use only the client.
  inner.on('error', (error) => log.warn({ reason: describeFailure(error) }, 'an idle database connection was lost'))
  inner.on('connect', (client) => client.on('error', UNLOGGED))

  /** Asks, and lets go when the work's patience ends. Nothing is asked once it has. */
  async function ask(client: pg.PoolClient, config: pg.QueryConfig): Promise<pg.QueryResult> {
    const leftMs = patienceLeftMs()
    if (leftMs <= 0) throw impatient()
    const query_timeout = Math.max(1, Math.min(queryTimeoutMs, Math.trunc(leftMs)))
    return await waitPatiently(() => client.query({ ...config, query_timeout } as pg.QueryConfig))
  }

  async function connect(): Promise<pg.PoolClient> {
    if (inner.waitingCount >= waitingMax) throw new Refusal('unavailable')
    const leftMs = patienceLeftMs()
    if (leftMs <= 0) throw impatient()
    const coming = inner.connect()
    return leftMs > CONNECT_TIMEOUT_MS * 2 ? coming : await orLetGo(coming, leftMs)
  }

  return {
    inner,
    connect: () => waitPatiently(connect),
    async query<Row>(client: pg.PoolClient, { name, text }: Statement, values: readonly unknown[]) {
      const asked = { text, values: values as unknown[] }
      return (await ask(client, shared.has(client) ? asked : { name, ...asked })).rows as Row[]
    },
    async command(client, word) {
      const text = word === 'begin' && shared.has(client) ? beginShared : word
      return (await ask(client, { text })).command
    },
    isShared: (client) => shared.has(client),
  }
}

/** Process of the server that this connection was told about when it began. */
export function processOf(client: pg.ClientBase): number | null {
  return (client as unknown as { processID: number | null }).processID
}

// The driver's words of a lost answer: the connection is given up, and what it was about to do with it.
function impatient(): Refusal {
  return new Refusal('unavailable', { cause: new Error('timeout expired: the database took too long in all') })
}

function orLetGo(coming: Promise<pg.PoolClient>, milliseconds: number): Promise<pg.PoolClient> {
  return new Promise((resolve, reject) => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      reject(impatient())
    }, milliseconds)
    const came = (client: pg.PoolClient) => {
      clearTimeout(timer)
      if (late) client.release()
      else resolve(client)
    }
    coming.then(came, (error: unknown) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}
