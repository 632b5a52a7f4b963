import { createServer } from 'node:net'

// Below the range from which the systems give ports to outgoing connections (32768 on Linux, 49152 elsewhere).
const FIRST = 20_000
const PER_WORKER = 400
const WORKERS = 30

// Jest's workers never meet: each has its own range. Two runs on one machine begin at different ranges, and different
// places in them.
const runNumber = Number(process.env.TEST_RUN ?? 0) * 7
const rangeStart = FIRST + ((runNumber + Number(process.env.JEST_WORKER_ID ?? 0)) % WORKERS) * PER_WORKER
let next = (process.pid * 37) % PER_WORKER

/** `count` consecutive TCP ports that nobody listens on, never given out twice in a row by this process. */
export async function freePorts(count: number): Promise<[number, ...number[]]> {
  for (let attempt = 0; attempt < PER_WORKER; attempt++) {
    if (next + count > PER_WORKER) next = 0
    const ports = Array.from({ length: count }, (_, index) => rangeStart + next + index)
    next += count
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return ports as [number, ...number[]]
  }
  throw new Error(`no ${count} free ports between ${rangeStart} and ${rangeStart + PER_WORKER}`)
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
