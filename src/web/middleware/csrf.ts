import type { Context, Middleware } from 'koa'
import { Refusal, type Secrets, sameText } from '../../base/index.ts'
import { field } from '../request.ts'

/**
 * Forms of ours post to us, from our own pages. Two guards stand in a row: what the browser says of the request's
 * origin (Sec-Fetch-Site, else Origin), and a token bound to the interaction whose signed cookie the browser sends
 * . Pages carry `no-referrer`, under which browsers send `Origin: null`; then the token alone decides.
 */
export function createCsrf(secrets: Secrets, issuer: string) {
  const tokenFor = (subject: string) => secrets.hmac('csrf', subject).toString('base64url')

  const sameSite: Middleware = async (ctx, next) => {
    if (ctx.method === 'POST' && comesFromElsewhere(ctx, issuer)) throw new Refusal('forged_request')
    await next()
  }

  /** Throws `Refusal('forged_request')` unless the form carries the subject's token. */
  function check(ctx: Context, subject: string): void {
    const sent = field(ctx, 'csrf')
    const fits = secrets.ids.some((id) => sameText(sent, secrets.hmac('csrf', subject, id).toString('base64url')))
    if (!fits) throw new Refusal('forged_request')
  }

  return { tokenFor, sameSite, check }
}

export type Csrf = ReturnType<typeof createCsrf>

function comesFromElsewhere(ctx: Context, issuer: string): boolean {
  const site = ctx.get('sec-fetch-site')
  if (site) return site !== 'same-origin'
  const origin = ctx.get('origin')
  return origin !== '' && origin !== 'null' && origin !== issuer
}
