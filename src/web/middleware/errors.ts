import type { Context, Middleware } from 'koa'
import { addSeconds, type Clock, type Log, Refusal } from '../../base/index.ts'
import { InteractionGone } from '../../oidc/index.ts'
import type { Text } from '../../text/index.ts'
import { stateOf } from '../request.ts'

/** When a 503 says nothing better. */
const RETRY_SOON_SECONDS = 5

/**
 * The last resort: a refusal becomes its page (or an RFC 9457 problem for programs), everything else is a bug, told
 * as 500 with a reference and nothing of its inside.
 */
export function createErrors(deps: { text: Text; log: Log; clock: Clock }): Middleware {
  const { text, log, clock } = deps

  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined) throw new Refusal('not_found')
      if (ctx.status === 405) throw new Refusal('method_not_allowed')
    } catch (error) {
      answer(ctx, refusalOf(ctx, error))
    }
  }

  function refusalOf(ctx: Context, error: unknown): Refusal {
    if (error instanceof Refusal) {
      if (error.status >= 500) log.warn({ err: error, request: stateOf(ctx).reference }, 'refused')
      return error
    }
    if (error instanceof InteractionGone) return new Refusal('sign_in_not_open', { cause: error })
    const status = (error as { status?: unknown }).status
    if (status === 413) return new Refusal('too_large', { cause: error })
    if (status === 415) return new Refusal('unsupported_media_type', { cause: error })
    if (typeof status === 'number' && status >= 400 && status < 500) return new Refusal('bad_request', { cause: error })
    log.error({ err: error, request: stateOf(ctx).reference }, 'a request failed')
    return new Refusal('internal', { cause: error })
  }

  function answer(ctx: Context, refusal: Refusal): void {
    const { reference } = stateOf(ctx)
    for (const name of ['Set-Cookie', 'Location', 'Content-Type', 'Content-Length', 'ETag', 'Last-Modified']) ctx.remove(name)
    const { retryAfterSeconds } = refusal
    ctx.status = refusal.status
    if (refusal.status === 503) ctx.set('Retry-After', String(RETRY_SOON_SECONDS))
    ctx.set('Cache-Control', 'no-store')
    if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds))
    if (!ctx.get('accept').includes('text/html')) {
      ctx.body = JSON.stringify({ type: 'about:blank', title: refusal.code, status: refusal.status, instance: reference })
      ctx.type = 'application/problem+json'
      return
    }
    const at = clock.now()
    const retryAt = retryAfterSeconds === undefined ? null : addSeconds(at, retryAfterSeconds)
    const back = stateOf(ctx).app ?? null
    const locale = text.chooseLocale(undefined, ctx.get('accept-language'))
    ctx.type = 'html'
    ctx.body = text.page('refusal', { code: refusal.code, reference, at, retryAt, back }, locale)
  }
}
