import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import Koa, { type Middleware } from 'koa'
import { type Log, withPatience } from '../base/index.ts'
import type { CookieKeys } from '../oidc/index.ts'
import { createOriginForm } from './middleware/origin-form.ts'

const HEADER_BYTES_MAX = 16 * 1024
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
// How often the two are looked at: they end this much later at most.
const LOOK_EVERY_MS = 1000
const KEEP_ALIVE_MS = 65_000
const CONNECTIONS_MAX = 4000
/** How long a request waits for the database in all; then it is answered by 503. */
const PATIENCE_MS = 15_000

export interface ServerDeps {
  issuer: string
  /** Proxies in front whose forwarded address counts. */
  trustedProxies: number
  /** Null where there are no cookies. */
  cookieKeys: CookieKeys | null
  /** Answers what needs nothing else; false where it is not its own. Null where there is nothing of the kind. */
  answerAtOnce: ((req: IncomingMessage, res: ServerResponse) => boolean) | null
  /** In order; the first sees a request first and its answer last. */
  middleware: readonly Middleware[]
  log: Log
}

/** The server for people and applications. Every request is put into origin form before anything reads it. */
export function createWebServer(deps: ServerDeps): Server {
  const { answerAtOnce } = deps
  const app = new Koa({ proxy: true })
  if (deps.cookieKeys) app.keys = deps.cookieKeys
  for (const middleware of deps.middleware) app.use(middleware)
  app.on('error', (error) => deps.log.warn({ err: error }, 'an answer could not be sent'))
  const handle = app.callback()
  const toOriginForm = createOriginForm(deps.issuer, deps.trustedProxies)

  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX, connectionsCheckingInterval: LOOK_EVERY_MS }, (req, res) => {
    toOriginForm(req)
    if (answerAtOnce?.(req, res)) return
    void withPatience(PATIENCE_MS, () => handle(req, res))
  })
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.maxConnections = CONNECTIONS_MAX
  return server
}
