import type { Contender } from './contenders.ts'
import { cpuMsOf, cpuMsOfTree } from './machine.ts'
import type { Operation, Worker } from './operations.ts'
import type { Postgres } from './postgres.ts'
import type { Sample } from './samples.ts'

export interface Load {
  warmUpMs: number
  runMs: number
}

/** One round. The first wrong answer ends the bench. */
export async function measure(contender: Contender, operation: Operation, load: Load, postgres: Postgres): Promise<Sample> {
  const { workers, process: server, database } = contender
  await prepareFor(contender, operation)
  await drive(workers, operation, load.warmUpMs)
  const before = await readings(server.pid, postgres)
  const start = performance.now()
  const latencies = await drive(workers, operation, load.runMs)
  const elapsedMs = performance.now() - start
  const after = await readings(server.pid, postgres)
  const count = latencies.length
  const each = (name: keyof typeof before) => (after[name] - before[name]) / count
  latencies.sort((a, b) => a - b)
  return {
    operations: count,
    perSecond: (count / elapsedMs) * 1000,
    p50Ms: latencies[Math.floor(count * 0.5)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(count * 0.99)] ?? Number.NaN,
    serverCpuMs: each('serverMs'),
    postgresCpuMs: database ? each('postgresMs') : 0,
    walBytes: database ? each('walBytes') : 0,
    clientsBusy: (after.clientsMs - before.clientsMs) / elapsedMs,
  }
}

/** V8 compiles in several steps what is used often. A sign-in, of many requests and few a second, gets there late. */
const WARM_OPERATIONS = 2000
const WARM_MS_MAX = 20_000
const SLICE_MS = 1000

/** Repeats the operation until what it needs is compiled as far as it mostly will be, or there is nothing left to do it with. */
export async function warmUp(contender: Contender, operation: Operation): Promise<void> {
  const end = performance.now() + WARM_MS_MAX
  let done = 0
  let last = 1
  while (done < WARM_OPERATIONS && last > 0 && performance.now() < end) {
    await prepareFor(contender, operation)
    last = (await drive(contender.workers, operation, SLICE_MS)).length
    done += last
  }
}

async function prepareFor(contender: Contender, operation: Operation): Promise<void> {
  await contender.tell?.(null)
  await Promise.all(contender.workers.map((worker) => operation.prepare(worker)))
  await contender.tell?.(operation)
}

/** Lets all workers repeat the operation for so long. Answers how long each took. */
export async function drive(workers: readonly Worker[], operation: Operation, forMs: number): Promise<number[]> {
  const end = performance.now() + forMs
  const latencies: number[] = []
  await Promise.all(
    workers.map(async (worker) => {
      for (let now = performance.now(); now < end; ) {
        if (operation.mayRun?.(worker) === false) break
        await operation.run(worker)
        const then = performance.now()
        latencies.push(then - now)
        now = then
      }
    }),
  )
  return latencies
}

async function readings(serverPid: number, postgres: Postgres) {
  return {
    walBytes: await postgres.walBytes(),
    serverMs: Number.isNaN(serverPid) ? Number.NaN : cpuMsOf(serverPid),
    postgresMs: cpuMsOfTree(postgres.pid),
    clientsMs: cpuMsOf(process.pid),
  }
}

const COUNTED = 40

/**
 * Which statements the server sends for one operation, each with how often, from PostgreSQL's own log. So many come
 * before that people are known, and were told of the browser.
 *
 * @param warmTurns operations before any is counted
 */
export async function countStatements(
  contender: Contender,
  operation: Operation,
  postgres: Postgres,
  warmTurns: number,
): Promise<Record<string, number>> {
  const { workers, database } = contender
  const [worker] = workers
  if (!database || !worker) return {}
  await contender.tell?.(null)
  await operation.prepare(worker)
  await contender.tell?.(operation)
  for (let turn = 0; turn < warmTurns; turn++) await operation.run(worker)
  const listening = await postgres.listen()
  let turns = 0
  for (; turns < COUNTED && operation.mayRun?.(worker) !== false; turns++) await operation.run(worker)
  const counts = await listening.end(database)
  return Object.fromEntries([...counts].map(([text, count]) => [text, count / turns]))
}
