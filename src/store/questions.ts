import pg from 'pg'

/** A prepared statement. One name always stands for one text; one without a name is never prepared. */
export interface Statement {
  name: string
  text: string
  /** A read of a page that may go in one message with what is asked at the same moment, and fails with it. */
  together?: true
}

export interface Answer {
  rows: unknown[]
  /** What was done, in PostgreSQL's words: `COMMIT`, `INSERT 0 1`. */
  done: string
}

/** A statement that is asked, and who waits for its answer. */
export interface Question {
  statement: Statement
  values: readonly unknown[]
  /** How long somebody still waits for it, in milliseconds. */
  patienceMs: number
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/** What is known of a statement that is prepared on a connection: its columns. */
export type Plans = Map<string, Plan>

interface Plan {
  columns: Column[]
}

interface Column {
  name: string
  parse(value: string): unknown
}

/** What pg asks of whatever is put on a connection (as its own `Query` and pg-cursor do): send, and read the answer. */
export interface Batch extends pg.Submittable {
  handleRowDescription(message: { fields: pg.FieldDef[] }): void
  handleDataRow(message: { fields: (string | null)[] }): void
  handleCommandComplete(message: { text: string }): void
  handleReadyForQuery(): void
  handleError(error: unknown): void
}

interface BatchDeps {
  questions: readonly Question[]
  /** What is prepared on this connection; null where nothing may be. */
  plans: Plans | null
  /** How long one waits for the end of the next statement, in milliseconds. */
  answerTimeoutMs: number
  /**
   * The message is over, and everybody is told next: the connection may send another one first. Without an answer of the
   * server (`answered` is false) it is of no use any more.
   */
  ended(answered: boolean): void
}

/** PostgreSQL cuts longer ones (NAMEDATALEN), and two statements would be one. */
const NAME_MAX = 63

const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): string | Buffer | null } }).utils

/**
 * Statements that go to the server as one message (extended query protocol, one Sync). It does them in order up to the
 * first that fails, by whose error they fail all. An answer counts once the server is ready for more: what is not in a
 * transaction is committed only then. So whatever is more than one statement belongs into a transaction.
 */
export function createBatch({ questions, plans, answerTimeoutMs, ended }: BatchDeps): Batch {
  const planned: Plan[] = []
  const fresh = new Set<string>()
  const answers: Answer[] = []
  let fault: unknown = null
  let rows: unknown[] = []
  let over = false
  const patienceMs = Math.min(...questions.map((question) => question.patienceMs))
  const began = performance.now()
  let heard = began
  let timer = setTimeout(look, untilMs(began))

  function untilMs(now: number): number {
    return Math.max(1, Math.trunc(Math.min(heard + answerTimeoutMs, began + patienceMs) - now))
  }

  // pg has no word for it that carries a code.
  function look(): void {
    const now = performance.now()
    if (now < Math.min(heard + answerTimeoutMs, began + patienceMs)) timer = setTimeout(look, untilMs(now))
    else end(new Error('Query read timeout'), false)
  }

  function end(error: unknown, answered: boolean): void {
    if (over) return
    over = true
    clearTimeout(timer)
    if (error !== null) for (const name of fresh) plans?.delete(name) // they may be prepared or not
    ended(answered)
    for (let index = 0; index < questions.length; index++) {
      const { resolve, reject } = questions[index] as Question
      if (error === null) resolve(answers[index] as Answer)
      else reject(error)
    }
  }

  function planOf(connection: pg.Connection, { name, text }: Statement): Plan {
    const known = plans?.get(name)
    if (known) return known
    if (name.length > NAME_MAX) throw new Error(`the name of a statement is too long: ${name}`)
    const plan: Plan = { columns: [] }
    const prepared = plans && name !== '' ? name : ''
    if (plans && prepared) {
      plans.set(prepared, plan)
      fresh.add(prepared)
      // An earlier attempt may have failed after this. It is no error to close what is not there.
      connection.close({ type: 'S', name: prepared }, true)
    }
    connection.parse({ name: prepared, text, types: [] }, true)
    connection.describe({ type: 'S', name: prepared }, true)
    return plan
  }

  function write(connection: pg.Connection, { statement, values }: Question): void {
    planned.push(planOf(connection, statement))
    const name = plans ? statement.name : ''
    connection.bind({ statement: name, values: values as string[], valueMapper: prepareValue }, true)
    connection.execute(null, true)
  }

  return {
    submit(connection) {
      connection.stream.cork()
      try {
        for (const question of questions) write(connection, question)
      } catch (error) {
        fault = error // a value that cannot be written
      } finally {
        connection.sync()
        connection.stream.uncork()
      }
    },
    handleRowDescription({ fields }) {
      const plan = planned[answers.length] as Plan
      plan.columns = fields.map(({ name, dataTypeID }) => ({ name, parse: pg.types.getTypeParser(dataTypeID, 'text') }))
    },
    handleDataRow({ fields }) {
      const { columns } = planned[answers.length] as Plan
      const row: Record<string, unknown> = {}
      for (let index = 0; index < columns.length; index++) {
        const { name, parse } = columns[index] as Column
        const value = fields[index] ?? null
        row[name] = value === null ? null : parse(value)
      }
      rows.push(row)
    },
    handleCommandComplete({ text }) {
      answers.push({ rows, done: text })
      rows = []
      heard = performance.now()
    },
    handleReadyForQuery: () => end(fault, true),
    handleError: (error) => end(error, true),
  }
}
