import type { Context, Middleware } from 'koa'
import { Refusal } from '../base/index.ts'
import type { LimitName } from '../config/index.ts'
import { ipSubject, type LocalLimits } from '../limits/index.ts'
import { stateOf } from './request.ts'

/** What counts against a network, and when: a sign-in that begins writes a row; a refusal may have been a guess. */
const COUNTED: Record<string, { limit: LimitName; counts(ctx: Context): boolean }> = {
  '/authorize': { limit: 'authorize-ip', counts: (ctx) => String(ctx.response.get('Location')).startsWith('/sign-in/') },
  '/token': { limit: 'token-ip', counts: refused },
  '/introspect': { limit: 'token-ip', counts: refused },
  '/revoke': { limit: 'token-ip', counts: refused },
}

/**
 * In front of the engine: a cap on the body before anything is read, and limits by network on what strangers can do
 * . Applications that do well are not counted, however many people stand behind one address.
 */
export function createEngineGuards(deps: { localLimits: LocalLimits; bodyMaxBytes: number }): Middleware {
  return async (ctx, next) => {
    // The engine itself stops reading an undeclared length at 56 kB.
    if (ctx.request.length !== undefined && ctx.request.length > deps.bodyMaxBytes) throw new Refusal('too_large')
    const counted = COUNTED[ctx.path]
    if (!counted) return next()
    const subject = ipSubject(stateOf(ctx).ip)
    const retryAfterSeconds = deps.localLimits.closedFor(counted.limit, subject)
    if (retryAfterSeconds !== null) throw new Refusal('too_many_requests', { retryAfterSeconds })
    await next()
    if (counted.counts(ctx)) deps.localLimits.count(counted.limit, subject)
    return undefined
  }
}

function refused(ctx: Context): boolean {
  return ctx.status === 400 || ctx.status === 401
}
