import type { Context, Middleware } from 'koa'
import { Refusal } from '../base/index.ts'
import type { LocalLimits } from '../limits/index.ts'
import { networkOf } from './request.ts'

/** Every path of the engine, spelled in the one way that counts. Its own router is not so strict. */
const ENGINE_PATH =
  /^\/(?:authorize(?:\/[A-Za-z0-9_-]+)?|token|userinfo|jwks|introspect|revoke|logout(?:\/(?:confirm|success))?|\.well-known\/(?:openid-configuration|oauth-authorization-server))$/
/** NUL and its kin, raw or as bytes of a query: in no value of the protocol (RFC 6749 Appendix A). */
const CONTROL = /%[01][0-9a-f]|%7f|[\x00-\x1f\x7f]/i

/** A sign-in or a sign-out that begins writes a row for anybody who asks. */
const COUNTED: Record<string, (ctx: Context) => boolean> = {
  '/authorize': (ctx) => String(ctx.response.get('Location')).startsWith('/sign-in/'),
  '/logout': (ctx) => ctx.status === 200,
}

/**
 * In front of the engine: one spelling of each path, no control characters, a cap on the body before anything is read,
 * and a limit by network on what writes a row for strangers. Wrong client secrets are counted where they are
 * compared (see oidc); what an application's visitors make it send, a code that is none, counts against nobody.
 */
export function createEngineGuards(deps: { localLimits: LocalLimits; bodyMaxBytes: number }): Middleware {
  return async (ctx, next) => {
    if (!ENGINE_PATH.test(ctx.path)) throw new Refusal('not_found')
    if (CONTROL.test(ctx.querystring)) throw new Refusal('bad_request')
    // The engine itself stops reading an undeclared length at 56 kB.
    if (ctx.request.length !== undefined && ctx.request.length > deps.bodyMaxBytes) throw new Refusal('too_large')
    const counts = COUNTED[ctx.path]
    if (!counts) return next()
    const subject = networkOf(ctx)
    const retryAfterSeconds = deps.localLimits.closedFor('authorize-ip', subject)
    if (retryAfterSeconds !== null) throw new Refusal('too_many_requests', { retryAfterSeconds })
    await next()
    if (counts(ctx)) deps.localLimits.count('authorize-ip', subject)
    return undefined
  }
}
