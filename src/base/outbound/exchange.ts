import { Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request as tlsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { OutboundFailed, reasonOf } from './failure.ts'

/** One request to an address that somebody else has named. */
export interface OutboundRequest {
  url: string
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: string
  /** For everything together: name, connection, request and answer. */
  timeoutMs: number
  /** Longest body that is read. 0: none is, whatever is sent. */
  bytesMax: number
  /** Every other status is a failure. */
  expects: readonly number[]
}

export interface OutboundAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
}

export interface Resolved {
  address: string
  family: number
}

// Connections of their own: what was checked for one request is not used for the next. Neither reads HTTPS_PROXY, behind
// which the address that is really connected to would be out of sight.
const agents = { 'https:': new Agent({ keepAlive: false, maxCachedSessions: 0 }), 'http:': new PlainAgent({ keepAlive: false }) }

/** Answers before the answer (RFC 9110 §15.2). Each costs a look at it, and nothing else bounds how many there are. */
const INTERIM_MAX = 4

/** Sends the request to one of `addresses`, which have been checked, under the name of the URL. */
export function exchange(
  url: URL,
  addresses: readonly Resolved[],
  { method = 'GET', headers, body, bytesMax, expects }: OutboundRequest,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const secure = url.protocol === 'https:'
  const options = {
    method,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
    agent: secure ? agents['https:'] : agents['http:'],
    lookup: pinnedTo(addresses),
    signal,
  }
  return new Promise((resolve, reject) => {
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    const outgoing = secure ? tlsRequest({ ...options, rejectUnauthorized: true }) : plainRequest(options)
    const fail = (error: unknown) => {
      reject(error instanceof OutboundFailed ? error : new OutboundFailed(signal.aborted ? 'timeout' : reasonOf(error)))
      outgoing.destroy()
    }
    outgoing.on('error', fail)
    let interim = 0
    outgoing.on('information', () => {
      interim += 1
      if (interim > INTERIM_MAX) fail(new OutboundFailed('not_http'))
    })
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode ?? 0
      incoming.on('error', fail)
      if (status >= 300 && status < 400) return fail(new OutboundFailed('redirected', status))
      if (!expects.includes(status)) return fail(new OutboundFailed(`status_${status}`, status))
      const finish = (chunks: Buffer[]) => {
        resolve({ status, headers: textsOf(incoming.headers), body: Buffer.concat(chunks) })
        outgoing.destroy()
      }
      if (bytesMax === 0) return finish([])
      if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) return fail(new OutboundFailed('too_large'))
      const chunks: Buffer[] = []
      let bytes = 0
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > bytesMax) fail(new OutboundFailed('too_large'))
        else chunks.push(chunk)
      })
      incoming.on('end', () => (incoming.complete ? finish(chunks) : fail(new OutboundFailed('connection_lost'))))
      incoming.on('close', () => fail(new OutboundFailed('connection_lost')))
      return undefined
    })
    outgoing.end(body)
  })
}

// The name is not looked up a second time, when it might say something else.
function pinnedTo(addresses: readonly Resolved[]): LookupFunction {
  return (_hostname, options, answer) => {
    const [first] = addresses
    if (options.all) answer(null, [...addresses])
    else answer(null, first?.address ?? '', first?.family)
  }
}

function textsOf(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const texts = Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  return Object.fromEntries(texts)
}
