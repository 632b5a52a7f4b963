import { freePorts } from '../../test/support/ports.ts'
import { type Contender, createWorker } from '../contenders.ts'
import { targetOnPort } from '../http.ts'
import { cpuMsOf, cpuMsOfTree } from '../machine.ts'
import type { MailSink } from '../mail-sink.ts'
import { drive } from '../measure.ts'
import { type Operation, operations } from '../operations.ts'
import type { Postgres } from '../postgres.ts'
import { startServer } from '../server-process.ts'

/** What so many processes on one database did, all parts on the same cores. */
export interface Throughput {
  processes: number
  operation: string
  perSecond: number
  /** For each operation, in milliseconds: all processes of the service together, and PostgreSQL. */
  serverMs: number
  postgresMs: number
  /** How many cores each part kept busy; the clients are the bench itself. */
  serverCores: number
  postgresCores: number
  clientCores: number
}

const DRIVEN: readonly string[] = ['userinfo', 'refresh', 'authorize', 'sign-in']
const CLIENTS = 16
const WARM_UP_MS = 2000
const RUN_MS = 5000

/** The same load on one process, then shared by two. */
export async function throughputs(
  deps: { contender: Contender; postgres: Postgres; mails: MailSink },
  say: (words: string) => void,
): Promise<Throughput[]> {
  const { contender, postgres, mails } = deps
  const { starting, workers } = contender
  const [first] = workers
  if (!starting || !first || Number.isNaN(contender.process.pid)) throw new Error('the service was not started here')
  const [port] = await freePorts(3)
  const second = await startServer({
    ...starting,
    env: { ...starting.env, PORT: String(port), OPS_PORT: String(port + 2) },
    probeUrl: `http://127.0.0.1:${port + 2}/readyz`,
  })
  try {
    const targets = [contender.target, targetOnPort(port)]
    const pids = [contender.process.pid, second.pid]
    const found: Throughput[] = []
    for (const operation of operations.filter(({ name }) => DRIVEN.includes(name))) {
      for (const processes of [1, 2]) {
        const crowd = Array.from({ length: CLIENTS }, (_, index) =>
          createWorker(index, targets[index % processes] ?? contender.target, first.clients, mails),
        )
        const result = { processes, ...(await drivenBy(crowd, operation, pids, postgres.pid)) }
        found.push(result)
        say(`${operation.name}, ${processes} of the service: ${result.perSecond.toFixed(0)}/s`)
      }
    }
    return found
  } finally {
    await second.stop()
  }
}

async function drivenBy(
  workers: ReturnType<typeof createWorker>[],
  operation: Operation,
  pids: readonly number[],
  postgresPid: number,
): Promise<Omit<Throughput, 'processes'>> {
  const read = () => ({
    serverMs: pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0),
    postgresMs: cpuMsOfTree(postgresPid),
    clientMs: cpuMsOf(process.pid),
  })
  await Promise.all(workers.map((worker) => operation.prepare(worker)))
  await drive(workers, operation, WARM_UP_MS)
  const before = read()
  const start = performance.now()
  const count = (await drive(workers, operation, RUN_MS)).length
  const elapsedMs = performance.now() - start
  const after = read()
  const used = (name: keyof typeof before) => after[name] - before[name]
  return {
    operation: operation.name,
    perSecond: (count / elapsedMs) * 1000,
    serverMs: used('serverMs') / count,
    postgresMs: used('postgresMs') / count,
    serverCores: used('serverMs') / elapsedMs,
    postgresCores: used('postgresMs') / elapsedMs,
    clientCores: used('clientMs') / elapsedMs,
  }
}
