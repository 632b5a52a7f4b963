import type { IncomingMessage } from 'node:http'
import { histogramIn, type Log, type Metrics, type Span, type SpanStart } from '../base/index.ts'

/** A request that has been answered. */
export interface Answered {
  method: string
  /** The pattern of the path: uids, tokens and queries never reach log or trace. */
  route: string
  status: number
  reference: string
  /** What a proxy in front calls it; empty where none does. */
  upstream: string
  tookMs: number
}

/** Those that anything here answers; a series for each of the dozens that HTTP knows would be a stranger's to make. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const CLASSES = ['0xx', '1xx', '2xx', '3xx', '4xx', '5xx']

/** Tells of each request once it has been answered: to the metrics, its span, and the log by one line. */
export function createTellAnswered(deps: { log: Log; metrics: Metrics }): (span: Span, answered: Answered) => void {
  const { log } = deps
  const seconds = histogramIn(deps.metrics, 'doorward_http_request_seconds')

  return (span, { method, route, status, reference, upstream, tookMs }) => {
    const told = METHODS.has(method) ? method : 'other'
    seconds.observe({ method: told, route, status: CLASSES[Math.floor(status / 100)] ?? '0xx' }, tookMs / 1000)
    span.rename(`${method} ${route}`)
    span.say('http.route', route)
    span.say('http.response.status_code', status)
    span.say('doorward.request', reference)
    if (status >= 500) span.failed(null)
    const said = { request: reference, upstream: upstream || undefined, method, route, status, ms: Math.round(tookMs) }
    log.info(said, 'answered')
  }
}

/**
 * How the span of a request begins. Whoever asks decides neither whether a trace is kept nor which one it joins: the
 * issuer is open to everybody. What a proxy of ours says is linked to.
 */
export function spanOfRequest({ method = 'GET', headers }: IncomingMessage, trustedProxies: number): SpanStart {
  const follows = trustedProxies > 0 ? headers.traceparent : undefined
  return { name: method, kind: 'server', fields: { 'http.request.method': method }, follows: follows?.toString() }
}
