// Imported ahead of the service: keeps what each request of the bench made it do, and writes all of it to `TAPE_FILE` when
// the process ends. It looks on where the service meets pg, nodemailer, its log and `node:http`, and changes nothing there.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import { writeFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import Mailer from 'nodemailer/lib/mailer'
import pg from 'pg'
import { standardOutput } from '../../src/base/log-output.ts'
import type { Exchange, Mail, Message, Value } from './tape.ts'

const exchanges: Exchange[] = []
const present = new AsyncLocalStorage<Exchange>()

keepOutside()
recordRequests()
recordMessages()
recordLines()
recordMails()
process.once('exit', () => writeFileSync(process.env.TAPE_FILE ?? '', JSON.stringify(exchanges)))

/** What the service begins outside of a request, such as its mail, is still what this request made it do. */
function keepOutside(): void {
  const { snapshot } = AsyncLocalStorage
  AsyncLocalStorage.snapshot = () => {
    const outside = snapshot()
    return (work, ...parts) => {
      const exchange = present.getStore()
      return outside(() => (exchange ? present.run(exchange, work, ...parts) : work(...parts)))
    }
  }
}

function recordRequests(): void {
  const emit = http.Server.prototype.emit as (this: http.Server, event: string, ...parts: unknown[]) => boolean
  http.Server.prototype.emit = function (this: http.Server, event: string, ...parts: unknown[]): boolean {
    const [request, response] = parts as [IncomingMessage, ServerResponse]
    // Only what came as by the proxy is the bench; the rest are probes.
    if (event !== 'request' || !request.headers['x-forwarded-for']) return emit.call(this, event, ...parts)
    const exchange = begin(request)
    keepAnswer(response, exchange)
    return present.run(exchange, () => emit.call(this, event, ...parts))
  }
}

function begin(request: IncomingMessage): Exchange {
  const client = String(request.headers['x-forwarded-for'])
  const exchange: Exchange = { client, url: request.url ?? '', status: 0, head: [], body: '', steps: [] }
  exchanges.push(exchange)
  return exchange
}

function keepAnswer(response: ServerResponse, exchange: Exchange): void {
  const parts: Buffer[] = []
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) parts.push(Buffer.from(chunk as string))
  }
  const { write, end } = response
  response.write = ((...given: Parameters<typeof write>) => {
    keep(given[0])
    return write.apply(response, given)
  }) as typeof write
  response.end = ((...given: Parameters<typeof end>) => {
    keep(given[0])
    exchange.steps.push({ kind: 'answer' })
    exchange.status = response.statusCode
    exchange.head = Object.entries(response.getHeaders()).map(([name, value]) => [name, value as string | string[]])
    exchange.body = Buffer.concat(parts).toString('base64')
    return end.apply(response, given)
  }) as typeof end
}

type Bound = { statement: string; values: readonly unknown[]; valueMapper(value: unknown): string | Buffer | null }

function recordMessages(): void {
  const { parse, bind, sync } = pg.Connection.prototype as unknown as Record<
    'parse' | 'bind' | 'sync',
    (...all: unknown[]) => void
  >
  const texts = new Map<string, string>()
  const asked = new WeakMap<object, Message>()
  const numbers = new WeakMap<EventEmitter, number>()
  let connections = 0
  Object.assign(pg.Connection.prototype, {
    parse(this: object, query: { name: string; text: string }, ...more: unknown[]) {
      texts.set(query.name, query.text)
      return parse.call(this, query, ...more)
    },
    bind(this: EventEmitter, config: Bound, ...more: unknown[]) {
      const message = asked.get(this) ?? { connection: numberOf(this), statements: [] }
      asked.set(this, message)
      const { statement: name, values, valueMapper } = config
      const written = values.map((value) => asWritten(valueMapper(value)))
      message.statements.push({ name, text: texts.get(name) ?? '', values: written, done: '' })
      return bind.call(this, config, ...more)
    },
    sync(this: EventEmitter, ...more: unknown[]) {
      const message = asked.get(this)
      asked.delete(this)
      if (message) present.getStore()?.steps.push({ kind: 'message', message })
      if (message) waitFor(this, message)
      return sync.call(this, ...more)
    },
  })

  function waitFor(connection: EventEmitter, { statements }: Message): void {
    let answered = 0
    const keep = ({ text }: { text: string }) => {
      const statement = statements[answered++]
      if (statement) statement.done = text
    }
    connection.on('commandComplete', keep)
    connection.once('readyForQuery', () => connection.off('commandComplete', keep))
  }

  function numberOf(connection: EventEmitter): number {
    const known = numbers.get(connection)
    if (known === undefined) numbers.set(connection, ++connections)
    return known ?? connections
  }
}

const asWritten = (written: string | Buffer | null): Value =>
  Buffer.isBuffer(written) ? { bytes: written.toString('hex') } : (written ?? null)

function recordLines(): void {
  const output = standardOutput()
  const { write } = output
  output.write = (line) => {
    present.getStore()?.steps.push({ kind: 'line', line })
    write.call(output, line)
  }
}

function recordMails(): void {
  const mailer = Mailer.prototype as unknown as { sendMail(mail: Mail & { signal?: unknown }): unknown }
  const { sendMail } = mailer
  mailer.sendMail = function (given) {
    const { signal: _, ...mail } = given
    present.getStore()?.steps.push({ kind: 'mail', mail: structuredClone(mail) })
    return sendMail.call(this, given)
  }
}
