import Router from '@koa/router'
import type { Middleware } from 'koa'

export interface Routers {
  get(path: string, ...handlers: Middleware[]): void
  post(path: string, ...handlers: Middleware[]): void
  /** Serves what was added until then; passes on what is none of it. */
  middleware(): Middleware
}

/**
 * A router for each first segment: a path is compared with those few that begin as it does, and a path of the engine, which
 * is in none of them, with nothing. Paths are matched as they are: in their case, without a trailing slash, never
 * twice-decoded.
 */
export function createRouters(): Routers {
  const routers = new Map<string, Router>()

  function routerFor(path: string): Router {
    const segment = firstSegment(path)
    const router = routers.get(segment) ?? new Router({ strict: true, sensitive: true })
    routers.set(segment, router)
    return router
  }

  function middleware(): Middleware {
    const served = new Map([...routers].map(([segment, router]) => [segment, router.routes() as unknown as Middleware]))
    return (ctx, next) => {
      const serve = served.get(firstSegment(ctx.path))
      return serve ? serve(ctx, next) : next()
    }
  }

  return {
    get: (path, ...handlers) => void routerFor(path).get(path, ...(handlers as [])),
    post: (path, ...handlers) => void routerFor(path).post(path, ...(handlers as [])),
    middleware,
  }
}

/** What stands between the first slash and the second: `sign-in` of `/sign-in/:uid`, nothing of `/`. */
function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end < 0 ? path.slice(1) : path.slice(1, end)
}
