import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { JWKS_MAX_AGE_SECONDS } from '../keys/index.ts'

/** Tells of who asks, so that a new signing key can wait until its clients have seen it. All of it in memory. */
export interface Watched {
  /** A client got tokens. */
  tokens(clientId: string, network: string): void
  /** Somebody was given the published keys. */
  keysFetched(network: string): void
  /** False when this process may lack a key that others sign with. */
  keysAreFresh(): boolean
}

const PUBLISHED = ['jwks', 'discovery']

/**
 * Around the engine: says how long what it publishes may be kept. A new key signs only after that time, so that no cache
 * that obeys lacks it (RFC 9111 §5.2.2.1). A process that may lack one itself lets nobody keep its answer.
 */
export function createPublished(deps: { watched: Watched; networkOf(ctx: Context): string }, serve: Middleware): Middleware {
  const { watched, networkOf } = deps

  return async (ctx, next) => {
    await serve(ctx, next)
    const { oidc } = ctx as unknown as { oidc?: KoaContextWithOIDC['oidc'] }
    const route = oidc?.route
    if (ctx.status !== 200 || route === undefined) return
    if (PUBLISHED.includes(route)) {
      ctx.set('Cache-Control', watched.keysAreFresh() ? `public, max-age=${JWKS_MAX_AGE_SECONDS}` : 'no-cache')
    }
    if (route === 'jwks' && ctx.method === 'GET') watched.keysFetched(networkOf(ctx))
    if (route === 'token' && oidc?.client) watched.tokens(oidc.client.clientId, networkOf(ctx))
  }
}
