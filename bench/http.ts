import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** The address that all servers under test answer for, as behind a proxy that ends TLS. */
export const ISSUER = 'https://id.bench.example'

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Sending {
  headers?: Record<string, string>
  /** Sent as a form, by POST. */
  form?: Record<string, string>
}

/** One kept-alive connection to one server, as a TLS proxy in front of it would hold. */
export interface Connection {
  send(path: string, sending?: Sending): Promise<Reply>
  /** Lets the connection go; the next request opens another. Servers close what is idle for some seconds. */
  renew(): void
}

const TIMEOUT_MS = 20_000

/** @param clientIp what the proxy saw */
export function connectTo(port: number, clientIp: () => string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { host } = new URL(ISSUER)

  function send(path: string, { headers = {}, form }: Sending = {}): Promise<Reply> {
    const body = form && new URLSearchParams(form).toString()
    const proxied = { host, 'x-forwarded-proto': 'https', 'x-forwarded-for': clientIp() }
    const described =
      body === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(Buffer.byteLength(body)) }
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent,
          port,
          path,
          host: '127.0.0.1',
          method: body === undefined ? 'GET' : 'POST',
          headers: { ...proxied, ...described, ...headers },
          timeout: TIMEOUT_MS,
        },
        (incoming) => {
          let text = ''
          incoming.setEncoding('utf8')
          incoming.on('data', (chunk: string) => {
            text += chunk
          })
          incoming.on('error', reject)
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }))
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${path} within ${TIMEOUT_MS / 1000} s`)))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  return { send, renew: () => agent.destroy() }
}

/** Throws unless the answer has this status: what is measured must be right. */
export function expectStatus(reply: Reply, status: number, what: string): Reply {
  if (reply.status !== status)
    throw new Error(`${what}: ${reply.status} instead of ${status}: ${reply.headers.location ?? ''} ${reply.text.slice(0, 300)}`)
  return reply
}
