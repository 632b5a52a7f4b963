import { inSpan, patienceLeftMs, type Tx, waitPatiently } from '../base/index.ts'
import { connectionLivesOn, translated } from './failures.ts'
import type { DatabaseMetrics } from './metrics.ts'
import { impatient } from './pool.ts'
import type { Answer, Statement } from './questions.ts'
import { timeoutsOf, type Wire, type WireOptions } from './wire.ts'

/** A statement with its values. */
export interface Asked {
  statement: Statement
  values: readonly unknown[]
}

/** What a transaction is, inside. */
export interface OpenTx {
  wire: Wire
  session: WireOptions
  measures: Pick<DatabaseMetrics, 'statement'>
  /** `begin` goes along with the first statement. */
  begun: boolean
  /** Statements were asked that go out once nothing else is to be done. */
  sending: boolean
  beforehand: (() => Asked)[]
  afterwards: (() => void)[]
  open: boolean
  /** A statement of it failed: it ends without COMMIT, whoever passes over the error. */
  failed: boolean
  /** The connection must not serve anybody again. */
  broken: boolean
}

/** What a span says of everything that is asked of the database. Of a statement its name: never its text, never a value. */
export const ASKED = { 'db.system.name': 'postgresql' } as const

const BEGIN: Statement = { name: 'begin', text: 'begin' }
const COMMIT: Statement = { name: 'commit', text: 'commit' }
const ROLLBACK: Statement = { name: 'rollback', text: 'rollback' }
const NOTHING: readonly unknown[] = []

/** A transaction on this connection, which begins with its first statement. `measures` are told of each. */
export function openTx(wire: Wire, session: WireOptions, measures: OpenTx['measures']): OpenTx {
  return {
    wire,
    session,
    measures,
    begun: false,
    sending: false,
    beforehand: [],
    afterwards: [],
    open: true,
    failed: false,
    broken: false,
  }
}

/**
 * Runs one statement inside a transaction. What is asked at once (`Promise.all`) goes to the server as one message, and
 * is done in that order; when one fails, all do.
 */
export async function runIn<Row>(tx: Tx, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
  const inner = opened(tx)
  try {
    const { rows } = await askTold(inner.measures, statement, () => askIn(inner, statement, values))
    return rows as Row[]
  } catch (error) {
    inner.failed = true
    inner.broken ||= !connectionLivesOn(error)
    throw translated(error)
  }
}

/**
 * Keeps a statement for the end of the transaction, which is asked for then and goes out together with COMMIT; where it
 * fails nothing of the transaction stays.
 */
export function beforeCommit(tx: Tx, last: () => Asked): void {
  opened(tx).beforehand.push(last)
}

/** Keeps `work` for the moment after COMMIT succeeded; it never runs when the transaction is rolled back. */
export function afterCommit(tx: Tx, work: () => void): void {
  opened(tx).afterwards.push(work)
}

/** Does `work` between `begin` and `commit`; when it throws, or either fails, nothing stays. */
export async function inTransaction<T>(tx: OpenTx, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    const result = await work(tx as unknown as Tx)
    tx.open = false
    await end(tx)
    return result
  } catch (error) {
    tx.open = false
    tx.broken ||= !connectionLivesOn(error)
    if (tx.begun && !tx.broken) await askIn(tx, ROLLBACK, NOTHING).catch(() => Object.assign(tx, { broken: true }))
    throw error
  }
}

/** Asks, measures how long the answer takes, and makes the span where traces are made. */
export async function askTold(measures: OpenTx['measures'], { name }: Statement, ask: () => Promise<Answer>): Promise<Answer> {
  const began = performance.now()
  const answer = await inSpan({ name, kind: 'client', fields: ASKED, onlyInside: true }, ask)
  measures.statement.observe((performance.now() - began) / 1000)
  return answer
}

/** Milliseconds that one may wait for an answer. Throws `Refusal('unavailable')` where patience has ended. */
export function patienceMs(): number {
  const leftMs = patienceLeftMs()
  if (leftMs <= 0) throw impatient()
  return leftMs
}

async function end(tx: OpenTx): Promise<void> {
  if (tx.failed) throw passedOver()
  const last = tx.beforehand.map((ask) => ask())
  if (!tx.begun && last.length === 0) return
  const asked = last.map(({ statement, values }) => askTold(tx.measures, statement, () => askIn(tx, statement, values)))
  const [committed] = await Promise.all([askIn(tx, COMMIT, NOTHING), ...asked])
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
  if (committed.done === 'ROLLBACK') throw passedOver()
}

function passedOver(): Error {
  return new Error('a statement failed inside a transaction and its error was passed over')
}

function askIn(tx: OpenTx, statement: Statement, values: readonly unknown[]): Promise<Answer> {
  return waitPatiently(async () => {
    const leftMs = patienceMs()
    if (!tx.begun) begin(tx, leftMs)
    const answer = tx.wire.ask(statement, values, leftMs)
    // Whatever else is asked at this moment goes along.
    if (!tx.sending) {
      tx.sending = true
      process.nextTick(sendAll, tx)
    }
    return await answer
  })
}

function sendAll(tx: OpenTx): void {
  tx.sending = false
  tx.wire.send()
}

// Who waits for the first statement is told when this fails.
function begin(tx: OpenTx, leftMs: number): void {
  tx.begun = true
  tx.wire.ask(BEGIN, NOTHING, leftMs).catch(() => {})
  if (!tx.wire.isShared) return
  const text = `select ${timeoutsOf(tx.session, 'transaction')}`
  tx.wire.ask({ name: '', text }, NOTHING, leftMs).catch(() => {})
}

function opened(tx: Tx): OpenTx {
  const inner = tx as unknown as OpenTx
  if (!inner.open) throw new Error('a transaction was used after its end')
  return inner
}
