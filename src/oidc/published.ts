import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { JWKS_MAX_AGE_SECONDS } from '../keys/index.ts'
import type { Documents, PublishedDocument } from './documents.ts'

/** Tells of who asks, so that a new signing key can wait until its clients have seen it. All of it in memory. */
export interface Watched {
  /** A client got tokens. */
  tokens(clientId: string, network: string): void
  /** Somebody was given the published keys. */
  keysFetched(network: string): void
  /** False when this process may lack a key that others sign with. */
  keysAreFresh(): boolean
}

/** What stands ready to be sent before anything is built up for a request. */
export interface Published {
  /** The document at exactly this path; undefined where the engine has to be asked, or there is none. */
  documentAt(path: string): PublishedDocument | undefined
  /**
   * `Cache-Control` of an answer that is sent at this moment. A new key signs only after that time, so that no cache that
   * obeys lacks it (RFC 9111 §5.2.2.1). A process that may lack one itself lets nobody keep its answer.
   */
  cacheControl(): string
  /** Somebody was given what stands at this path, or has it and was told that it is still the same. */
  given(path: string, networkOfWhom: () => string): void
}

const JWKS_PATH = '/jwks'
const PUBLISHED = ['jwks', 'discovery']

export function createPublished(watched: Watched, documents: Documents): Published {
  return {
    documentAt: documents.at,
    cacheControl: () => (watched.keysAreFresh() ? `public, max-age=${JWKS_MAX_AGE_SECONDS}` : 'no-cache'),
    given(path, networkOfWhom) {
      if (path === JWKS_PATH) watched.keysFetched(networkOfWhom())
    },
  }
}

/** Around the engine: says how long what it publishes may be kept, and tells of who got tokens or keys. */
export function watchEngine(
  deps: { watched: Watched; published: Published; networkOf(ctx: Context): string },
  serve: Middleware,
): Middleware {
  const { watched, published, networkOf } = deps

  return async (ctx, next) => {
    await serve(ctx, next)
    const { oidc } = ctx as unknown as { oidc?: KoaContextWithOIDC['oidc'] }
    const route = oidc?.route
    if (ctx.status !== 200 || route === undefined) return
    if (PUBLISHED.includes(route)) ctx.set('Cache-Control', published.cacheControl())
    if (route === 'jwks' && ctx.method === 'GET') published.given(ctx.path, () => networkOf(ctx))
    if (route === 'token' && oidc?.client) watched.tokens(oidc.client.clientId, networkOf(ctx))
  }
}
