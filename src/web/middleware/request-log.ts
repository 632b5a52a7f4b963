import type { Context, Middleware, Next } from 'koa'
import { inSpan, type Log, type Metrics, newReference, type Span } from '../../base/index.ts'
import { createTellAnswered, spanOfRequest } from '../answered.ts'
import { stateOf } from '../request.ts'

/**
 * Gives each request its reference, and writes one line when it has been answered; where traces are wanted, the request
 * is a span. The path is written by its pattern: uids, tokens and queries never reach log or trace.
 */
export function createRequestLog(deps: {
  log: Log
  metrics: Metrics
  /** Proxies in front whose headers count. */
  trustedProxies: number
}): Middleware {
  const tell = createTellAnswered(deps)

  return (ctx, next) => inSpan(spanOfRequest(ctx.req, deps.trustedProxies), (span) => answered(ctx, next, span))

  async function answered(ctx: Context, next: Next, span: Span): Promise<void> {
    const state = stateOf(ctx)
    const reference = newReference()
    state.reference = reference
    state.ip = ctx.get('x-forwarded-for')
    ctx.set('X-Request-Id', reference)
    const began = performance.now()
    try {
      await next()
    } finally {
      const { method, status } = ctx
      const route = state.route ?? routeOf(ctx.path)
      tell(span, { method, route, status, reference, upstream: ctx.get('x-request-id'), tookMs: performance.now() - began })
    }
  }
}

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
