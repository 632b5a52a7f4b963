import pg from 'pg'
import { describeFailure } from './failures.ts'
import { type Answer, type Batch, createBatch, type Question, type Statement } from './questions.ts'

/** One connection. What is asked of it is answered in that order. */
export interface Wire {
  /**
   * It leads through a pooler: its next transaction may meet another session of the server, so nothing is prepared and
   * every transaction brings its own time-outs.
   */
  readonly isShared: boolean
  /** False once it was lost, or did not answer in time: it serves nobody again. */
  isWhole(): boolean
  /** When it was made, in milliseconds of `performance.now()`. */
  readonly since: number
  /** Keeps a statement for `send`. Its answer fails when it does not come within so many milliseconds. */
  ask(statement: Statement, values: readonly unknown[], patienceMs: number): Promise<Answer>
  /** Sends all that was asked, in one message; while an answer is still to come, that follows it by itself. */
  send(): void
  close(): void
}

export interface WireOptions {
  /** May lead through a pooler, in transaction mode too. */
  url: string
  /** Time-outs of the server for each session, in milliseconds. */
  statementTimeoutMs: number
  lockTimeoutMs: number
  idleInTransactionTimeoutMs: number
  /** How long one waits for the end of the next statement. A server that takes requests and never answers ends there. */
  answerTimeoutMs: number
  /** It was lost while nothing was asked of it. */
  onLost(wire: Wire, reason: string): void
}

/** For a connection that people wait for. */
export const CONNECT_TIMEOUT_MS = 5000
const GREETING_TIMEOUT_MS = 3000

/**
 * Connects. What a session of the server is told (time-outs, prepared statements) is lost behind a pooler in transaction
 * mode, and PgBouncer before 1.21 fails on it. A pooler is known by the process that it names in its greeting: it is not
 * the one that answers.
 */
export async function openWire(options: WireOptions): Promise<Wire> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: 'doorward',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  })
  let lost = ''
  client.on('error', (error) => {
    lost = describeFailure(error)
  })
  try {
    await client.connect()
    return createWire(client, !(await greet(client, options)), () => lost, options)
  } catch (error) {
    client.end().catch(() => {})
    throw error
  }
}

/** Tells the session its time-outs. False where a pooler is on the way: there nothing was told. */
export async function greet(client: pg.ClientBase, options: WireOptions): Promise<boolean> {
  // Answers a row, and sets something, only where the process that answers is the one that was named.
  const text = `select ${timeoutsOf(options, 'session')} where pg_backend_pid() = ${Math.trunc(processOf(client) ?? 0)}`
  const { rowCount } = await client.query({ text, query_timeout: GREETING_TIMEOUT_MS } as pg.QueryConfig)
  return rowCount === 1
}

/** `set_config` for each of the time-outs of a session, or of the transaction that asks for it. */
export function timeoutsOf(options: WireOptions, of: 'session' | 'transaction'): string {
  const settings = {
    statement_timeout: Math.trunc(options.statementTimeoutMs),
    lock_timeout: Math.trunc(options.lockTimeoutMs),
    idle_in_transaction_session_timeout: Math.trunc(options.idleInTransactionTimeoutMs),
    timezone: 'UTC',
  }
  return Object.entries(settings)
    .map(([name, value]) => `set_config('${name}', '${value}', ${of === 'transaction'})`)
    .join(', ')
}

/** Process of the server that this connection was told about when it began. */
export function processOf(client: pg.ClientBase): number | null {
  return (client as unknown as { processID: number | null }).processID
}

function createWire(client: pg.Client, isShared: boolean, lostBy: () => string, options: WireOptions): Wire {
  const plans = isShared ? null : new Map()
  let asked: Question[] = []
  let current: Batch | null = null
  let whole = true

  function send(): void {
    if (current || asked.length === 0) return
    current = createBatch({ questions: asked, plans, answerTimeoutMs: options.answerTimeoutMs, ended })
    asked = []
    client.query(current)
  }

  function ended(answered: boolean): void {
    current = null
    whole &&= answered
    send()
  }

  const wire: Wire = {
    isShared,
    since: performance.now(),
    isWhole: () => whole,
    ask: (statement, values, patienceMs) =>
      new Promise((resolve, reject) => {
        asked.push({ statement, values, patienceMs, resolve, reject })
      }),
    send,
    close() {
      whole = false
      client.end().catch(() => {})
    },
  }
  const lose = () => {
    const wasIdle = whole && current === null
    whole = false
    if (wasIdle) options.onLost(wire, lostBy())
  }
  client.on('error', lose)
  client.on('end', lose)
  return wire
}
