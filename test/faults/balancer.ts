import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import type { Service } from '../support/service.ts'

/**
 * Stands before several instances as a load balancer does that never tries again: by turns, on connections that it keeps,
 * to those whose `/readyz` was 200 when it looked last, and not to those that did not answer three looks. Usable as `via` for requests to the issuer.
 */
export interface Balancer {
  issuer: string
  port: number
  /** The first instance's, so that a visitor's cookies age with it. */
  readonly clockSeconds: number
  /** Every request that failed: an answer of 5xx, or none. */
  failures: readonly string[]
  /** How many requests were answered, by the port of the instance. */
  answered: ReadonlyMap<number, number>
  add(service: Service): void
  remove(service: Service): void
  /** Whether requests go to this instance now. */
  leadsTo(service: Service): boolean
  stop(): Promise<void>
}

interface Backend {
  service: Service
  agent: Agent
  ready: boolean
  /** Looks in a row that were not answered. */
  silent: number
  looking: NodeJS.Timeout
}

const LOOK_EVERY_MS = 100
const LOOK_MS_MAX = 1000
const SILENT_MAX = 3

/** Starts it before these instances. */
export async function startBalancer(services: readonly Service[], options: { answerMsMax?: number } = {}): Promise<Balancer> {
  const [first] = services
  if (!first) throw new Error('a balancer needs an instance')
  const backends: Backend[] = []
  const failures: string[] = []
  const answered = new Map<number, number>()
  let turn = 0

  async function look(backend: Backend): Promise<void> {
    const answer = await fetch(`${backend.service.opsUrl}/readyz`, { signal: AbortSignal.timeout(LOOK_MS_MAX) }).catch(() => null)
    await answer?.body?.cancel()
    backend.silent = answer ? 0 : backend.silent + 1
    backend.ready = answer ? answer.status === 200 : backend.ready && backend.silent < SILENT_MAX
  }

  function add(service: Service): void {
    const backend: Backend = {
      service,
      agent: new Agent({ keepAlive: true, maxSockets: 100 }),
      ready: true,
      silent: 0,
      looking: setInterval(() => void look(backend), LOOK_EVERY_MS),
    }
    backends.push(backend)
  }

  function remove(service: Service): void {
    for (const backend of backends.filter((one) => one.service === service)) {
      clearInterval(backend.looking)
      backend.agent.destroy()
      backends.splice(backends.indexOf(backend), 1)
    }
  }

  function lead(asked: IncomingMessage, answer: ServerResponse): void {
    const ready = backends.filter((backend) => backend.ready)
    const backend = ready[turn++ % ready.length]
    const fail = (why: string) => {
      failures.push(`${asked.method} ${asked.url} at ${backend?.service.port ?? 'nobody'}: ${why}`)
      if (!answer.headersSent) answer.writeHead(502)
      answer.end()
    }
    if (!backend) {
      fail('nobody is ready')
      return
    }
    const { port } = backend.service
    const { method, url: path, headers } = asked
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: backend.agent }, (incoming) => {
      answered.set(port, (answered.get(port) ?? 0) + 1)
      const { statusCode: status = 0 } = incoming
      if (status >= 500) failures.push(`${method} ${path} at ${port}: ${status}`)
      const { connection: _, 'keep-alive': __, ...rest } = incoming.headers
      answer.writeHead(status, rest)
      pipeline(incoming, answer, (error) => {
        if (error && !incoming.complete) failures.push(`${method} ${path} at ${port}: cut (${error.message})`)
      })
    })
    if (options.answerMsMax) outgoing.setTimeout(options.answerMsMax, () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (!answer.destroyed) fail(`${error.code ?? error.message}${outgoing.reusedSocket ? ' on a kept connection' : ''}`)
    })
    asked.pipe(outgoing)
    answer.on('close', () => answer.writableFinished || outgoing.destroy())
  }

  const server = createServer(lead)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  for (const service of services) add(service)
  return {
    issuer: first.issuer,
    port: (server.address() as AddressInfo).port,
    get clockSeconds() {
      return first.clockSeconds
    },
    failures,
    answered,
    add,
    remove,
    leadsTo: (service) => backends.some((backend) => backend.service === service && backend.ready),
    stop: async () => {
      for (const { service } of [...backends]) remove(service)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
