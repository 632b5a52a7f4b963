import type { Middleware } from 'koa'
import { type Clock, histogramIn, type Log, type Metrics, newReference } from '../../base/index.ts'
import { stateOf } from '../request.ts'

/**
 * Gives each request its reference, and writes one line when it has been answered. The path is written by its
 * pattern: uids, tokens and queries never reach the log.
 */
export function createRequestLog(deps: { log: Log; clock: Clock; metrics: Metrics }): Middleware {
  const seconds = histogramIn(deps.metrics, 'doorward_http_request_seconds')

  return async (ctx, next) => {
    const state = stateOf(ctx)
    state.reference = newReference()
    state.ip = ctx.get('x-forwarded-for')
    ctx.set('X-Request-Id', state.reference)
    const began = performance.now()
    try {
      await next()
    } finally {
      const route = state.route ?? routeOf(ctx.path)
      const tookMs = performance.now() - began
      seconds.observe({ method: ctx.method, route, status: `${Math.floor(ctx.status / 100)}xx` }, tookMs / 1000)
      deps.log.info(
        {
          request: state.reference,
          upstream: ctx.get('x-request-id'),
          method: ctx.method,
          route,
          status: ctx.status,
          ms: Math.round(tookMs),
        },
        'answered',
      )
    }
  }
}

const ENGINE_PATHS = /^\/(?:authorize|token|userinfo|jwks|introspect|revoke|logout|\.well-known\/[a-z-]+)(?=\/|$)/
const STEPS =
  'state|identify|answer|resend|retry|restart|again|text|digits|email|second|work|link|continue|switch|keep|consent|other'
const SIGN_IN = new RegExp(`^/sign-in/[^/]+(?:/(${STEPS})(?=/|$))?`)
const PLACES =
  'sign-in|callback|step-up|sign-out|signed-out|notice|notice-done|methods|addresses|authenticators|codes|devices|apps|activity|profile|data|close|keep'
const ACCOUNT = new RegExp(`^/account(?:/(?:${PLACES}))?(?=/|$)`)
const RECEIPTS = /^\/receipts\/(?:sns|twilio|delivery)$/

/** The pattern of a path, from a fixed list: labels and log lines stay few and hold no value. */
function routeOf(path: string): string {
  const signIn = SIGN_IN.exec(path)
  if (signIn) return signIn[1] ? `/sign-in/:uid/${signIn[1]}` : '/sign-in/:uid'
  if (path === '/') return '/'
  if (path.startsWith('/assets/')) return '/assets/:file'
  if (path.startsWith('/dev/')) return '/dev/inbox'
  return (RECEIPTS.exec(path) ?? ENGINE_PATHS.exec(path) ?? ACCOUNT.exec(path))?.[0] ?? 'other'
}
