import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from '../../test/support/ports.ts'
import { benchClients } from '../clients.ts'
import { CONTENDER_WORDS, type Contender, type ContenderDeps, createWorker, startContender } from '../contenders.ts'
import { ENDPOINTS, targetOnPort } from '../http.ts'
import type { MailSink } from '../mail-sink.ts'
import type { ContenderName, Operation, Worker } from '../operations.ts'
import { type Starting, startServer } from '../server-process.ts'
import { AS_IN_A_POD } from '../service.ts'
import type { Part } from './player.ts'
import type { Told } from './server.ts'
import { markOf } from './tape.ts'

/** What each of the floors leaves out. The first is the floor; the others say which part of it costs what. */
export const FLOORS: Partial<Record<ContenderName, readonly Part[]>> = {
  floor: [],
  mailless: ['mail'],
  storeless: ['messages'],
  bare: ['mail', 'messages', 'lines'],
}
/** There is no engine behind its screens: answers are bytes. */
const REPLAYED = 'sign-in'
const DATABASE = 'bench_floor'
/** So that the person is known, and was told of the browser. */
const WARM_TURNS = 2
const TAKES = 4
const SETTLE_MS = 500

/**
 * Records what the service does for each of the operations, by a start of its own, and starts the server that does
 * that again: the same messages to PostgreSQL, headers, lines of the log and mails, without the service.
 */
export async function startFloors(deps: ContenderDeps, operations: readonly Operation[]): Promise<Contender[]> {
  const own = operations.filter(({ at }) => at.includes('floor'))
  if (own.length === 0) return []
  const folder = join(deps.folder, 'recording')
  await mkdir(folder)
  const tapeFile = join(folder, 'tape.json')
  await record({ ...deps, folder, starts: 1, recording: { tapeFile, database: DATABASE } }, own)
  const clients = benchClients(() => randomBytes(32).toString('base64url'))
  const [port] = await freePorts(3)
  const target = targetOnPort(port)
  const starting: Starting = {
    core: deps.core,
    logFile: join(deps.folder, 'floor.log'),
    args: ['bench/floor/server.ts'],
    env: {
      ...{ NODE_ENV: 'production', ...AS_IN_A_POD, PORT: String(port) },
      ...{ TAPE_FILE: tapeFile, CLIENTS: JSON.stringify(Object.values(clients)) },
      ...{ DATABASE_URL: deps.postgres.urlFor(DATABASE), SMTP_URL: deps.mails.url },
    },
    probeUrl: `${target.connect}${ENDPOINTS.discovery}`,
  }
  const process = await startServer(starting)

  async function tell(operation: Operation | null, leftOut: readonly Part[]): Promise<void> {
    const told: Told = { operation: operation?.name ?? null, replayed: operation?.name === REPLAYED, leftOut: [...leftOut] }
    const { status } = await fetch(`${target.connect}/bench-floor`, { method: 'POST', body: JSON.stringify(told) })
    if (status !== 200) throw new Error(`the floor answered with ${status}`)
  }

  return Object.entries(FLOORS).map(([floor, leftOut]) => {
    const name = floor as ContenderName
    const mails = leftOut.includes('mail') ? NO_MAILS : deps.mails
    const workers = Array.from({ length: deps.concurrency }, (_, index) => createWorker(index, target, clients, mails))
    return {
      ...{ name, words: CONTENDER_WORDS[name], target, process, workers, guardKey: null, starting },
      database: leftOut.includes('messages') ? null : DATABASE,
      leavesOut: () => false,
      tell: (operation) => tell(operation, leftOut),
    }
  })
}

/** Whatever code is typed: the answer is recorded. */
const NO_MAILS: MailSink = { url: '', nextCode: async () => '000000', stop: async () => {} }

async function record(deps: ContenderDeps, operations: readonly Operation[]): Promise<void> {
  const service = await startContender('service', deps)
  try {
    // One after the other, so that nothing is kept of two at once.
    for (const operation of operations) for (const worker of service.workers) await recordOne(operation, worker)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS)) // what goes on behind the last answer
  } finally {
    await service.process.stop()
  }
}

async function recordOne(operation: Operation, worker: Worker): Promise<void> {
  const { application } = worker
  await operation.prepare(worker)
  for (let take = 1 - WARM_TURNS; take <= TAKES; take++) {
    worker.turns = 0 // the same person each time
    await application.get(markOf(operation.name, Math.max(0, take)))
    await operation.run(worker)
  }
  await application.get(markOf(operation.name, 0))
}
