import nodemailer from 'nodemailer'
import type { Log } from '../../src/base/index.ts'
import { openPool, type Pool } from '../../src/store/pool.ts'
import type { Wire } from '../../src/store/wire.ts'
import type { Run } from './program.ts'
import type { Asked, Exchange, Mail, Message } from './tape.ts'

/** What may be left out of a run, to see what it costs. */
export type Part = 'mail' | 'messages' | 'lines'

export interface PlayerDeps {
  databaseUrl: string
  mailUrl: string
  log: Log
}

/** Does what the service did for a request, without knowing why. */
export interface Player {
  /**
   * Does one half of an exchange: what came before its answer, or what came behind it.
   *
   * @throws where PostgreSQL did something else than in the recording
   */
  play(
    exchange: Exchange,
    half: 'before' | 'behind',
    options: { run: Run; leftOut: readonly Part[]; mailTo: string },
  ): Promise<void>
}

const POOL_SIZE = 10
const SMTP_CONNECTIONS = 5

export function createPlayer({ databaseUrl, mailUrl, log }: PlayerDeps): Player {
  const pool = openPool({ url: databaseUrl, poolSize: POOL_SIZE, log })
  const { hostname, port } = new URL(mailUrl)
  const transport = nodemailer.createTransport({
    ...{ pool: true, host: hostname, port: Number(port), ignoreTLS: true, maxConnections: SMTP_CONNECTIONS, logger: false },
  })

  const send = (mail: Mail, to: string) =>
    transport.sendMail({ ...mail, to: { name: '', address: to }, envelope: { from: 'id@bench.example', to: [to] } })

  const said = new Map<string, { level: keyof Log; msg: string; fields: object }>()
  function write(line: string): void {
    const { level, msg, fields } = said.get(line) ?? read(line)
    log[level](fields, msg)
  }

  function read(line: string) {
    const { level, time: _, msg, ...fields } = JSON.parse(line) as { level: keyof Log; time: string; msg: string }
    const parts = { level, msg, fields }
    said.set(line, parts)
    return parts
  }

  return {
    async play({ steps }, half, { run, leftOut, mailTo }) {
      const held = new Map<number, Wire>()
      let reached: typeof half = 'before'
      for (const step of steps) {
        if (step.kind === 'answer') reached = 'behind'
        if (reached !== half) continue
        if (step.kind === 'message' && !leftOut.includes('messages')) await tell(pool, held, step.message, run)
        if (step.kind === 'line' && !leftOut.includes('lines')) write(step.line)
        if (step.kind === 'mail' && !leftOut.includes('mail')) await send(step.mail, mailTo)
      }
    },
  }
}

/** Sends one message by the driver of the service; a transaction keeps its connection. */
async function tell(pool: Pool, held: Map<number, Wire>, { connection, statements }: Message, run: Run): Promise<void> {
  const wire = held.get(connection) ?? pool.takeIdle() ?? (await pool.waitForOne())
  const answers = statements.map((statement) => wire.ask(statement, run.valuesOf(statement), Number.POSITIVE_INFINITY))
  wire.send()
  try {
    for (const [at, { done }] of (await Promise.all(answers)).entries()) {
      const { name, done: before } = statements[at] as Asked
      if (done !== before) throw new Error(`${name}: ${done}, in the recording ${before}`)
    }
  } catch (error) {
    pool.give(wire, true)
    throw error
  }
  const names = statements.map(({ name }) => name)
  const goesOn = (held.has(connection) || names.includes('begin')) && !names.includes('commit')
  if (goesOn) held.set(connection, wire)
  else {
    held.delete(connection)
    pool.give(wire, false)
  }
}
