import { Agent, request } from 'node:http'
import type { CustomFetch } from 'openid-client'

/** Where this very process listens. */
export interface Listener {
  /** As configured; a wildcard stands for loopback. */
  host: string
  port: number
}

const TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 256 * 1024
const WILDCARDS: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1' }

/**
 * A `fetch` that leads every request to this process itself, whatever host its address names: the server takes each one
 * as sent to ISSUER. Nothing goes out, so no name is looked up, no certificate is needed, and no proxy is asked. Only
 * path and query of the address count; a redirect is an answer like any other.
 */
export function createSelfFetch({ host, port }: Listener): CustomFetch {
  // An agent of its own reads no proxy from the environment; without keep-alive nothing holds up the end of the server.
  const agent = new Agent({ keepAlive: false })
  const to = { host: WILDCARDS[host] ?? host, port, agent }

  return (url, { method, headers, body, signal }) => {
    const { pathname, search } = new URL(url)
    const limits = [AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])]
    const options = { ...to, path: `${pathname}${search}`, method, headers, signal: AbortSignal.any(limits) }
    const sent = body === undefined || body === null ? '' : asText(body)
    return new Promise((resolve, reject) => {
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > ANSWER_BYTES_MAX) incoming.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        incoming.on('error', reject)
        incoming.on('end', () => {
          const type = incoming.headers['content-type']
          const answer = { status: incoming.statusCode ?? 500, headers: type ? { 'content-type': type } : {} }
          resolve(new Response(size === 0 ? null : Buffer.concat(chunks), answer))
        })
      })
      outgoing.on('error', reject)
      outgoing.end(sent)
    })
  }
}

function asText(body: unknown): string {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('only text can be sent to oneself')
}
