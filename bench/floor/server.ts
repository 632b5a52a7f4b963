// What an operation costs at the least: the bare engine or the bytes of a recorded answer, and what the service did besides.
// `POST /bench-floor` says by a JSON body which operation comes, or null for the engine alone, and what is left out of it.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import Provider from 'oidc-provider'
import { createLog } from '../../src/base/index.ts'
import type { BenchClient } from '../clients.ts'
import { engineConfiguration } from '../engine/configuration.ts'
import { signInAtOnce } from '../engine/sign-in-at-once.ts'
import { ISSUER } from '../http.ts'
import { createPlayer, type Part } from './player.ts'
import { keyOfProgram, type Program, programsOf, type Run } from './program.ts'
import { type Exchange, recordingsOf } from './tape.ts'

/** What comes next, as the bench says it. */
export interface Told {
  operation: string | null
  /** Answers are the recorded bytes, and no engine is asked. */
  replayed: boolean
  leftOut: Part[]
}

/** Where one client stands in its operation. */
interface Turn {
  program: Program
  run: Run
  /** The next of its exchanges. */
  next: number
  mailTo: string
}

/** What the engine sets by itself. */
const OF_ENGINE = ['content-type', 'content-length', 'location', 'set-cookie', 'transfer-encoding']

const player = createPlayer({
  databaseUrl: process.env.DATABASE_URL ?? '',
  mailUrl: process.env.SMTP_URL ?? '',
  log: createLog('info'),
})
const programs = programsOf(recordingsOf(JSON.parse(readFileSync(process.env.TAPE_FILE ?? '', 'utf8')) as Exchange[]))
const clients = JSON.parse(process.env.CLIENTS ?? '[]') as BenchClient[]
const provider = new Provider(ISSUER, await engineConfiguration(clients, null))
provider.proxy = true
provider.use(signInAtOnce(provider))
const engine = provider.callback()

let told: Told = { operation: null, replayed: false, leftOut: [] }
let turns = new Map<string, Turn>()
/** Set by what failed behind an answer: nothing is right from then on. */
let fault: unknown = null

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (fault) throw fault
  if (request.url === '/bench-floor') {
    told = JSON.parse(await text(request)) as Told
    turns = new Map()
    response.end()
    return
  }
  if (told.operation === null) return engine(request, response)
  const turn = turnOf(told.operation, String(request.headers['x-forwarded-for']))
  const exchange = turn.program.exchanges[turn.next++] as Exchange
  const { run } = turn
  if (told.replayed) await readForm(request, turn)
  const options = { run, leftOut: told.leftOut, mailTo: turn.mailTo }
  await player.play(exchange, 'before', options)
  if (told.replayed) replay(exchange, response)
  else await byEngine(exchange, request, response)
  await player.play(exchange, 'behind', options)
}

function turnOf(operation: string, client: string): Turn {
  let turn = turns.get(client)
  if (!turn) {
    const program = programs.get(keyOfProgram(operation, client))
    if (!program) throw new Error(`${operation} was not recorded for ${client}`)
    turn = { program, run: runOf(program), next: 0, mailTo: '' }
    turns.set(client, turn)
  } else if (turn.next === turn.program.exchanges.length) Object.assign(turn, { run: runOf(turn.program), next: 0 })
  return turn
}

/** What is not stored is no run that another one could follow. */
const runOf = (program: Program): Run => (told.leftOut.includes('messages') ? NOTHING_STORED : program.nextRun())
const NOTHING_STORED: Run = { valuesOf: () => [] }

/** The mail goes to whom the client says, since it waits for it. */
async function readForm(request: IncomingMessage, turn: Turn): Promise<void> {
  const form = await text(request)
  const identifier = form.includes('identifier=') ? new URLSearchParams(form).get('identifier') : null
  if (identifier) turn.mailTo = identifier
}

const bodies = new Map<Exchange, Buffer>()

function replay(exchange: Exchange, response: ServerResponse): void {
  const body = bodies.get(exchange) ?? Buffer.from(exchange.body, 'base64')
  bodies.set(exchange, body)
  for (const [name, value] of exchange.head) response.setHeader(name, value)
  response.statusCode = exchange.status
  response.end(body)
}

async function byEngine({ head }: Exchange, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of head) if (!OF_ENGINE.includes(name)) response.setHeader(name, value)
  await engine(request, response)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    fault = error
    process.stderr.write(`${(error as Error).stack}\n`)
    if (!response.headersSent) response.writeHead(500).end(String(error))
  })
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
