import { type IncomingHttpHeaders, request } from 'node:http'
import type { Service } from './service.ts'

/** One answer, as it came over the wire: nothing is followed, stored or decoded. */
export interface Answer {
  url: string
  status: number
  headers: IncomingHttpHeaders
  setCookies: readonly string[]
  text: string
}

export interface Sending {
  method?: string
  headers?: Record<string, string>
  /** An object is sent as a form. */
  body?: string | Record<string, string> | URLSearchParams
  /** The instance that shall answer requests to the issuer's origin, whatever its port. */
  via?: Pick<Service, 'issuer' | 'port'> | undefined
}

const TIMEOUT_MS = 30_000

/** Sends one request on a connection of its own, with exactly these headers (and `Host` from the URL). */
export async function send(url: string, sending: Sending = {}): Promise<Answer> {
  const target = new URL(url)
  const toInstance = sending.via !== undefined && target.origin === sending.via.issuer
  const { body, headers } = encode(sending)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        method: sending.method ?? (body === undefined ? 'GET' : 'POST'),
        host: toInstance ? '127.0.0.1' : target.hostname.replace(/^\[|\]$/g, ''),
        port: toInstance ? sending.via?.port : target.port || 80,
        path: `${target.pathname}${target.search}`,
        headers: { host: target.host, ...headers },
        agent: false,
        timeout: TIMEOUT_MS,
      },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () =>
          resolve({
            url,
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            setCookies: incoming.headers['set-cookie'] ?? [],
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${url} within ${TIMEOUT_MS / 1000} s`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** A `fetch` whose requests to the issuer's origin go to one instance: for `openid-client`'s `customFetch`. */
export function fetchVia(service: Pick<Service, 'issuer' | 'port'>): typeof fetch {
  return async (input, init) => {
    const asked = new Request(input, init)
    const body = asked.body === null ? undefined : await asked.text()
    const answer = await send(asked.url, {
      method: asked.method,
      headers: Object.fromEntries(asked.headers),
      via: service,
      ...(body === undefined ? {} : { body }),
    })
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) headers.set(name, String(value))
    const empty = answer.status === 204 || answer.status === 304
    return new Response(empty ? null : answer.text, { status: answer.status, headers })
  }
}

function encode({ body, headers = {} }: Sending): { body: string | undefined; headers: Record<string, string> } {
  if (body === undefined) return { body, headers }
  const form = typeof body !== 'string'
  const text = form ? new URLSearchParams(body).toString() : body
  const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}
  return { body: text, headers: { ...type, 'content-length': String(Buffer.byteLength(text)), ...headers } }
}
