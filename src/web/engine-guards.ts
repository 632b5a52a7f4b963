import type { Context, Middleware } from 'koa'
import { Refusal } from '../base/index.ts'
import type { LimitName } from '../config/index.ts'
import { ipSubject, type LocalLimits } from '../limits/index.ts'
import { stateOf } from './request.ts'

/** Every path of the engine, spelled in the one way that counts. Its own router is not so strict. */
const ENGINE_PATH =
  /^\/(?:authorize(?:\/[A-Za-z0-9_-]+)?|token|userinfo|jwks|introspect|revoke|logout(?:\/(?:confirm|success))?|\.well-known\/(?:openid-configuration|oauth-authorization-server))$/
/** NUL and its kin, raw or as bytes of a query: in no value of the protocol (RFC 6749 Appendix A). */
const CONTROL = /%[01][0-9a-f]|%7f|[\x00-\x1f\x7f]/i

interface Counted {
  limit: LimitName
  /** Whether an answered request counts. */
  counts(ctx: Context): boolean
}

/** A sign-in or a sign-out that begins writes a row for anybody who asks; a client that cannot prove itself may be a guess. */
const COUNTED: Record<string, Counted> = {
  '/authorize': { limit: 'authorize-ip', counts: (ctx) => String(ctx.response.get('Location')).startsWith('/sign-in/') },
  '/logout': { limit: 'authorize-ip', counts: (ctx) => ctx.status === 200 },
  '/token': { limit: 'token-ip', counts: clientRefused },
  '/introspect': { limit: 'token-ip', counts: clientRefused },
  '/revoke': { limit: 'token-ip', counts: clientRefused },
}

/**
 * In front of the engine: one spelling of each path, no control characters, a cap on the body before anything is read,
 * and limits by network on what strangers can do. What an application's visitors make it send, a code
 * that is none for instance, counts against nobody.
 */
export function createEngineGuards(deps: { localLimits: LocalLimits; bodyMaxBytes: number }): Middleware {
  return async (ctx, next) => {
    if (!ENGINE_PATH.test(ctx.path)) throw new Refusal('not_found')
    if (CONTROL.test(ctx.querystring)) throw new Refusal('bad_request')
    // The engine itself stops reading an undeclared length at 56 kB.
    if (ctx.request.length !== undefined && ctx.request.length > deps.bodyMaxBytes) throw new Refusal('too_large')
    const counted = COUNTED[ctx.path]
    if (!counted) return next()
    const subject = `${ipSubject(stateOf(ctx).ip)} ${clientInHeader(ctx)}`
    const retryAfterSeconds = deps.localLimits.closedFor(counted.limit, subject)
    if (retryAfterSeconds !== null) throw new Refusal('too_many_requests', { retryAfterSeconds })
    await next()
    if (counted.counts(ctx)) deps.localLimits.count(counted.limit, subject)
    return undefined
  }
}

function clientRefused(ctx: Context): boolean {
  return ctx.status === 401
}

// Clients behind one network are counted apart, as far as they say who they are before the body is read.
function clientInHeader(ctx: Context): string {
  const [scheme = '', value = ''] = ctx.get('authorization').split(' ')
  if (scheme.toLowerCase() !== 'basic') return ''
  return Buffer.from(value.slice(0, 1024), 'base64').toString('utf8').split(':')[0] ?? ''
}
