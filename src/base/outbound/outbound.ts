import { type AddressInfo, createServer, type Server } from 'node:net'
import { counterIn, type Metrics } from '../metrics.ts'
import { createAddressRules } from './addresses.ts'
import type { OutboundAnswer, OutboundRequest } from './exchange.ts'
import { OutboundFailed } from './failure.ts'
import { createGuard, type Guard, type GuardOptions } from './guard.ts'

/** What somebody else's address is asked for. */
export type OutboundPurpose = 'jwks' | 'logout' | 'sector'

export interface Outbound {
  /** Sends one request through the guard, or throws `OutboundFailed`. */
  send(purpose: OutboundPurpose, request: OutboundRequest): Promise<OutboundAnswer>
  /** Throws unless the guard keeps requests from a server inside, seen at that server. */
  prove(): Promise<void>
}

/** The one way out to addresses that applications have named. */
export function createOutbound({ metrics, ...options }: GuardOptions & { metrics: Metrics }): Outbound {
  const guard = createGuard(options)
  const counter = counterIn(metrics, 'doorward_outbound_total')
  // What proves it goes the way that every request goes.
  async function send(purpose: OutboundPurpose | null, ...asked: Parameters<Guard>): Promise<OutboundAnswer> {
    const count = (outcome: string) => purpose && counter.inc({ purpose, outcome })
    try {
      const answer = await guard(...asked)
      count('ok')
      return answer
    } catch (error) {
      const reason = error instanceof OutboundFailed ? error.reason : 'failed'
      count(reason.replace(/^(status_\d)\d\d$/, '$1xx'))
      throw error
    }
  }

  const strict = createAddressRules({ networks: [], hosts: [] })
  return { send: (purpose, request) => send(purpose, request), prove: () => proveGuard((request) => send(null, request, strict)) }
}

const PROOF_TIMEOUT_MS = 2000
const WAYS_IN = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:7f00:1]', '0.0.0.0']

/** Tries to reach a server of our own on loopback, by several names of it. */
export async function proveGuard(guard: Guard): Promise<void> {
  let touched = false
  const canary = createServer((socket) => {
    touched = true
    socket.destroy()
  })
  await new Promise<void>((resolve, reject) => canary.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = canary.address() as AddressInfo
  const refused = await Promise.all(WAYS_IN.map((host) => isRefused(guard, `https://${host}:${port}/`)))
  await closed(canary)
  const open = WAYS_IN.filter((_, at) => !refused[at])
  if (!touched && open.length === 0) return
  throw new Error(
    `The guard that keeps outgoing requests from internal addresses does not hold (${open.join(' ') || 'a connection was made'}): the service does not start without it.`,
  )
}

async function isRefused(guard: Guard, url: string): Promise<boolean> {
  const request = { url, timeoutMs: PROOF_TIMEOUT_MS, bytesMax: 0, expects: [200] }
  const reason = await guard(request).then(
    () => 'answered',
    (error: unknown) => (error instanceof OutboundFailed ? error.reason : String(error)),
  )
  return reason === 'address_not_allowed'
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
