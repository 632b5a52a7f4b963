import type { IncomingMessage, ServerResponse } from 'node:http'
import { inSpan, type Log, type Metrics, newReference, type Span } from '../base/index.ts'
import { ipSubject } from '../limits/index.ts'
import type { Coding, Oidc, PublishedDocument } from '../oidc/index.ts'
import { createTellAnswered, spanOfRequest } from './answered.ts'
import { securityHeaders } from './middleware/security-headers.ts'

/** Best first. */
const CODINGS: readonly Coding[] = ['br', 'gzip', 'identity']

/**
 * Answers what is published and ready to be sent: discovery and keys, which relying applications ask for again and again.
 * It says all that the way through the engine says, and its log line, metrics and span are the same; what is more, whoever
 * has the document already is told so by 304. Answers false for whatever is not a plain GET or HEAD of such a path, in
 * its one spelling: that goes the way of all requests. Call it with a request in origin form.
 */
export function createPublishedAnswers(deps: {
  published: Oidc['published']
  /** Whether the issuer is https. */
  secure: boolean
  trustedProxies: number
  log: Log
  metrics: Metrics
}): (req: IncomingMessage, res: ServerResponse) => boolean {
  const { published, trustedProxies } = deps
  const tell = createTellAnswered(deps)
  const headersOfAll = securityHeaders(deps.secure).flat()

  return (req, res) => {
    const { method, url = '', headers } = req
    if (method !== 'GET' && method !== 'HEAD') return false
    const document = published.documentAt(url)
    if (!document || 'content-length' in headers || 'transfer-encoding' in headers) return false
    void inSpan(spanOfRequest(req, trustedProxies), async (span) => answer(req, res, url, document, span))
    return true
  }

  function answer(req: IncomingMessage, res: ServerResponse, path: string, document: PublishedDocument, span: Span): void {
    const began = performance.now()
    const { method = 'GET', headers } = req
    const reference = newReference()
    const coding = codingFor(headers['accept-encoding'])
    const form = document.forms[coding]
    const known = isKnown(form.etag, headers['if-none-match'])
    const status = known ? 304 : 200
    const head = headersOfAll.slice()
    head.push('X-Request-Id', reference, 'Cache-Control', published.cacheControl(), 'ETag', form.etag)
    // Anybody may read it, from any page: there is nothing in it that is not for all.
    head.push('Vary', 'Origin, Accept-Encoding', 'Access-Control-Allow-Origin', headers.origin || '*')
    if (!known) head.push('Content-Type', document.contentType, 'Content-Length', form.length)
    if (!known && coding !== 'identity') head.push('Content-Encoding', coding)
    res.writeHead(status, head)
    if (known || method === 'HEAD') res.end()
    else res.end(form.bytes, 'latin1')
    if (method === 'GET') published.given(path, () => ipSubject(String(headers['x-forwarded-for'])))
    const upstream = String(headers['x-request-id'] ?? '')
    tell(span, { method, route: path, status, reference, upstream, tookMs: performance.now() - began })
  }
}

/** RFC 9110 §12.5.3: what is not named, or named with a weight of 0, is not wanted. */
function codingFor(accepted: string | string[] | undefined): Coding {
  if (!accepted) return 'identity'
  const wanted = new Set(
    String(accepted)
      .toLowerCase()
      .split(',')
      .map((one) => one.replaceAll(/\s/g, ''))
      .filter((one) => !/;q=0(?:\.0*)?$/.test(one))
      .map((one) => one.split(';', 1)[0]),
  )
  return CODINGS.find((coding) => wanted.has(coding)) ?? 'identity'
}

/** RFC 9110 §13.1.2: compared weakly, one of a list or `*`. */
function isKnown(etag: string, asked: string | undefined): boolean {
  if (!asked) return false
  return asked.trim() === '*' || asked.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
}
