import type { Context, Middleware, Next } from 'koa'
import {
  type Clock,
  histogramIn,
  inSpan,
  type Log,
  type Metrics,
  newReference,
  type Span,
  type SpanStart,
} from '../../base/index.ts'
import { stateOf } from '../request.ts'

/**
 * Gives each request its reference, and writes one line when it has been answered; where traces are wanted, the request
 * is a span. The path is written by its pattern: uids, tokens and queries never reach log or trace.
 */
export function createRequestLog(deps: {
  log: Log
  clock: Clock
  metrics: Metrics
  /** Proxies in front whose headers count. */
  trustedProxies: number
}): Middleware {
  const { log, trustedProxies } = deps
  const seconds = histogramIn(deps.metrics, 'doorward_http_request_seconds')

  return (ctx, next) => inSpan(startOf(ctx, trustedProxies), (span) => answered(ctx, next, span))

  async function answered(ctx: Context, next: Next, span: Span): Promise<void> {
    const state = stateOf(ctx)
    state.reference = newReference()
    state.ip = ctx.get('x-forwarded-for')
    ctx.set('X-Request-Id', state.reference)
    const began = performance.now()
    try {
      await next()
    } finally {
      const { method, status } = ctx
      const route = state.route ?? routeOf(ctx.path)
      const tookMs = performance.now() - began
      const told = METHODS.has(method) ? method : 'other'
      seconds.observe({ method: told, route, status: `${Math.floor(status / 100)}xx` }, tookMs / 1000)
      tell(span, { method, route, status, request: state.reference })
      const upstream = ctx.get('x-request-id')
      log.info({ request: state.reference, upstream, method, route, status, ms: Math.round(tookMs) }, 'answered')
    }
  }
}

// Whoever asks decides neither whether a trace is kept nor which one it joins: the issuer is open to everybody. What a
// proxy of ours says is linked to.
function startOf(ctx: Context, trustedProxies: number): SpanStart {
  const follows = trustedProxies > 0 ? ctx.get('traceparent') : undefined
  return { name: ctx.method, kind: 'server', fields: { 'http.request.method': ctx.method }, follows }
}

function tell(span: Span, told: { method: string; route: string; status: number; request: string }): void {
  span.rename(`${told.method} ${told.route}`)
  span.say('http.route', told.route)
  span.say('http.response.status_code', told.status)
  span.say('doorward.request', told.request)
  if (told.status >= 500) span.failed(null)
}

/** Those that anything here answers; a series for each of the dozens that HTTP knows would be a stranger's to make. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const PUBLISHED_PATHS =
  /^\/(?:authorize|token|userinfo|jwks|introspect|revoke|logout|\.well-known\/(?:openid-configuration|oauth-authorization-server|webauthn))(?=\/|$)/
const STEPS =
  'state|identify|answer|resend|retry|restart|again|text|digits|email|second|work|link|help|continue|switch|keep|consent|other'
const SIGN_IN = new RegExp(`^/sign-in/[^/]+(?:/(${STEPS})(?=/|$))?`)
const PLACES =
  'sign-in|callback|step-up|sign-out|signed-out|notice|notice-done|methods|addresses|authenticators|passkeys|codes|devices|apps|activity|profile|data|close|keep'
const ACCOUNT = new RegExp(`^/account(?:/(?:${PLACES}))?(?=/|$)`)
const RECEIPTS = /^\/receipts\/(?:sns|twilio|delivery)$/

/** The pattern of a path, from a fixed list: labels and log lines stay few and hold no value. */
function routeOf(path: string): string {
  const signIn = SIGN_IN.exec(path)
  if (signIn) return signIn[1] ? `/sign-in/:uid/${signIn[1]}` : '/sign-in/:uid'
  if (path === '/') return '/'
  if (path.startsWith('/assets/')) return '/assets/:file'
  if (path.startsWith('/n/')) return '/n/:token'
  if (path.startsWith('/dev/')) return '/dev/inbox'
  return (RECEIPTS.exec(path) ?? PUBLISHED_PATHS.exec(path) ?? ACCOUNT.exec(path))?.[0] ?? 'other'
}
