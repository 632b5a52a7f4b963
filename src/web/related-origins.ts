import type { Middleware } from 'koa'
import { JWKS_MAX_AGE_SECONDS } from '../keys/index.ts'

/**
 * Tells browsers which other origins may use the passkeys of this one (WebAuthn Level 3 §5.11.1). Kept by caches for as
 * long as all else that is published.
 */
export function createRelatedOrigins(origins: readonly string[]): Middleware {
  const body = JSON.stringify({ origins })
  return (ctx) => {
    ctx.set('Cache-Control', `public, max-age=${JWKS_MAX_AGE_SECONDS}`)
    ctx.type = 'application/json'
    ctx.body = body
  }
}
