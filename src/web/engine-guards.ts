import type { Middleware } from 'koa'
import { Refusal } from '../base/index.ts'
import type { LimitName } from '../config/index.ts'
import { ipSubject, type Limits } from '../limits/index.ts'
import { stateOf } from './request.ts'

const COUNTED: Record<string, LimitName> = { '/authorize': 'authorize-ip', '/token': 'token-ip' }

/**
 * In front of the engine: a cap on the body before anything is read, and limits by network on what writes rows for
 * anybody who asks.
 */
export function createEngineGuards(deps: { limits: Pick<Limits, 'take'>; bodyMaxBytes: number }): Middleware {
  return async (ctx, next) => {
    // The engine itself stops reading an undeclared length at 56 kB.
    if (ctx.request.length !== undefined && ctx.request.length > deps.bodyMaxBytes) throw new Refusal('too_large')
    const limit = COUNTED[ctx.path]
    if (limit) {
      const taken = await deps.limits.take([{ limit, subject: ipSubject(stateOf(ctx).ip) }])
      if (!taken.ok) throw new Refusal('too_many_requests', { retryAfterSeconds: taken.retryAfterSeconds })
    }
    await next()
  }
}
