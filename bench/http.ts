import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'

/** The address that all servers under test answer for, as behind a proxy that ends TLS. */
export const ISSUER = 'https://id.bench.example'

/** Paths of a provider, on the origin of its issuer. */
export interface Endpoints {
  discovery: string
  jwks: string
  authorization: string
  token: string
  userinfo: string
  introspection: string
}

export const ENDPOINTS: Endpoints = {
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  authorization: '/authorize',
  token: '/token',
  userinfo: '/userinfo',
  introspection: '/introspect',
}

/** One provider: the name it goes by, and where it is reached. */
export interface Target {
  issuer: string
  /** An origin. Where it is not that of the issuer, requests look as if a proxy that ends TLS had passed them on. */
  connect: string
  endpoints: Endpoints
}

export const targetOnPort = (port: number): Target => ({
  issuer: ISSUER,
  connect: `http://127.0.0.1:${port}`,
  endpoints: ENDPOINTS,
})

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
  /** @param path with its query */
  send(path: string, sending?: Sending): Promise<Reply>
  /** Lets the connection go; the next request opens another. Servers close what is idle for some seconds. */
  renew(): void
}

const TIMEOUT_MS = 20_000

/** @param clientIp what the proxy saw */
export function connectTo({ issuer, connect }: Target, clientIp: string): Connection {
  const { host, origin } = new URL(issuer)
  const { protocol, hostname, port } = new URL(connect)
  const secure = protocol === 'https:'
  const agent = new (secure ? TlsAgent : Agent)({ keepAlive: true, maxSockets: 1 })
  const shared: RequestOptions = { agent, host: hostname, port: port || (secure ? 443 : 80), timeout: TIMEOUT_MS }
  const proxied: Record<string, string> =
    connect === origin ? { host } : { host, 'x-forwarded-proto': 'https', 'x-forwarded-for': clientIp }

  function send(path: string, { headers = {}, form }: Sending = {}): Promise<Reply> {
    const body = form && new URLSearchParams(form).toString()
    const described =
      body === undefined
        ? {}
        : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(Buffer.byteLength(body)) }
    const method = body === undefined ? 'GET' : 'POST'
    const options = { ...shared, path, method, headers: { ...proxied, ...described, ...headers } }
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? tlsRequest : request)(options, (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => {
          text += chunk
        })
        incoming.on('error', reject)
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }))
      })
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
